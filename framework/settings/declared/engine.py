"""Options of the engine: how much is under way at once, what is held in memory, how a crawl stops."""

from __future__ import annotations

from typing import Literal

from ..annotations import LogLevel
from ..options import group, option


@group("Engine", "How much is under way at once, how much of it is held in memory, and how a crawl stops.")
class EngineOptions:
    """How much is under way at once, what is held in memory, how a crawl stops."""

    concurrent_requests: int = option(
        "CONCURRENT_REQUESTS",
        default=16,
        minimum=1,
        unit="requests",
        doc="Requests that are fetched at the same time, over all hosts.",
    )
    concurrent_items: int = option(
        "CONCURRENT_ITEMS",
        default=100,
        minimum=1,
        unit="items",
        doc="Items of one response that are in the item pipelines at the same time.",
    )
    dropitem_log_level: LogLevel = option(
        "DEFAULT_DROPITEM_LOG_LEVEL",
        default="WARNING",
        doc="Level of the log line about an item that a pipeline drops, where its `DropItem` does not say another.",
    )
    active_size_bytes: int = option(
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE",
        default=5_000_000,
        minimum=1,
        unit="bytes",
        doc="While the bodies of responses that are being fetched or parsed take more than this, nothing new is "
        "fetched.",
    )
    start_backlog: int = option(
        "START_BACKLOG",
        default=10_000,
        minimum=1,
        unit="requests",
        doc="While more requests than this are pending, `start()` is not read further. Not in Scrapy.",
    )
    stall_after_s: float = option(
        "STALL_AFTER",
        default=1.0,
        minimum=0.01,
        unit="s",
        doc="A request that has waited this long for its first byte no longer counts in `CONCURRENT_REQUESTS`, so that "
        "silent hosts do not slow down the others. Not in Scrapy.",
    )
    sockets_max: int = option(
        "SOCKETS_MAX",
        default=512,
        minimum=1,
        unit="sockets",
        doc="Requests on the wire at most, those that wait for a first byte included. A number below "
        "`CONCURRENT_REQUESTS` is taken as `CONCURRENT_REQUESTS`. Not in Scrapy.",
    )
    checkpoint_interval_s: float = option(
        "CHECKPOINT_INTERVAL",
        default=1.0,
        minimum=0.01,
        unit="s",
        doc="Finished visits are committed together, this often. Not in Scrapy.",
    )
    unsealed_max: int = option(
        "UNSEALED_MAX",
        default=10_000,
        minimum=1,
        unit="visits",
        doc="While more finished visits than this wait for their commit, nothing new is fetched. Not in Scrapy.",
    )
    shutdown_timeout_s: float = option(
        "SHUTDOWN_TIMEOUT",
        default=30.0,
        minimum=0,
        unit="s",
        doc="How long a crawl that got SIGTERM works off what is under way before it stops at once. Not in Scrapy.",
    )
    loop: Literal["auto", "uvloop", "asyncio"] = option(
        "LOOP",
        default="auto",
        doc="The event loop: `uvloop`, `asyncio`, or `auto` for uvloop where it is installed. "
        "In the place of Scrapy's `TWISTED_REACTOR` and `ASYNCIO_EVENT_LOOP`.",
    )
