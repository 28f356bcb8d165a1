"""Says aloud which code blocks the event loop: a slow computation, ``time.sleep``, a library that does not await.

Place in the flow: an extension. The loop beats a few times a tenth of a second; a thread watches the beat, and looks,
when it fails to come, at what the loop's thread is doing. The loop tells of it when it runs again, and knows then how
long it took.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from framework import signals
from framework.exceptions import NotConfigured
from framework.settings.declared.warnings import WarningOptions
from framework.usercode import frame_place

if TYPE_CHECKING:
    from framework.protocols import Crawler

logger = logging.getLogger(__name__)

_BEATS_A_LIMIT = 4
_SHORTEST_BEAT_S = 0.01
_LONGEST_BEAT_S = 0.25
_PLACES_TOLD = 10
_LATE_S = 0.03


class BlockedLoop:
    """Warns of code that keeps the event loop from running, once for each place.

    Args:
        crawler: for its stats: ``loop/blocked_count`` and ``loop/blocked_s_max``.
        limit_s: what is longer is told of.
    """

    def __init__(self, crawler: Crawler, limit_s: float) -> None:
        self._crawler = crawler
        self._limit_s = limit_s
        self._beat_s = min(max(limit_s / _BEATS_A_LIMIT, _SHORTEST_BEAT_S), _LONGEST_BEAT_S)
        self._beat_at = 0.0
        self._caught: str | None = None
        self._told: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = threading.Event()
        self._watcher: threading.Thread | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension.

        Raises:
            NotConfigured: ``WARN_BLOCKED_LOOP`` is 0.
        """
        limit_s = crawler.settings.group(WarningOptions).blocked_loop_s
        if not limit_s:
            raise NotConfigured
        self = cls(crawler, limit_s)
        crawler.signals.connect(self.engine_started, signals.engine_started)
        crawler.signals.connect(self.engine_stopped, signals.engine_stopped)
        return self

    def engine_started(self) -> None:
        """Begin to beat and to watch; not on a loop whose time is not the clock's, as in tests."""
        loop = asyncio.get_running_loop()
        if abs(loop.time() - time.monotonic()) > 1.0:
            return
        self._beat_at = time.monotonic()
        self._timer = loop.call_later(self._beat_s, self._beat, loop)
        self._watcher = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="blocked-loop", daemon=True
        )
        self._watcher.start()

    def engine_stopped(self) -> None:
        """End the watch."""
        self._is_over.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.join()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        before, self._beat_at = self._beat_at, time.monotonic()
        caught, self._caught = self._caught, None
        if caught is not None:
            self._tell(caught, self._beat_at - before - self._beat_s)
        self._timer = loop.call_later(self._beat_s, self._beat, loop)

    def _watch(self, loop_thread: int) -> None:
        worked_s = _clock_of(loop_thread)
        looked_at, beat_at, worked_before_s = time.monotonic(), self._beat_at, worked_s()
        while not self._is_over.wait(self._beat_s):
            now = time.monotonic()
            late_s, looked_at = now - looked_at - self._beat_s, now
            if beat_at != self._beat_at:
                beat_at, worked_before_s = self._beat_at, worked_s()
            if self._caught is not None or now - beat_at - self._beat_s <= self._limit_s:
                continue
            if late_s > _LATE_S and worked_s() - worked_before_s < self._limit_s:
                continue  # this thread was kept waiting too, and not by the loop's: the machine is busy
            frame = sys._current_frames().get(loop_thread)
            self._caught = frame_place(frame) if frame is not None else ""

    def _tell(self, place: str, took_s: float) -> None:
        """Tell of code of the user's; what is not the user's (a collection of garbage, a busy machine) is counted."""
        stats = self._crawler.stats
        stats.inc_value("loop/blocked_count")
        stats.max_value("loop/blocked_s_max", round(took_s, 3))
        if not place or place in self._told or len(self._told) >= _PLACES_TOLD:
            return
        self._told.add(place)
        logger.warning(
            "%s kept everything else waiting for %.2f s: await what takes time, or give it to a thread "
            "(asyncio.to_thread); told once for this place (WARN_BLOCKED_LOOP = 0 silences it)",
            place, took_s,
        )  # fmt: skip


def _clock_of(thread: int) -> Callable[[], float]:
    """Return what tells how long a thread has worked, in seconds; where the system does not know, the process."""
    if not hasattr(time, "pthread_getcpuclockid"):  # pragma: no cover - not on macOS
        return time.process_time
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
