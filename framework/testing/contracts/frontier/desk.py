"""What the tests of a frontier have in common: a desk that works with it as an engine does, a gate, a clock."""

# ruff: noqa: S101 - a part of tests

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any

from framework.frontier.hosts import Politeness
from framework.http import Request
from framework.protocols import (
    DONE,
    Fate,
    Frontier,
    Gate,
    Job,
    Landing,
    Lease,
    Wait,
    Waker,
)
from framework.testing.virtualtime import run_virtual, virtual_now

WALL_AT_0 = 1_700_000_000.0
"""The wall clock at the beginning of each test."""

NAP_S = 0.002
"""Long enough for every timer that is due."""


def wall_now() -> float:
    """Return the wall clock that belongs to the loop's clock."""
    return WALL_AT_0 + virtual_now()


class OneGate:
    """A gate that answers what it is told to, and remembers what it was asked about."""

    def __init__(self, answer: Callable[[Request], Wait | float | None]) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.wake: Waker | None = None

    def ask(self, request: Request) -> Wait | float | None:
        """Answer."""
        self.asked.append(request.url)
        return self.answer(request)

    def connect_waker(self, wake: Waker) -> None:
        """Keep it."""
        self.wake = wake

    def open(self, token: Hashable, count: int | None = None) -> None:
        """Wake what waits."""
        assert self.wake is not None
        self.wake(token, count)


def requests(*names: str, host: str = "a.example", **arguments: Any) -> list[Request]:
    """Make requests for pages of one host."""
    return [Request(f"http://{host}/{name}", **arguments) for name in names]


def names(leases: Iterable[Lease]) -> list[str]:
    """Give the last part of each leased URL."""
    return [lease.request.url.rpartition("/")[2] for lease in leases if lease.request is not None]


class Desk:
    """Works with a frontier as an engine does."""

    def __init__(self, frontier: Frontier) -> None:
        self.frontier = frontier
        self.root = frontier.root()

    async def offer(self, batch: Sequence[Request], origin: Lease | None = None) -> Sequence[str | None]:
        """Offer from ``start()``, or as the links of a page."""
        return await self.frontier.offer(origin or self.root, batch)

    async def lease(self, limit: int = 100) -> list[Lease]:
        """Lease what may go now; nothing when it would have to wait. A frontier may answer with less than there is."""
        leases: list[Lease] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(NAP_S):
                while len(leases) < limit and (more := await self.frontier.lease(limit - len(leases))):
                    leases += more
        return leases

    def send(self, leases: Iterable[Lease]) -> None:
        """Put all on the wire."""
        for lease in leases:
            assert lease.permit is not None
            self.frontier.sent(lease.permit)

    def land(self, leases: Iterable[Lease], landing: Landing = Landing.ANSWERED) -> None:
        """Read all their bodies."""
        for lease in leases:
            assert lease.permit is not None
            self.frontier.landed(lease.permit, landing)

    def finish(self, leases: Iterable[Lease], fate: Fate = DONE) -> None:
        """End all their visits."""
        for lease in leases:
            self.frontier.finish(lease, fate, 0)

    def work_off(self, leases: Iterable[Lease]) -> None:
        """Send, land and finish all."""
        for lease in leases:
            self.send([lease])
            self.land([lease])
            self.finish([lease])

    async def page(self) -> Lease:
        """Give the lease of a page that links may come from."""
        await self.offer(requests("page", host="origin.example"))
        (lease,) = await self.lease(1)
        self.send([lease])
        self.land([lease])
        return lease


def on_its_loop(test: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """Turn a coroutine into a test that pytest can run, on the loop that its suite chooses."""

    @wraps(test)
    def run(self: Any) -> None:
        self.run(test(self))

    return run


class FrontierSuite:
    """What each part of the contract builds on."""

    def make_frontier(
        self,
        politeness: Politeness,
        gates: Sequence[Gate],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> Frontier:
        """Make an empty frontier of the kind to be tested; called inside the running loop."""
        raise NotImplementedError

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run one test."""
        run_virtual(coroutine)

    async def _desk(self, *gates: Gate, **politeness: Any) -> Desk:
        frontier = self.make_frontier(Politeness(**politeness), gates, virtual_now, wall_now)
        resume = await frontier.open(Job("job", "spider"))
        assert resume.is_resumed is False
        return Desk(frontier)
