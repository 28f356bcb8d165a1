"""Shows how a crawl goes while it goes: the extension that reads the numbers and feeds a display.

Place in the flow: an extension; begins with the signal ``engine_started``, as a task that the engine owns, and ends
with ``spider_closed``. It only reads. A display that fails is given up with a log line; the crawl goes on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, Self

from framework import signals
from framework.exceptions import NotConfigured
from framework.settings.declared.logs import LogOptions

from .lines import LinesDisplay
from .mode import choose_mode
from .pace import HostReading, Pace, Reading

if TYPE_CHECKING:
    from framework.protocols import Crawler, Engine

logger = logging.getLogger(__name__)


class Display(Protocol):
    """Where readings are shown."""

    interval_s: float

    def show(self, reading: Reading, pace: Pace) -> None:
        """Show one reading."""
        ...

    def close(self) -> None:
        """Show no more."""
        ...


class Progress:
    """The live display, or a line now and then.

    Args:
        crawler: the crawl to show.
        open_display: makes the display when the engine has started.
    """

    def __init__(self, crawler: Crawler, open_display: Callable[[], Display]) -> None:
        self._crawler = crawler
        self._open_display = open_display
        self._display: Display | None = None
        self._pace = Pace()
        self._over: asyncio.Future[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension from ``PROGRESS`` and ``LOGSTATS_INTERVAL``, and connect it.

        Raises:
            NotConfigured: the setting is ``off``, or lines are wanted and their interval is 0.
        """
        options = crawler.settings.group(LogOptions)
        mode = choose_mode(options.progress, sys.stderr, os.environ)
        if mode == "off" or (mode == "lines" and not options.stats_interval_s):
            raise NotConfigured

        def open_display() -> Display:
            if mode == "lines":
                return LinesDisplay(options.stats_interval_s)
            from .live import open_live_display

            return open_live_display(crawler.spider.name, sys.stderr, is_forced=options.progress == "rich")

        self = cls(crawler, open_display)
        crawler.signals.connect(self.start, signals.engine_started)
        crawler.signals.connect(self.stop, signals.spider_closed)
        crawler.signals.connect(self.stop, signals.engine_stopped)
        return self

    def start(self) -> None:
        """Open the display and begin to feed it."""
        engine = self._crawler.engine
        if engine is None or self._display is not None:
            return
        self._display = self._open_display()
        self._over = asyncio.get_running_loop().create_future()
        engine.spawn(self._feed(self._display, engine, self._over), "progress display")

    def stop(self) -> None:
        """Close the display; calling it again changes nothing."""
        display, self._display = self._display, None
        if display is not None:
            display.close()
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    async def _feed(self, display: Display, engine: Engine, over: asyncio.Future[None]) -> None:
        clock = asyncio.get_running_loop().time
        began_at = clock()
        try:
            self._pace.add(self._read(engine, 0.0))
            while not (await asyncio.wait((over,), timeout=display.interval_s))[0]:
                reading = self._read(engine, clock() - began_at)
                self._pace.add(reading)
                display.show(reading, self._pace)
        except Exception:
            self.stop()
            logger.exception("The progress display failed and is closed; the crawl goes on")
        finally:
            # Also after a Ctrl-C, when no signal comes: the terminal must not stay without its cursor.
            self.stop()

    def _read(self, engine: Engine, at_s: float) -> Reading:
        stats, view = self._crawler.stats, engine.view()
        return Reading(
            at_s=at_s,
            pages=stats.get_value("response_received_count", 0),
            items=stats.get_value("item_scraped_count", 0),
            errors=stats.get_value("log_count/ERROR", 0) + stats.get_value("log_count/CRITICAL", 0),
            finished=view.done + view.replaced + view.dropped + view.failed,
            pending=view.pending,
            leased=view.leased,
            in_flight=engine.in_flight,
            hosts=tuple(
                HostReading(host.key, host.pending, host.active, host.delay_s, host.failures) for host in view.busiest
            ),
        )
