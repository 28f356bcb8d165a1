"""The statistics that every crawl has: when it began, when it ended, and why.

Place in the flow: an extension, driven by signals. What Scrapy counts in the same extension (pages, items, dropped
items and the reasons) the engine counts itself, under the same keys: a signal for each page and item would cost more
than the counting.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from framework import signals

if TYPE_CHECKING:
    from framework.protocols import Crawler, StatsCollector


class CoreStats:
    """Sets ``start_time`` and ``finish_time`` (aware, UTC), ``elapsed_time_seconds``, ``finish_reason`` and the rates.

    The rates are ``responses_per_minute`` and ``items_per_minute``, over the whole crawl. ``job/runs`` says which run
    of its job this is, the first being 1: all other values are those of this run.

    Args:
        stats: where to note.
        crawler: for its job, where it has one.
    """

    def __init__(self, stats: StatsCollector, crawler: Crawler | None = None) -> None:
        self.stats = stats
        self._crawler = crawler
        self.start_time: datetime | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect it."""
        self = cls(crawler.stats, crawler)
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)
        return self

    def spider_opened(self) -> None:
        """Note the beginning."""
        self.start_time = datetime.now(tz=UTC)
        self.stats.set_value("start_time", self.start_time)
        job = getattr(self._crawler, "job", None)
        if job is not None:
            self.stats.set_value("job/runs", job.record.runs)

    def spider_closed(self, reason: str) -> None:
        """Note the end, the time between, and why."""
        finish_time = datetime.now(tz=UTC)
        elapsed = finish_time - (self.start_time or finish_time)
        self.stats.set_value("finish_time", finish_time)
        self.stats.set_value("elapsed_time_seconds", elapsed.total_seconds())
        self.stats.set_value("finish_reason", reason)
        minutes = elapsed.total_seconds() / 60
        for key, count in (
            ("responses_per_minute", "response_received_count"),
            ("items_per_minute", "item_scraped_count"),
        ):
            self.stats.set_value(key, self.stats.get_value(count, 0) / minutes if minutes else None)
