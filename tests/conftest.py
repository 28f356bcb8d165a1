"""What all tests share: running coroutines, whole crawls included, and finding out what they leave behind."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from framework.testing.virtualtime import VirtualTimeLoop

_PATIENCE_S = 2.0

# A shell that starts the tests in the background makes them and their processes deaf to Ctrl-C, which tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class LeftBehind(AssertionError):
    """A test has left a task that nobody owns."""


def _run(factory: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a new loop; a task that is still alive at its end fails the test."""

    async def main() -> Any:
        result = await coroutine
        await asyncio.sleep(0)  # let callbacks and tasks that are ending end
        mine = asyncio.current_task()
        alive = [task for task in asyncio.all_tasks() if task is not mine and not task.done()]
        if alive:
            raise LeftBehind(f"tasks left alive: {alive}")
        return result

    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a virtual-time loop: waiting costs nothing, waiting for nothing is an error."""
    return lambda coroutine: _run(VirtualTimeLoop, coroutine)


@pytest.fixture
def run_real() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a real loop, for tests with sockets, threads or processes."""
    return lambda coroutine: _run(asyncio.new_event_loop, coroutine)


@pytest.fixture(autouse=True)
def _no_loop_is_left_open() -> Iterator[None]:
    """Fail a test that leaves a loop unclosed."""
    made: list[asyncio.BaseEventLoop] = []
    original = asyncio.BaseEventLoop.__init__

    def noted(self: asyncio.BaseEventLoop) -> None:
        original(self)
        made.append(self)

    asyncio.BaseEventLoop.__init__ = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        asyncio.BaseEventLoop.__init__ = original  # type: ignore[method-assign]
    patience_until = time.monotonic() + _PATIENCE_S
    while (unclosed := [loop for loop in made if not loop.is_closed()]) and time.monotonic() < patience_until:
        time.sleep(0.01)  # another thread's may be closing just now
    for loop in unclosed:
        loop.close()
    if unclosed:
        raise LeftBehind(f"loops left unclosed: {unclosed}")
