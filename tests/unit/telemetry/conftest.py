"""A crawler, an engine and a clock for components that are driven by signals: nothing here waits or opens a socket."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from framework.settings import Settings
from framework.signalmanager import SignalManager
from framework.telemetry.stats import MemoryStatsCollector

_NUMBERS = ("offered", "refused", "pending", "leased", "done", "replaced", "dropped", "failed", "retried", "hosts")


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its clock stands still while something runs and jumps to the next timer when nothing does."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class FakeEngine:
    def __init__(self) -> None:
        self.closed: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.numbers: dict[str, Any] = dict.fromkeys(_NUMBERS, 0)
        self.in_flight = 0

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(coroutine, name=name))

    def close_spider(self, spider: Any = None, reason: str = "cancelled") -> None:
        self.closed.append(reason)

    def view(self) -> Any:
        return SimpleNamespace(**{"busiest": (), **self.numbers})


@pytest.fixture
def make_crawler() -> Callable[..., Any]:
    def make(**settings: Any) -> Any:
        crawler = SimpleNamespace(
            settings=Settings(settings),
            signals=SignalManager(),
            spider=SimpleNamespace(name="books"),
            engine=FakeEngine(),
        )
        crawler.stats = MemoryStatsCollector.from_crawler(crawler)
        return crawler

    return make


@pytest.fixture
def run() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    """Run a coroutine on a clock that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        yield runner.run
