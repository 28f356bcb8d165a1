"""Acceptance line: the frontier and its seen-set against a model, dying at any step: nothing is lost, nothing twice.

The model is the simplest thing that could be right: sets of what is known and what has ended, a copy of them at each
checkpoint, and at a death the copy again. What the frontier may do differently is said where it is compared: a request
may be durable before the checkpoint that it belongs to (it was spilled), and then it is there after a death.

The disk refuses a spill or a checkpoint now and then, and takes the next one; requests are spoilt after their offer.

In the full size each of the three machines on a job's SQLite file makes at least 10,000 steps, which are counted; the
one in memory, whose temporary file is SQLite's too, makes some 2,500 beside them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.errors import FlakyStrategyDefinition, HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from framework.exceptions import StoreError
from framework.frontier.hosts import Politeness
from framework.frontier.local import LocalFrontier
from framework.frontier.records import Records
from framework.frontier.seen import SeenSet, make_seen
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter
from framework.http.request import RIDES
from framework.http.stored import StoredForm
from framework.protocols import DONE, Fate, FateKind, Group, Job, Landing, Lease, Snapshot
from framework.settings import Settings
from framework.settings.declared import DurabilityOptions
from tests.crash.frontiermodel import Disk, Model

FULL = os.environ.get("ACCEPT") == "full"
FAILED = Fate(FateKind.FAILED, "TimeoutError")
JOB = Job("job", "spider")


class Spider:
    """Has no callbacks of its own."""


SPIDER = Spider()
PAGES = st.lists(st.tuples(st.integers(0, 60), st.integers(-1, 1), st.booleans()), min_size=1, max_size=12)
SOON_S = 0.003


def seen_set(mode: str) -> SeenSet:
    """Make a seen-set of the mode."""
    return make_seen(Settings({"SEEN": mode, "BLOOM_ERROR_RATE": 1e-9}).group(DurabilityOptions), recent_max=8)


class FrontierMachine(RuleBasedStateMachine):
    """Offers, leases, retries, releases, finishes, seals, stores, stops and dies, in any order."""

    is_durable = True
    in_memory_max = 8
    seen_mode = "bloom+verify"
    order = "depth"
    steps = 0
    has_failed = False

    def __init__(self) -> None:
        super().__init__()
        type(self).steps -= 1  # the invariant, where they are counted, is looked at before the first one too
        self.loop = asyncio.new_event_loop()
        self.parent = Path(tempfile.mkdtemp())
        self.folder = self.parent / "0"
        self.folder.mkdir()
        self.deaths = 0
        self.model = Model()
        self.stored = Model()
        self.sealed: tuple[Group, Model] | None = None
        self.leases: list[Lease] = []
        self.held: dict[Lease, Lease] = {}
        self.urls: dict[int, str] = {}
        self.waiting: dict[str, Request] = {}
        self.unfiltered = 0
        self.frontier = self._made()
        self._do(self.frontier.open(JOB))
        self.root = self.frontier.root()

    def _do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, 60))

    def _made(self) -> LocalFrontier:
        async def make() -> LocalFrontier:
            return LocalFrontier(
                RequestFingerprinter(),
                Politeness(concurrency=100, order=self.order),  # type: ignore[arg-type]
                store=Disk(
                    self.folder / "frontier.db" if self.is_durable else None,
                    seen_mode="log" if self.seen_mode == "bloom" else "exact",
                ),
                stored=StoredForm(SPIDER),
                seen=seen_set(self.seen_mode),
                in_memory_max=self.in_memory_max,
                inflight=None,
            )

        return self._do(make())  # type: ignore[no-any-return]

    def teardown(self) -> None:
        """Work everything off: what was accepted has ended, each once."""
        kind = type(self)
        error = sys.exception()
        kind.has_failed |= isinstance(error, Exception) and not isinstance(error, HypothesisException)
        try:
            self._work_off()
        except BaseException:
            kind.has_failed = True
            raise
        finally:
            self._do(self.frontier.close(clean=False))
            self.loop.close()
            shutil.rmtree(self.parent)

    def _work_off(self) -> None:
        self.disk.refusals = 0
        self._seal_and_store()
        while self._leased(50) or self.leases:
            before = len(self.leases)
            for lease in list(self.leases):
                self._end(lease, DONE)
            assert len(self.leases) < before or self.frontier.pending, "visits wait for riders that are not there"
        assert self.model.ended == self.model.known
        assert self.frontier.pending == 0
        self._seal_and_store()
        balance = self._do(self.frontier.balance())
        assert balance.missing == 0, balance
        assert balance.pending == 0, balance

    def _leased(self, limit: int) -> list[Lease]:
        # What was sealed and then spilled is there again when the checkpoint is stored.
        patience_s = 30.0 if self.sealed is None else 0.05

        async def lease() -> list[Lease]:
            try:
                return list(await asyncio.wait_for(self.frontier.lease(limit), patience_s))
            except (TimeoutError, StoreError):
                return []

        leases: list[Lease] = self._do(lease()) if self.frontier.pending else []
        self._see_what_has_failed()
        for lease_ in leases:
            request = lease_.request
            assert request is not None
            assert lease_.permit is not None
            self.frontier.sent(lease_.permit)
            self.frontier.landed(lease_.permit, Landing.ANSWERED)
            assert request.url in self.model.known, f"{request.url} was never accepted"
            assert request.url not in self.model.ended, f"{request.url} comes twice"
            assert request.url not in {it.request.url for it in self.leases if it.request}, (
                f"{request.url} is in flight"
            )
            self.leases.append(lease_)
        return leases

    def _end(self, lease: Lease, fate: Fate) -> None:
        """Do what a committer does: hold a parent for its riders."""
        assert lease.request is not None
        if lease.riders:
            return
        self.leases.remove(lease)
        self.model.ended.add(lease.request.url)
        self.frontier.finish(lease, fate, 1)
        parent, lease.rides_on = lease.rides_on, None
        if parent is not None:
            parent.riders -= 1

    def _seal_and_store(self) -> None:
        self._store()
        self.seal()
        self._store()

    def _store(self) -> None:
        if self.sealed is not None:
            group, model = self.sealed
            try:
                self._do(self.frontier.persist(group, Snapshot()))
            except StoreError:
                return  # it is made again
            finally:
                self._see_what_has_failed()
            self.sealed = None
            self.stored = model

    @property
    def disk(self) -> Disk:
        """The store, to be made to refuse."""
        return self.frontier._store  # type: ignore[return-value]

    def _offered(self, origin: Lease, batch: list[Request]) -> list[str | None]:
        """Offer; where the disk refuses what there is no room for, all is accepted that is new."""
        known = self.model.known
        try:
            answers = self._do(self.frontier.offer(origin, batch))
        except StoreError:
            told: set[str] = set()
            answers = []
            for request in batch:
                answers.append("duplicate" if request.url in known | told else None)
                told.add(request.url)
        for request, answer in zip(batch, answers, strict=True):
            assert (answer == "duplicate") == (request.url in known), (request.url, answer)
            known.add(request.url)
            self.urls[request._identity or 0] = request.url
            if answer is None:
                self.waiting[request.url] = request
        self._see_what_has_failed()
        return answers  # type: ignore[no-any-return]

    def _see_what_has_failed(self) -> None:
        """Take note of what was spoilt, and ended for that; in the checkpoint too that it was sealed in."""
        models = [self.model] if self.sealed is None else [self.model, self.sealed[1]]
        for lease, fate, _ in self.frontier._open_group.visits:
            if fate.reason == "changed":
                url = self.urls[lease.identity]
                for model in models:
                    if url in model.known:
                        model.ended.add(url)

    # -- what a crawl does ---------------------------------------------------------------------------------------

    @rule(pages=PAGES, which=st.integers(0, 99), hosts=st.integers(1, 3))
    def offer(self, pages: list[tuple[int, int, bool]], which: int, hosts: int) -> None:
        """Offer the links of some page, or of ``start()``; some of them are to wait a moment."""
        origin = self.leases[which % len(self.leases)] if self.leases and which % 3 else self.root
        batch = [Request(f"http://h{page % hosts}/{page}", priority=priority) for page, priority, _ in pages]
        for request, (_, _, is_later) in zip(batch, pages, strict=True):
            request._not_before_at = time.time() + SOON_S if is_later else None
        self._offered(origin, batch)

    @rule(which=st.integers(0, 99), count=st.integers(1, 4))
    def offer_without_filter(self, which: int, count: int) -> None:
        """Offer requests that are always new."""
        origin = self.leases[which % len(self.leases)] if self.leases and which % 3 else self.root
        start, self.unfiltered = self.unfiltered, self.unfiltered + count
        urls = [f"http://again/{number}" for number in range(start, start + count)]
        assert self._offered(origin, [Request(url, dont_filter=True) for url in urls]) == [None] * count

    @precondition(lambda self: self.waiting)
    @rule(which=st.integers(0, 99))
    def spoil(self, which: int) -> None:
        """Change an offered request so that it cannot be stored, where it was not before."""
        request = self.waiting.pop(list(self.waiting)[which % len(self.waiting)])
        if request.url not in {lease.request.url for lease in self.leases if lease.request}:
            request.meta["live"] = object()

    @rule(times=st.integers(1, 3))
    def refuse(self, times: int) -> None:
        """Let the disk be full for some writes."""
        self.disk.refusals = times

    @precondition(lambda self: self.leases)
    @rule(page=st.integers(100, 110), which=st.integers(0, 99))
    def offer_a_rider(self, page: int, which: int) -> None:
        """Offer a request that cannot be stored."""
        rider = Request(f"http://rider/{page}", meta={"live": object()})
        rider._row = RIDES
        self._offered(self.leases[which % len(self.leases)], [rider])
        self.waiting.pop(rider.url, None)

    @rule(limit=st.integers(1, 6))
    def lease(self, limit: int) -> None:
        """Lease some."""
        refusals = self.disk.refusals
        leases = self._leased(limit)
        assert len(leases) <= limit
        may_be_empty = self.sealed or refusals or not self.frontier.pending
        assert leases or may_be_empty, "something is pending, and nothing is leased"

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 99), fails=st.booleans())
    def finish(self, which: int, fails: bool) -> None:
        """End a visit."""
        self._end(self.leases[which % len(self.leases)], FAILED if fails else DONE)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 99), is_later=st.booleans())
    def retry(self, which: int, is_later: bool) -> None:
        """Put a changed request back."""
        lease = self.leases[which % len(self.leases)]
        if lease.riders:
            return
        self.leases.remove(lease)
        assert lease.request is not None
        at = time.time() + SOON_S if is_later else None
        changed = lease.request.replace(headers={"X-Attempt": str(lease.attempt + 1)})
        self._do(self.frontier.requeue(lease, changed, not_before_at=at, reason="503"))

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 99))
    def release(self, which: int) -> None:
        """Give a lease back."""
        lease = self.leases[which % len(self.leases)]
        if lease.riders:
            return
        self.leases.remove(lease)
        self._do(self.frontier.release([lease]))

    @precondition(lambda self: self.sealed is None)
    @rule()
    def seal(self) -> None:
        """Begin a checkpoint."""
        self.sealed = (self.frontier.seal(), self.model.copy())

    @rule()
    def store(self) -> None:
        """Make it durable."""
        self._store()

    @precondition(lambda self: self.is_durable)
    @rule(is_clean=st.booleans())
    def die(self, is_clean: bool) -> None:
        """Die as it is, and be opened again by another process."""
        self.deaths += 1
        left = self.parent / str(self.deaths)
        if not is_clean:
            shutil.copytree(self.folder, left)
        self._do(self.frontier.close(clean=is_clean))
        if is_clean:
            shutil.copytree(self.folder, left)
        self.folder = left
        self.leases, self.sealed, self.waiting = [], None, {}
        before, self.model = self.model, self.stored.copy()
        self.frontier = self._made()
        self._do(self.frontier.open(JOB))
        self.root = self.frontier.root()
        self._see_what_was_spilled(before)

    def _see_what_was_spilled(self, before: Model) -> None:
        """What was known and is not in the last checkpoint may be durable all the same, whole or not at all."""

        async def rows() -> set[str]:
            store = self.frontier._store
            stored = StoredForm(SPIDER)
            urls = set()
            async for batch in store.each_row():
                urls |= {Records(stored).request(row, 0.0)[0].url for row in batch}
            return urls

        pending = self._do(rows())
        assert pending <= before.known
        assert not pending & self.model.ended, "what has ended is pending again"
        lost = {url for url in self.model.known - self.model.ended - pending if "rider" not in url}
        assert not lost, f"lost: {lost}"
        # Riders are not durable before they have ended.
        self.model.known = pending | self.model.ended
        self.stored = self.model.copy()

    @invariant()
    def numbers_agree(self) -> None:
        """Compare what both count, after each step."""
        type(self).steps += 1
        assert self.frontier.pending + len(self.leases) == len(self.model.known) - len(self.model.ended)


class Breadth(FrontierMachine):
    """The other order, with every identity in memory."""

    order = "breadth"
    seen_mode = "exact"


class WithRoom(FrontierMachine):
    """Nothing is spilled, and the filter alone says what is new."""

    in_memory_max = 1_000
    seen_mode = "bloom"


class InMemory(FrontierMachine):
    """``FRONTIER = memory``: it spills, and does not survive."""

    is_durable = False


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("machine", [FrontierMachine, Breadth, WithRoom, InMemory])
def test_the_frontier_loses_nothing_and_gives_nothing_twice_whenever_it_dies(
    machine: type[FrontierMachine],
) -> None:
    examples, steps = (50, 50) if FULL else (4, 25)
    wanted = 10_000 if FULL and machine.is_durable else 1
    machine.steps, machine.has_failed = 0, False
    while machine.steps < wanted:  # an example may end before its last step
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except FlakyStrategyDefinition:
            # The disk's thread takes its own time: two examples that begin alike may lease differently. That is no
            # wrong answer, where there was none.
            if machine.has_failed:
                raise
    print(f"\n{machine.__name__}: {machine.steps:,} steps")
