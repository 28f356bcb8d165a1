"""Ends a crawl when it has done enough, or too little: the ``CLOSESPIDER_*`` settings.

Place in the flow: an extension, driven by signals and, for the two time limits, by a task that the engine owns. Only
the signals of limits that are set are connected, so an unused limit costs nothing.

The counts are those of the job: a run that goes on where a killed or stopped one was counts on, so that the limits are
met as in a crawl that nobody disturbed. A job that had *ended*, by such a limit for instance, and is resumed gets a
further helping. The two times are those of the run: a killed job's pauses are nobody's time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from framework import signals
from framework.exceptions import NotConfigured
from framework.settings.declared.closespider import CloseSpiderOptions

if TYPE_CHECKING:
    from framework.protocols import Crawler

logger = logging.getLogger(__name__)

_ENDED = "ended"
_COUNTS = ("items", "pages", "pages_since_item", "errors")


class CloseSpider:
    """Closes the spider with the reason ``closespider_<condition>``; the first condition that is met counts."""

    def __init__(self, crawler: Crawler, conditions: CloseSpiderOptions) -> None:
        self.crawler = crawler
        self.conditions = conditions
        self.items = 0
        self.pages = 0
        self.pages_since_item = 0
        self.errors = 0
        self._is_closed = False
        # What the last run left; this one has not begun yet, and overwrites it when it does.
        record = getattr(getattr(crawler, "job", None), "record", None)
        self._starts_anew = getattr(record, "state", None) == _ENDED

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension and connect what its conditions need.

        Raises:
            NotConfigured: no condition is set.
        """
        conditions = crawler.settings.group(CloseSpiderOptions)
        if conditions == CloseSpiderOptions():
            raise NotConfigured
        self = cls(crawler, conditions)
        self._connect()
        return self

    def _connect(self) -> None:
        limits, connect = self.conditions, self.crawler.signals.connect
        if limits.errorcount:
            connect(self.error_count, signals.spider_error)
        if limits.pagecount or limits.pagecount_no_item:
            connect(self.page_count, signals.response_received)
        if limits.itemcount or limits.pagecount_no_item or limits.timeout_no_item_s:
            connect(self.item_scraped, signals.item_scraped)
        connect(self.spider_opened, signals.spider_opened)
        connect(self.spider_closed, signals.spider_closed)

    def snapshot(self) -> dict[str, int]:
        """Return the counts, for a later run of the same job."""
        return {name: getattr(self, name) for name in _COUNTS}

    def restore(self, snapshot: Mapping[str, int]) -> None:
        """Count on from where the last run of the job was, unless that had ended."""
        if not self._starts_anew:
            for name in _COUNTS:
                setattr(self, name, snapshot.get(name, 0))

    def error_count(self) -> None:
        """Count an exception in a callback."""
        self.errors += 1
        self._check_errors()

    def page_count(self) -> None:
        """Count a response."""
        self.pages += 1
        self.pages_since_item += 1
        self._check_pages()

    def item_scraped(self) -> None:
        """Count an item."""
        self.items += 1
        self.pages_since_item = 0
        self._check_items()

    def _check_errors(self) -> None:
        if 0 < self.conditions.errorcount <= self.errors:
            self._close("closespider_errorcount")

    def _check_pages(self) -> None:
        limits = self.conditions
        if 0 < limits.pagecount <= self.pages:
            self._close("closespider_pagecount")
        elif 0 < limits.pagecount_no_item <= self.pages_since_item:
            self._close("closespider_pagecount_no_item")

    def _check_items(self) -> None:
        if 0 < self.conditions.itemcount <= self.items:
            self._close("closespider_itemcount")

    def spider_opened(self) -> None:
        """Start the timers of the time limits that are set; end a job that was killed behind another limit."""
        engine, limits = self.crawler.engine, self.conditions
        if engine is None:
            return
        self._check_errors()
        self._check_pages()
        self._check_items()
        if limits.timeout_s:
            engine.spawn(self._close_after(limits.timeout_s), "closespider timeout")
        if limits.timeout_no_item_s:
            engine.spawn(self._close_without_item(limits.timeout_no_item_s), "closespider timeout without item")

    def spider_closed(self) -> None:
        """Ask for nothing more: the spider is closed. The engine ends the timers."""
        self._is_closed = True

    async def _close_after(self, timeout_s: float) -> None:
        await asyncio.sleep(timeout_s)
        self._close("closespider_timeout")

    async def _close_without_item(self, timeout_s: float) -> None:
        items = -1
        while items != self.items:
            items = self.items
            await asyncio.sleep(timeout_s)
        logger.info("Closing the spider: no item in the last %g seconds", timeout_s)
        self._close("closespider_timeout_no_item")

    def _close(self, reason: str) -> None:
        """Ask the engine to close, once: pages in flight go on arriving while it drains."""
        engine = self.crawler.engine
        if self._is_closed or engine is None:
            return
        self._is_closed = True
        engine.close_spider(self.crawler.spider, reason)
