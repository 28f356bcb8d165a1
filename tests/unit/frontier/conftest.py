"""What the tests of the frontier's parts share: frontiers, small enough to spill, and jobs that die."""

from __future__ import annotations

import shutil
from types import SimpleNamespace

import pytest

from framework.frontier.hosts import Politeness
from framework.frontier.local import LocalFrontier
from framework.frontier.seen import make_seen
from framework.frontier.seen.exact import ExactSeen
from framework.frontier.store.sqlite import Store
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm
from framework.protocols import DONE, Job, Landing, Snapshot
from framework.settings import Settings
from framework.settings.declared import DurabilityOptions
from framework.testing.virtualtime import virtual_now


class Spider:
    def parse(self, response):
        pass

    def parse_other(self, response):
        pass


class Jobs:
    """Makes frontiers, and has them survive or not."""

    def __init__(self, folder):
        self.folder = folder
        self.spider = Spider()
        self.deaths = 0

    def memory(self, **arguments):
        return self._made(Store(None), **arguments)

    def disk(self, *, seen="exact", **arguments):
        store = Store(self.folder / "frontier.db", seen_mode="log" if seen == "bloom" else "exact")
        return self._made(store, seen=seen, inflight=self.folder / "inflight", **arguments)

    def _made(self, store, *, seen="exact", gates=(), stored=None, **arguments):
        rules = {name: arguments.pop(name) for name in list(arguments) if name in Politeness.__dataclass_fields__}
        one = ExactSeen() if seen == "exact" else make_seen(Settings({"SEEN": seen}).group(DurabilityOptions))
        return LocalFrontier(
            RequestFingerprinter(),
            Politeness(**{"concurrency": 1000, **rules}),
            gates,
            store=store,
            stored=stored or StoredForm(self.spider),
            seen=arguments.pop("seen_set", one),
            clock=virtual_now,
            wall_clock=virtual_now,
            **arguments,
        )

    def copy(self):
        """Leave what is on disk at this moment to the next process."""
        self.deaths += 1
        left = self.folder.with_name(f"{self.folder.name}-{self.deaths}")
        shutil.copytree(self.folder, left)
        self.folder = left


@pytest.fixture
def jobs(tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    return Jobs(folder)


def pages(*names, host="a.example", **arguments):
    return [Request(f"http://{host}/{name}", **arguments) for name in names]


async def work_off(frontier, most=10_000, limit=100):
    """Lease and finish all that comes; return the URLs' last parts."""
    worked = []
    while len(worked) < most and frontier.pending:
        leases = await frontier.lease(min(limit, most - len(worked)))
        for lease in leases:
            worked.append(lease.request.url.rpartition("/")[2])
            frontier.sent(lease.permit)
            frontier.landed(lease.permit, Landing.ANSWERED)
            frontier.finish(lease, DONE, 1)
    return worked


async def checkpoint(frontier, **snapshot):
    await frontier.persist(frontier.seal(), Snapshot(**snapshot))


@pytest.fixture
def crawl():
    """Give what works with a frontier."""
    return SimpleNamespace(pages=pages, work_off=work_off, checkpoint=checkpoint, job=Job("job", "spider"))
