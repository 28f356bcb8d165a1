"""Running crawls in a process of their own: the event loop, and what Ctrl-C and SIGTERM do.

Place in the flow: the command ``fwk crawl`` and scripts use ``CrawlerProcess``. The first Ctrl-C drains (nothing new is
leased, what is in flight is worked off), the second stops at once; SIGTERM is the first Ctrl-C with a time limit
(``SHUTDOWN_TIMEOUT``). What has finished is made durable in each case. A third Ctrl-C kills the process.

A script has nobody else who would tell it anything, so ``start`` sends the log where the settings ``LOG_*`` say, as
Scrapy's class of this name does; the command has a log of its own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any

from framework.components import load_object
from framework.crawler import Crawler
from framework.exceptions import CrawlError, SettingsError
from framework.settings import Settings
from framework.settings.declared import EngineOptions, LogOptions
from framework.settings.validation import validate
from framework.spiders import Spider
from framework.telemetry.logs import configure_logging, secrets_of

logger = logging.getLogger(__name__)

_ONE_PRESS_S = 0.1
"""Signals of one kind that come closer together than this are one press of Ctrl-C."""

_SPIDER_LOADER = "framework.project.spiderloader.SpiderLoader"
"""It stands above this module, which works without a project; loaded when a spider is asked for by name."""

_BREAK_IN_AFTER_S = 0.4
"""After the second signal, code that blocks the loop for so long is broken off."""

_LEFT_ALONE = ("framework.engine.", "asyncio.", "selectors")
"""Modules whose own code is never broken off: it soon comes back to the loop, which hears the signal."""

_WHOLE = ("framework.engine.commit", "framework.frontier.")
"""Modules whose calls are never broken off, whatever they call: half of one would lose or double something."""


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
        install_root_handler: while the crawls run, send the log where the settings ``LOG_*`` of each say; without it
            the records go to the handlers that the program has set up itself.
        install_signal_handlers: react to Ctrl-C and SIGTERM (only possible in the main thread).

    Attributes:
        crawlers: the crawlers, in the order in which they were given.
        errors: what ended crawls that could not go on.
    """

    def __init__(
        self,
        settings: Settings | dict[str, Any] | None = None,
        install_root_handler: bool = True,
        *,
        install_signal_handlers: bool = True,
    ) -> None:
        self.settings = settings if isinstance(settings, Settings) else Settings(settings)
        self.crawlers: list[Crawler] = []
        self.errors: list[Exception] = []
        self._install_root_handler = install_root_handler
        self._install_signal_handlers = install_signal_handlers
        self._exit: SystemExit | None = None
        self._planned: list[tuple[Crawler, tuple[Any, ...], dict[str, Any]]] = []

    def create_crawler(self, crawler_or_spidercls: Crawler | type[Spider] | str) -> Crawler:
        """Return a crawler for a spider class, or for the name of a spider in ``SPIDER_MODULES``; a crawler as it is.

        Raises:
            PluginError: there is no spider of that name, or there are two, or its module cannot be imported.
        """
        if isinstance(crawler_or_spidercls, Crawler):
            return crawler_or_spidercls
        if isinstance(crawler_or_spidercls, str):
            loader = load_object(_SPIDER_LOADER).from_settings(self.settings)
            return Crawler(loader.load(crawler_or_spidercls), self.settings)
        return Crawler(crawler_or_spidercls, self.settings)

    def crawl(self, crawler_or_spidercls: Crawler | type[Spider] | str, *args: Any, **kwargs: Any) -> Crawler:
        """Plan a crawl; the arguments are the spider's. ``start`` runs all that are planned.

        Raises:
            PluginError: as ``create_crawler``.
        """
        crawler = self.create_crawler(crawler_or_spidercls)
        self._planned.append((crawler, args, kwargs))
        self.crawlers.append(crawler)
        return crawler

    def start(self) -> None:
        """Run the planned crawls in a new event loop and return when all have ended.

        What ended crawls that could not go on is logged at ERROR, and kept in ``errors``.

        Raises:
            SettingsError: the settings ``LOOP`` or ``LOG_FILE`` cannot be met.
            SystemExit: the spider's code raised it; its crawl was stopped at once, the others have ended.
        """
        settings = self.crawlers[0].settings if self.crawlers else self.settings
        factory = loop_factory(settings.group(EngineOptions).loop)
        stop = Stop(self.crawlers)
        is_installed = self._install_signal_handlers and threading.current_thread() is threading.main_thread()
        with (
            self._logging() if self._install_root_handler else nullcontext(),
            stop.installed() if is_installed else nullcontext(),
            asyncio.Runner(loop_factory=factory) as runner,
        ):
            loop = runner.get_loop()
            main = loop.create_task(self._run_all(stop))
            while not main.done():
                try:
                    loop.run_until_complete(main)
                except KeyboardInterrupt:
                    # It broke into code that kept the loop from running. The loop goes on, for the crawls to close.
                    stop.at_once()
        if self._exit is not None:
            raise self._exit

    @contextmanager
    def _logging(self) -> Iterator[None]:
        """Send the log where the settings of the crawls say, and tell what these have that does nothing."""
        notes: dict[str, None] = {}
        with ExitStack() as stack:
            for settings in [crawler.settings for crawler in self.crawlers] or [self.settings]:
                # What is wrong with settings ends the crawl, and must be heard then.
                with suppress(SettingsError):
                    notes.update(dict.fromkeys(validate(settings)))
                options = LogOptions()
                with suppress(SettingsError):
                    options = settings.group(LogOptions)
                stack.enter_context(configure_logging(options, secrets=secrets_of(settings)))
            for note in notes:
                logger.warning("%s", note)
            yield

    async def _run_all(self, stop: Stop) -> None:
        planned, self._planned = self._planned, []
        tasks = [asyncio.create_task(self._run(crawler, args, kwargs)) for crawler, args, kwargs in planned]
        stop.watch(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, crawler: Crawler, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Run one crawl; whatever ends it is kept, for none of it may end the loop under the other crawls."""
        try:
            await crawler.crawl(*args, **kwargs)
        except KeyboardInterrupt:
            logger.debug("%r was broken off", crawler.spider)
        except SystemExit as error:
            self._exit = error
        except Exception as error:
            first, *later = _in_order(error)
            self.errors.append(first)
            self.tell_error(crawler, first)
            for one in later:
                logger.error("Then, while the crawl of %r was closed: %s", _name_of(crawler), one)

    def tell_error(self, crawler: Crawler, error: Exception) -> None:
        """Log what has ended a crawl; a subclass that tells it in another way overrides this."""
        if isinstance(error, CrawlError):
            logger.error("The crawl of %r has ended: %s", _name_of(crawler), error)
        else:
            logger.error("An error inside fwk or a plugin has ended the crawl of %r", _name_of(crawler), exc_info=error)


class Stop:
    """What the signals of the terminal and of the system do to running crawls.

    The first asks every crawl to drain, the second stops them at once, the third is left to the system and kills the
    process. Where blocking code of a spider or plugin keeps the loop from hearing the second, ``KeyboardInterrupt`` is
    raised in that code; never in a step that has to be whole, such as the end of a visit.

    Args:
        crawlers: all of them, whether begun or not.
    """

    def __init__(self, crawlers: list[Crawler]) -> None:
        self._crawlers = crawlers
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timeout_s = max((c.settings.group(EngineOptions).shutdown_timeout_s for c in crawlers), default=0.0)
        self._asked = 0
        self._heard = 0
        self._early: list[int] = []
        self._last = (0, 0.0)

    def watch(self, tasks: list[asyncio.Task[None]]) -> None:
        """Take the tasks of the crawls, in the crawlers' order, and the loop they run in."""
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        for number in self._early:
            self._loop.call_soon(self._hear, number)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """React to SIGINT and SIGTERM inside the block."""
        handlers = {signal.SIGINT: self._on_signal, signal.SIGTERM: self._on_signal, signal.SIGALRM: self._on_alarm}
        old = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in old.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Run between two instructions of the main thread: only count, and pass the word on to the loop."""
        now = time.monotonic()
        before, at = self._last
        if number == before and now - at < _ONE_PRESS_S:
            return  # a Ctrl-C that comes from the terminal and from a parent process too
        self._last = (number, now)
        if number == signal.SIGTERM and not self._asked:
            signal.setitimer(signal.ITIMER_REAL, max(self._timeout_s, 0.001))
        self._ask(number, frame)

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        """The time limit of SIGTERM is over; or, after the second signal, it is time to look whether the loop runs."""
        if self._asked == 1 or any(_is_running(crawler) for crawler in self._crawlers):
            self._ask(number, frame)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1
        if self._loop is None:
            self._early.append(number)  # the loop is being made, and a half-made one could not be closed
        else:
            self._loop.call_soon_threadsafe(self._hear, number)
        if self._asked == 1:
            return
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, _BREAK_IN_AFTER_S)
        if self._loop is not None and self._asked > self._heard + 1 and _may_be_broken_off(frame):
            raise KeyboardInterrupt

    def _hear(self, number: int) -> None:
        self._heard += 1
        if self._heard > 1:
            if self._heard == 2:
                is_late = number == signal.SIGALRM
                logger.warning("%s stopping at once", "SHUTDOWN_TIMEOUT is over:" if is_late else "Asked again:")
            self.at_once()
            return
        advice = "once more to stop at once" if number == signal.SIGINT else f"for {self._timeout_s:g} s at most"
        logger.info("%s: finishing what is in flight; %s", signal.Signals(number).name, advice)
        for crawler, task in zip(self._crawlers, self._tasks, strict=True):
            crawler.stop_signal = signal.Signals(number).name
            if crawler.engine is None:
                task.cancel()
            else:
                crawler.engine.close_spider(crawler.spider, reason="shutdown")

    def at_once(self) -> None:
        """Give up what is in flight. A crawl that is closing its outputs already is let do that."""
        for crawler, task in zip(self._crawlers, self._tasks, strict=True):
            if crawler.engine is None:
                task.cancel()
            else:
                crawler.engine.stop_now()


def _may_be_broken_off(frame: FrameType | None) -> bool:
    """Say whether what runs in this frame is code that may block, and be left half done."""
    if frame is not None and _module_of(frame).startswith(_LEFT_ALONE):
        return False
    while frame is not None:
        if _module_of(frame).startswith(_WHOLE):
            return False
        frame = frame.f_back
    return True


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _name_of(crawler: Crawler) -> str:
    return getattr(crawler.spidercls, "name", None) or crawler.spidercls.__name__


def _in_order(error: Exception) -> list[Exception]:
    """Return what was raised, the first thing first: a full disk that stops a crawl also keeps it from being closed.

    What an exception says in other words (``raise ... from``) is none of its own; nor is what the system said to them.
    """
    found = [error]
    said: BaseException = error
    while (before := said.__context__) is not None:
        is_own = isinstance(before, CrawlError) or not isinstance(before, OSError)
        if is_own and isinstance(before, Exception) and not said.__suppress_context__:
            found.append(before)
        said = before
    return found[::-1]


def _is_running(crawler: Crawler) -> bool:
    return crawler.engine is not None and crawler.engine.is_running
