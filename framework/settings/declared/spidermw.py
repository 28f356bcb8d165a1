"""Options of the spider middlewares: depth, length of URLs, HTTP errors, referer."""

from __future__ import annotations

from typing import Any

from ..options import group, option


@group("Depth", "How far from the start a crawl goes, and how depth changes priority.")
class DepthOptions:
    """How far from the start a crawl goes."""

    limit: int = option(
        "DEPTH_LIMIT", default=0, minimum=0, unit="links", doc="Requests deeper than this are dropped; 0 for no limit."
    )
    priority: int = option(
        "DEPTH_PRIORITY",
        default=0,
        doc="The priority of a request is lowered by its depth times this: positive numbers crawl in breadth.",
    )
    stats_verbose: bool = option(
        "DEPTH_STATS_VERBOSE", default=False, doc="Count the requests of each depth in the stats."
    )


@group("Length of URLs", "Which URLs are too long.")
class UrlLengthOptions:
    """Which URLs are too long."""

    limit: int = option(
        "URLLENGTH_LIMIT",
        default=2083,
        minimum=0,
        unit="characters",
        doc="Requests with a longer URL are dropped; 0 for no limit.",
    )


@group("HTTP errors", "Which responses reach a callback although their status is no success.")
class HttpErrorOptions:
    """Which responses reach a callback although their status is no success."""

    allow_all: bool = option("HTTPERROR_ALLOW_ALL", default=False, doc="Every response reaches its callback.")
    allowed_codes: tuple[int, ...] = option(
        "HTTPERROR_ALLOWED_CODES",
        default=(),
        minimum=100,
        maximum=999,
        doc="Status codes outside of 200-299 that reach a callback. A spider's `handle_httpstatus_list` and the "
        "`meta` key of that name go before it.",
    )


@group("Referer", "What a request tells about the page it was found on.")
class RefererOptions:
    """What a request tells about the page it was found on."""

    enabled: bool = option("REFERER_ENABLED", default=True, doc="Send the `Referer` header with followed links.")
    policy: Any = option(
        "REFERRER_POLICY",
        default="strict-origin-when-cross-origin",
        doc="How much the `Referer` tells: a name of W3C's Referrer Policy, several of them with commas between, or a "
        "policy class; `meta['referrer_policy']` goes before it. The default is that of today's browsers; Scrapy's is "
        "`no-referrer-when-downgrade`.",
    )
