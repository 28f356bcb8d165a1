"""The statistics that every crawl has: when it began and ended, why, and what its pipelines dropped.

Place in the flow: an extension, driven by signals. ``response_received_count`` and ``item_scraped_count`` belong to
the same set in Scrapy; the engine counts these two itself, because a signal for each page and item would cost more
than the counting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from framework import signals

if TYPE_CHECKING:
    from framework.protocols import Crawler, StatsCollector


class CoreStats:
    """Sets ``start_time``, ``finish_time``, ``elapsed_time_seconds``, ``finish_reason`` and counts dropped items.

    The times are aware datetimes in UTC, as in Scrapy. A drop counts in ``item_dropped_count`` and, under the name of
    its exception's class, in ``item_dropped_reasons_count/<class>``.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self.start_time: datetime | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect it."""
        self = cls(crawler.stats)
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)
        crawler.signals.connect(self.item_dropped, signals.item_dropped)
        return self

    def spider_opened(self) -> None:
        """Note the beginning."""
        self.start_time = datetime.now(tz=UTC)
        self.stats.set_value("start_time", self.start_time)

    def spider_closed(self, reason: str) -> None:
        """Note the end, the time between, and why."""
        finish_time = datetime.now(tz=UTC)
        elapsed = finish_time - (self.start_time or finish_time)
        self.stats.set_value("finish_time", finish_time)
        self.stats.set_value("elapsed_time_seconds", elapsed.total_seconds())
        self.stats.set_value("finish_reason", reason)

    def item_dropped(self, exception: Any) -> None:
        """Count an item that a pipeline dropped, under the class of its ``DropItem``."""
        self.stats.inc_value("item_dropped_count")
        self.stats.inc_value(f"item_dropped_reasons_count/{type(exception).__name__}")
