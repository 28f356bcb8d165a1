"""Running crawls in a process of their own: the event loop, and what Ctrl-C and SIGTERM do.

Place in the flow: the command ``fwk crawl`` and scripts use ``CrawlerProcess``. The first Ctrl-C drains (nothing new is
leased, what is in flight is worked off), the second stops at once; SIGTERM is the first Ctrl-C with a time limit
(``SHUTDOWN_TIMEOUT``). What has finished is made durable in each case.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from framework.crawler import Crawler
from framework.exceptions import SettingsError
from framework.settings import Settings
from framework.settings.declared import EngineOptions
from framework.spiders import Spider

logger = logging.getLogger(__name__)


def loop_factory(choice: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loop that the setting ``LOOP`` names.

    Raises:
        SettingsError: uvloop is asked for and not installed.
    """
    if choice == "asyncio":
        return asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        if choice == "uvloop":
            msg = "LOOP = 'uvloop' needs the package uvloop: pip install uvloop, or set LOOP = 'auto'"
            raise SettingsError(msg) from None
        return asyncio.new_event_loop
    return uvloop.new_event_loop


class CrawlerProcess:
    """Runs one or more crawls, at the same time, to their end.

    Args:
        settings: for the crawlers that it makes from spider classes.
        install_signal_handlers: react to Ctrl-C and SIGTERM (only possible in the main thread).

    Attributes:
        crawlers: the crawlers, in the order in which they were given.
        errors: what ended crawls that could not go on.
    """

    def __init__(
        self, settings: Settings | dict[str, Any] | None = None, *, install_signal_handlers: bool = True
    ) -> None:
        self.settings = settings if isinstance(settings, Settings) else Settings(settings)
        self.crawlers: list[Crawler] = []
        self.errors: list[Exception] = []
        self._install_signal_handlers = install_signal_handlers
        self._planned: list[tuple[Crawler, tuple[Any, ...], dict[str, Any]]] = []

    def create_crawler(self, crawler_or_spidercls: Crawler | type[Spider]) -> Crawler:
        """Return a crawler for a spider class; a crawler as it is."""
        if isinstance(crawler_or_spidercls, Crawler):
            return crawler_or_spidercls
        return Crawler(crawler_or_spidercls, self.settings)

    def crawl(self, crawler_or_spidercls: Crawler | type[Spider], *args: Any, **kwargs: Any) -> Crawler:
        """Plan a crawl; the arguments are the spider's. ``start`` runs all that are planned."""
        crawler = self.create_crawler(crawler_or_spidercls)
        self._planned.append((crawler, args, kwargs))
        self.crawlers.append(crawler)
        return crawler

    def start(self) -> None:
        """Run the planned crawls in a new event loop and return when all have ended; their errors are in ``errors``.

        Raises:
            SettingsError: the setting ``LOOP`` cannot be met.
        """
        settings = self.crawlers[0].settings if self.crawlers else self.settings
        factory = loop_factory(settings.group(EngineOptions).loop)
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._run_all())

    async def _run_all(self) -> None:
        tasks = [asyncio.create_task(crawler.crawl(*args, **kwargs)) for crawler, args, kwargs in self._planned]
        self._planned.clear()
        stop = _Stop(self.crawlers, tasks)
        with stop.installed() if self._install_signal_handlers else _nothing():
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                self.errors.append(result)
            elif isinstance(result, KeyboardInterrupt | SystemExit):
                raise result


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _Stop:
    """What the signals of the terminal and of the system do to running crawls."""

    def __init__(self, crawlers: list[Crawler], tasks: list[asyncio.Task[None]]) -> None:
        self._crawlers = crawlers
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._asked = 0
        self._heard = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """React to SIGINT and SIGTERM inside the block."""
        old = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Run between two instructions of the main thread: only pass the word on to the loop."""
        self._asked += 1
        if number == signal.SIGINT and self._asked > self._heard + 1:
            # The loop has not heard the last Ctrl-C: some callback keeps it from running. Break into that callback.
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._stop, number)

    def _stop(self, number: int) -> None:
        self._heard += 1
        is_first = self._heard == 1
        if is_first and number == signal.SIGINT:
            logger.info("Ctrl-C: finishing what is in flight; once more to stop at once")
        elif is_first:
            logger.info("SIGTERM: finishing what is in flight")
        else:
            logger.info("Stopping at once")
        for crawler, task in zip(self._crawlers, self._tasks, strict=True):
            if crawler.engine is None:
                task.cancel()
            elif is_first:
                crawler.engine.close_spider(crawler.spider, reason="shutdown")
            else:
                crawler.engine.stop_now()
        if is_first and number == signal.SIGTERM:
            timeout_s = max((c.settings.group(EngineOptions).shutdown_timeout_s for c in self._crawlers), default=0.0)
            self._loop.call_later(timeout_s, self._time_is_up)

    def _time_is_up(self) -> None:
        for crawler in self._crawlers:
            if crawler.engine is not None and crawler.engine.is_running:
                logger.warning("SHUTDOWN_TIMEOUT is over: stopping at once")
                crawler.engine.stop_now()
