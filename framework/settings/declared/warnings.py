"""Options of what is said aloud: failures that would go unnoticed elsewhere."""

from __future__ import annotations

from ..options import group, option


@group("Warnings", "What fails silently elsewhere is said here; each warning has a setting that silences it.")
class WarningOptions:
    """Which silent failures are told of, and from where on."""

    no_items: bool = option(
        "WARN_NO_ITEMS",
        default=True,
        doc="Warn at the end of a crawl that fetched pages and gave no item. Not in Scrapy.",
    )
    empty_callback_pages: int = option(
        "WARN_EMPTY_CALLBACK",
        default=20,
        minimum=0,
        unit="pages",
        doc="Warn of a callback that has yielded nothing on its first so many pages; 0 never does. Not in Scrapy.",
    )
    blocked_loop_s: float = option(
        "WARN_BLOCKED_LOOP",
        default=0.1,
        minimum=0,
        unit="s",
        doc="Warn, with file and line, of code that keeps everything else from running for longer than this; 0 never "
        "does. Not in Scrapy.",
    )
    fill_rate_drop: float = option(
        "WARN_FILL_RATE",
        default=0.5,
        minimum=0,
        maximum=1,
        doc="Warn of a field whose share of items that have it fell by this much (0.5: from 90 % to 40 % or less) "
        "since the last complete crawl of the same spider, both of them jobs; 0 never does. Not in Scrapy.",
    )
