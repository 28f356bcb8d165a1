"""The counters and values of one crawl, under the method names and keys that Scrapy documents.

Place in the flow: ``crawler.py`` builds the class that ``STATS_CLASS`` names, once a crawl; everybody counts into it as
``crawler.stats``; the progress display, the summary and the verdict read it. ``inc_value`` is on the per-page path: one
dictionary operation and nothing else.

``STATS_DUMP`` (default on) writes *all* values when the crawl closes, at DEBUG: the summary, which a person can read,
comes at INFO in any case, so the dump appears only where ``LOG_LEVEL`` is ``DEBUG``.
"""

from __future__ import annotations

import logging
from pprint import pformat
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from framework.protocols import Crawler

logger = logging.getLogger(__name__)


class StatsCollector:
    """Holds values by key. Every method takes ``spider`` where Scrapy's did; it is not needed and not looked at.

    Args:
        crawler: the crawl whose setting ``STATS_DUMP`` is obeyed; without one nothing is dumped.
    """

    def __init__(self, crawler: Crawler | None = None) -> None:
        self._stats: dict[str, Any] = {}
        self._dump: bool = crawler is not None and crawler.settings.getbool("STATS_DUMP")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the collector of one crawl."""
        return cls(crawler)

    def get_value(self, key: str, default: Any = None, spider: Any = None) -> Any:
        """Return one value, or ``default``."""
        return self._stats.get(key, default)

    def get_stats(self, spider: Any = None) -> dict[str, Any]:
        """Return all values: the live dictionary, as in Scrapy; copy it to keep a moment."""
        return self._stats

    def set_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Set one value."""
        self._stats[key] = value

    def set_stats(self, stats: dict[str, Any], spider: Any = None) -> None:
        """Put ``stats`` in the place of all values."""
        self._stats = stats

    def inc_value(self, key: str, count: int = 1, start: int = 0, spider: Any = None) -> None:
        """Add ``count`` to one value, which begins at ``start``."""
        # After the first time the key is there: the try block is the cheapest form of "+=".
        stats = self._stats
        try:
            stats[key] += count
        except KeyError:
            stats[key] = start + count

    def max_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Keep the larger of the old value and ``value``."""
        stats = self._stats
        if key not in stats or value > stats[key]:
            stats[key] = value

    def min_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Keep the smaller of the old value and ``value``."""
        stats = self._stats
        if key not in stats or value < stats[key]:
            stats[key] = value

    def clear_stats(self, spider: Any = None) -> None:
        """Forget all values."""
        self._stats.clear()

    def open_spider(self, spider: Any = None) -> None:
        """Say that the crawl begins; nothing to do here, a subclass may load what it kept."""

    def close_spider(self, spider: Any = None, reason: str | None = None) -> None:
        """Say that the crawl is over: dump all values at DEBUG when ``STATS_DUMP`` is on."""
        if self._dump and logger.isEnabledFor(logging.DEBUG):
            logger.debug("All stats:\n%s", pformat(self._stats))


class MemoryStatsCollector(StatsCollector):
    """The default: keeps the values in memory, and after the close those of each spider by name.

    Attributes:
        spider_stats: spider name to the values of its last crawl with this collector.
    """

    def __init__(self, crawler: Crawler | None = None) -> None:
        super().__init__(crawler)
        self.spider_stats: dict[str, dict[str, Any]] = {}
        self._spider: Any = None if crawler is None else getattr(crawler, "spider", None)

    def open_spider(self, spider: Any = None) -> None:
        """Remember whose values these are."""
        if spider is not None:
            self._spider = spider

    def close_spider(self, spider: Any = None, reason: str | None = None) -> None:
        """Keep the values under the spider's name, and dump them as ``StatsCollector`` does."""
        super().close_spider(spider, reason)
        name = getattr(spider if spider is not None else self._spider, "name", None)
        if name is not None:
            self.spider_stats[name] = self._stats


class DummyStatsCollector(StatsCollector):
    """Counts nothing, for those who want no statistics at all; every value is its default."""

    def get_value(self, key: str, default: Any = None, spider: Any = None) -> Any:
        """Return ``default``."""
        return default

    def set_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Do nothing."""

    def set_stats(self, stats: dict[str, Any], spider: Any = None) -> None:
        """Do nothing."""

    def inc_value(self, key: str, count: int = 1, start: int = 0, spider: Any = None) -> None:
        """Do nothing."""

    def max_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Do nothing."""

    def min_value(self, key: str, value: Any, spider: Any = None) -> None:
        """Do nothing."""
