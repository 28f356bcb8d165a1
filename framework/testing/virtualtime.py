"""An event loop whose clock jumps: waiting costs no time, and waiting for nothing is an error.

For tests of pure asyncio code: when every task waits, the loop's time jumps to the next timer, so that minutes of
politeness take milliseconds. When every task waits and there is no timer, nothing could ever happen again: that raises
``DeadlockError``. While a thread pool has work, the clock stands still. Not for code with sockets or
processes: the clock would jump past them.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures.thread import _threads_queues, _worker
from typing import Any, TypeVar

T = TypeVar("T")


_LOOK_EVERY_S = 0.02
_INSTANT_S = 0.0005


class DeadlockError(RuntimeError):
    """Every task waits for another one."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer, moves the clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        waits = timeout != 0 and _is_a_thread_at_work()
        events = super().select(_LOOK_EVERY_S if waits else 0)
        if events or waits:
            return events
        if timeout is None:
            msg = "every task waits and no timer is set: nothing can happen any more"
            raise DeadlockError(msg)
        self.now += max(0.0, timeout)
        return events


def _is_a_thread_at_work() -> bool:
    """Say whether some thread of a ``ThreadPoolExecutor`` has work: an idle one does nothing but wait for it.

    One that has just taken its work looks idle for an instant, so all are looked at twice.
    """
    if threading.active_count() == 1:
        return False
    if _looks_at_work():
        return True
    time.sleep(_INSTANT_S)
    return _looks_at_work()


def _looks_at_work() -> bool:
    frames = sys._current_frames()
    for thread in threading.enumerate():
        queue = _threads_queues.get(thread)
        if queue is None:
            continue  # of no pool
        # Only where the thread is now: it runs on, and the frames below that one may be gone before they are read.
        frame = frames.get(thread.ident or 0)
        if queue.qsize() or frame is None or frame.f_code is not _worker.__code__:
            return True
        if frame.f_locals.get("work_item") is not None:
            return True
    return False


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock that jumps, beginning at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now


def run_virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a new virtual-time loop.

    Raises:
        DeadlockError: every task waits for another one.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def virtual_now() -> float:
    """Return the time of the running loop: the clock to give to what is tested."""
    return asyncio.get_running_loop().time()
