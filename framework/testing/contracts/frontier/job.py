"""A desk that works with the frontier of a job, which may die and be opened again.

Part of the contract of frontiers that survive: see ``framework.testing.contracts.frontier.durability``.
"""

# ruff: noqa: S101 - a part of tests

from __future__ import annotations

import tempfile
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from framework.frontier.hosts import Politeness
from framework.protocols import Frontier, Gate, Job, Resume, Snapshot
from framework.testing.virtualtime import virtual_now

from .desk import Desk, names, wall_now


class JobSuite(Protocol):
    """What makes the frontiers of jobs, and lets them die."""

    def make_job_frontier(
        self,
        folder: Path,
        politeness: Politeness,
        gates: Sequence[Gate],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> Frontier:
        """Make the frontier of the job in ``folder``."""
        ...

    async def crash(self, frontier: Frontier, folder: Path, deaths: int) -> Path:
        """Let the frontier die as it is, and return the folder of what is left."""
        ...


class JobDesk(Desk):
    """Works with the frontier of a job, which may die and be opened again."""

    def __init__(self, suite: JobSuite, folder: Path, gates: Sequence[Gate], politeness: dict[str, Any]):
        self.suite = suite
        self.folder = folder
        self.gates = gates
        self.politeness = politeness
        self.resume = Resume()
        self.deaths = 0

    async def open(self) -> Resume:
        """Open the job, or open it again."""
        self.frontier = self.suite.make_job_frontier(
            self.folder, Politeness(**self.politeness), self.gates, virtual_now, wall_now
        )
        self.resume = await self.frontier.open(Job("job", "spider", self.folder))
        self.root = self.frontier.root()
        return self.resume

    async def checkpoint(self, **snapshot: Any) -> None:
        """Make durable what has finished."""
        group = self.frontier.seal()
        assert list(await self.frontier.prepare(group)) == []
        await self.frontier.persist(group, Snapshot(**snapshot))

    async def crash(self) -> Resume:
        """Die and be opened again, now or after the process is another one."""
        self.deaths += 1
        self.folder = await self.suite.crash(self.frontier, self.folder, self.deaths)
        return await self.open()

    async def stop(self) -> Resume:
        """End well, and be opened again."""
        await self.frontier.close(clean=True)
        return await self.open()

    async def rest(self) -> list[str]:
        """Work off all that there is, and name it."""
        worked: list[str] = []
        while leases := await self.lease():
            worked += names(leases)
            self.work_off(leases)
        return worked

    async def is_balanced(self) -> bool:
        """Say whether nothing is missing from what is stored."""
        return (await self.frontier.balance()).missing == 0


def of_a_job(
    *gates: Gate, **politeness: Any
) -> Callable[[Callable[[Any, JobDesk], Coroutine[Any, Any, None]]], Callable[[Any], None]]:
    """Turn a coroutine that takes a desk into a test; the job is closed at its end."""

    def decorate(test: Callable[[Any, JobDesk], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
        async def case(self: Any, folder: Path) -> None:
            desk = JobDesk(self, folder, gates, {"concurrency": 100, **politeness})
            await desk.open()
            try:
                await test(self, desk)
            finally:
                await desk.frontier.close(clean=False)

        @wraps(test)
        def run(self: Any) -> None:
            with tempfile.TemporaryDirectory() as parent:
                folder = Path(parent) / "0"
                folder.mkdir()
                self.run(case(self, folder))

        del run.__wrapped__  # pytest would take the desk for a fixture
        return run

    return decorate
