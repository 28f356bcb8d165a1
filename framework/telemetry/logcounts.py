"""Counting a crawl's log records by level into its stats: ``log_count/ERROR`` and its siblings.

Place in the flow: ``crawler.py`` opens one ``LogCounts`` around a crawl. Python's loggers are shared by the whole
process, so which crawl a record belongs to is told by a context variable: tasks and threads that the crawl starts
inherit it. A record from elsewhere (a library's own thread) counts in every open crawl rather than in none.

With a handler on the root logger Python no longer prints warnings of a program that has set up no log. Counting must
not change what is seen, so the counter that was attached first prints them in Python's stead.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from framework.protocols import StatsCollector

_crawl: ContextVar[LogCounts | None] = ContextVar("framework_crawl", default=None)


def current_spider() -> str | None:
    """Return the name of the spider whose crawl is logging now, where that is known."""
    counts = _crawl.get()
    return None if counts is None else counts.spider


class LogCounts(logging.Handler):
    """Counts records of one crawl; use it with ``with``, in the task that runs the crawl.

    Args:
        stats: where to count.
        spider: the spider's name, which JSON log lines show.
        level: the lowest level that counts, a number of the ``logging`` module.
    """

    def __init__(self, stats: StatsCollector, spider: str | None = None, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.stats = stats
        self.spider = spider
        self._token: Token[LogCounts | None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record, unless it belongs to another crawl."""
        crawl = _crawl.get()
        if crawl is None or crawl is self:
            self.stats.inc_value(f"log_count/{record.levelname}")
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and self._is_first_of_counters_only(record.name):
            last.handle(record)

    def _is_first_of_counters_only(self, name: str) -> bool:
        """Say whether nobody but counters hears a logger, and this is the first of them."""
        logger: logging.Logger | None = logging.getLogger(name)
        handlers: list[logging.Handler] = []
        while logger is not None:
            handlers += logger.handlers
            logger = logger.parent if logger.propagate else None
        return handlers[:1] == [self] and all(isinstance(handler, LogCounts) for handler in handlers)

    def attach(self) -> None:
        """Begin to count."""
        self._token = _crawl.set(self)
        logging.getLogger().addHandler(self)

    def detach(self) -> None:
        """Count no more; calling it again changes nothing."""
        logging.getLogger().removeHandler(self)
        if self._token is not None:
            # Closing may happen in another task than opening did; that task's context ends by itself.
            with suppress(ValueError):
                _crawl.reset(self._token)
            self._token = None

    def __enter__(self) -> Self:
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.detach()
        self.close()
