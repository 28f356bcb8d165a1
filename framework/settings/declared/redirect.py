"""Options of redirects and of meta refresh."""

from __future__ import annotations

from ..options import group, option


@group("Redirects", "Which redirects are followed, and how far.")
class RedirectOptions:
    """Which redirects are followed, and how far."""

    enabled: bool = option("REDIRECT_ENABLED", default=True, doc="Follow redirects by status and `Location`.")
    max_times: int = option(
        "REDIRECT_MAX_TIMES",
        default=20,
        minimum=0,
        unit="redirects",
        doc="Redirects that one request follows before it is dropped; meta refresh counts as one.",
    )
    priority_adjust: int = option(
        "REDIRECT_PRIORITY_ADJUST", default=2, doc="Added to the priority of a request when it is redirected."
    )
    meta_refresh_enabled: bool = option(
        "METAREFRESH_ENABLED", default=True, doc="Follow the refresh that a page's `<meta>` asks for."
    )
    meta_refresh_ignore_tags: tuple[str, ...] = option(
        "METAREFRESH_IGNORE_TAGS",
        default=("noscript",),
        doc="Tags within which a meta refresh is not followed.",
    )
    meta_refresh_max_delay_s: float = option(
        "METAREFRESH_MAXDELAY",
        default=100.0,
        minimum=0,
        unit="s",
        doc="A meta refresh that would wait longer than this is not followed.",
    )
