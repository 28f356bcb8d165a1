"""The frontier of one process keeps the contract of all frontiers, and on disk that of those that survive."""

import tempfile
from pathlib import Path

import pytest

from framework.frontier.local import LocalFrontier
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.store.sqlite import Store
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm
from framework.testing.contracts.frontier import DurabilityContract, FrontierContract
from framework.testing.virtualtime import run_virtual


class Spider:
    def parse(self, response):
        pass


SPIDER = Spider()


def local_frontier(store, politeness, gates, clock, wall_clock, **arguments):
    return LocalFrontier(
        RequestFingerprinter(),
        politeness,
        gates,
        store=store,
        stored=StoredForm(SPIDER),
        seen=ExactSeen(),
        clock=clock,
        wall_clock=wall_clock,
        **arguments,
    )


class TestFrontierInMemory(FrontierContract):
    def make_frontier(self, politeness, gates, clock, wall_clock):
        return local_frontier(Store(None), politeness, gates, clock, wall_clock)


class TestFrontierOnDisk(FrontierContract, DurabilityContract):
    in_memory_max = 100_000

    @pytest.fixture(autouse=True)
    def _close_what_was_made(self):
        self.made = []
        with tempfile.TemporaryDirectory() as parent:
            self.parent = Path(parent)
            yield
            self.made.clear()

    def run(self, coroutine):
        async def closing():
            try:
                await coroutine
            finally:
                for frontier in self.made:
                    await frontier.close(clean=False)

        run_virtual(closing())

    def make_frontier(self, politeness, gates, clock, wall_clock):
        folder = self.parent / f"job-{len(self.made)}"
        folder.mkdir()
        frontier = self.make_job_frontier(folder, politeness, gates, clock, wall_clock)
        self.made.append(frontier)
        return frontier

    def make_job_frontier(self, folder, politeness, gates, clock, wall_clock):
        return local_frontier(
            Store(folder / "frontier.db"),
            politeness,
            gates,
            clock,
            wall_clock,
            inflight=folder / "inflight",
            in_memory_max=self.in_memory_max,
        )


class TestFrontierThatSpillsAtOnce(TestFrontierOnDisk):
    """With no room in memory, everything has been on disk when its turn comes."""

    in_memory_max = 1
    test_the_view_names_the_hosts_where_most_is_waiting = None  # they are on disk
