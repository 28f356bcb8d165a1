"""The frontier of one process: at memory's speed, on disk as far as it must be.

Place in the flow: the engine offers, leases and finishes here (``protocols.Frontier``). ``admission`` says what is new,
``dispatch`` what goes now, ``ledger`` and ``checkpoints`` what becomes durable; this file puts them together.

Without a store's path it is the frontier of ``FRONTIER = memory``: the same, but that checkpoints store nothing.

Invariant: *children may become durable before their parent; items and fates never do.*
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.exceptions import UnstorableError
from framework.http import Request
from framework.http.request import RIDES
from framework.http.stored import StoredForm
from framework.protocols import (
    DONE,
    Balance,
    Fate,
    FateKind,
    FrontierView,
    Gate,
    Group,
    Job,
    Lease,
    Refusal,
    Resume,
    Snapshot,
)

from .admission import Admission, check_priority
from .checkpoints import Checkpoints
from .dispatch import Dispatch
from .fates import Fates, FatesKept
from .hostkey import host_key
from .hosts import Politeness
from .identity import ROOT_IDENTITY
from .ledger import Ledger
from .records import Origin, Records, Tried, open_envelope
from .riders import Riders
from .seen import SeenSet
from .seen.own import OwnDupeFilter
from .store.rows import Row
from .store.sqlite import Store

_CHANGED = Fate(FateKind.FAILED, "changed")


class LocalFrontier:
    """What to fetch next, and when, for one process.

    Args:
        fingerprinter: says which requests are the same one.
        politeness: the rules that hosts start with.
        gates: asked about each request before it is leased.
        store: where requests, identities and fates are kept; one without a path keeps only what memory does not hold.
        stored: makes requests data.
        seen: what was offered before.
        fates: which ended requests are kept.
        in_memory_max: pending requests and hosts in memory; more are on disk.
        riders_max: visits that may wait for requests that cannot be stored.
        inflight: file for what is in flight; ``None`` where nobody is to be suspected.
        own_filter: a duplicate filter of the user's, asked in the seen-set's place.
        identified_by: by setting, the path of the class that says with it which requests are the same.
        clock: monotonic seconds.
        wall_clock: seconds since 1970, for times that requests and policies carry.

    Attributes:
        unsealed: finished visits that no checkpoint has stored yet.
        counts: the numbers of the job, over all its runs.
    """

    def __init__(  # noqa: PLR0913 - one place that puts everything together
        self,
        fingerprinter: Any,
        politeness: Politeness,
        gates: Sequence[Gate] = (),
        *,
        store: Store,
        stored: StoredForm,
        seen: SeenSet,
        fates: FatesKept = "all",
        in_memory_max: int = 100_000,
        riders_max: int = 1000,
        inflight: Path | None = None,
        own_filter: OwnDupeFilter | None = None,
        identified_by: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._wall_clock = wall_clock
        self._store = store
        self._is_durable = store.path is not None
        self._is_lifo = politeness.order == "depth"
        self._records = records = Records(stored)
        self._ledger = ledger = Ledger(records, self._fail_changed)
        self._riders = Riders(riders_max)
        self._admission = Admission(fingerprinter, seen, self._riders, store.known, own_filter)
        self._fates = Fates(fates if self._is_durable else "off", records, self._admission.identity, wall_clock)
        self._dispatch = dispatch = Dispatch(
            politeness,
            gates,
            records=records,
            ledger=ledger,
            store=store,
            seen=seen,
            riders=self._riders,
            in_memory_max=in_memory_max,
            inflight=inflight,
            clock=clock,
            wall_clock=wall_clock,
        )
        self._checkpoints = Checkpoints(store, ledger, records, seen, dispatch.backlog.disk, fates, identified_by)
        self._keeps_new = self._checkpoints.keeps_identities
        self._open_group = Group(number=1)
        self.unsealed = 0
        self.counts = ledger.counts
        self.lease = dispatch.lease
        self.permit = dispatch.permit
        self.sent = dispatch.turns.sent
        self.unsent = dispatch.turns.unsent
        self.landed = dispatch.turns.landed
        self.stalled = dispatch.turns.stalled
        self.set_host = dispatch.turns.set_host

    # -- the life of a job ---------------------------------------------------------------------------------------

    async def open(self, job: Job) -> Resume:
        """Open the store and take the job up where its last checkpoint left it.

        Raises:
            StoreError: the store cannot be used, or is damaged.
            StoredError: a pending request names a callback or class that is there no longer.
        """
        resume, pending, has_died = await self._checkpoints.open(self._admission.own)
        self._dispatch.suspects.open(has_died=has_died)
        self._dispatch.pending = pending
        self._open_group = Group(number=resume.checkpoint + 1)
        return resume

    def root(self) -> Lease:
        """Return the lease of ``spider.start()``; the crawl is not exhausted before it is finished."""
        self._dispatch.leased += 1
        lease = self._admission.start = Lease(None, ROOT_IDENTITY, None)
        lease.delivered = self._ledger.start_delivered
        return lease

    async def close(self, *, clean: bool) -> None:
        """Let everything go; ``clean`` when all that was finished is stored."""
        self.stop_leasing()
        self._dispatch.suspects.close(clean=clean)
        await self._store.close(clean=clean)

    # -- offer ---------------------------------------------------------------------------------------------------

    async def offer(self, origin: Lease, batch: Sequence[Request]) -> Sequence[Refusal | None]:
        """Queue what is new, in the order of the page; answer ``"duplicate"`` for what is not.

        What cannot be queued (its fingerprint raises, its priority is no number) is logged and refused as
        ``"broken"``, alone; a request that cannot be stored, when too many visits wait for such, as ``"unstorable"``.

        Raises:
            StoreError: there is no room in memory, and none on disk.
        """
        answers, accepted = await self._admission.admit(origin, batch)
        self.counts.refused += len(batch) - len(accepted)
        if not accepted:
            return answers
        self.counts.offered += len(accepted)
        from_start = origin.request is None
        if self._is_lifo and not from_start:
            accepted.reverse()
        found = Origin(origin.identity, self._wall_clock()) if self._is_durable else None
        dispatch, ledger = self._dispatch, self._ledger
        keeps_new = self._keeps_new
        at_left = from_start and self._is_lifo
        for request in accepted:
            request._origin = found
            if request._row == RIDES:
                self._riders.accept(request, origin)
                dispatch.rests(origin)
            else:
                ledger.enter(request, at_left=at_left)
                if keeps_new:
                    ledger.new[request._identity] = None  # type: ignore[index]
            dispatch.enqueue(request, last=from_start)
        dispatch.notify()
        if dispatch.backlog.is_full:
            await dispatch.make_room()
        return answers

    def is_known(self, request: Request) -> bool:
        """Say whether the request has surely been offered before."""
        return self._admission.is_known(request)

    def refuse(self, origin: Lease, request: Request, reason: Refusal) -> None:
        """Note that a request was refused before it was offered."""
        if self._fates.is_on:
            fate = self._fates.of_refusal(origin, request, reason)
            if fate is not None:
                self._ledger.fates.append(fate)

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Lose nothing: no other worker shares this frontier."""
        return ()

    def host_key(self, request: Request) -> str:
        """Return the name of the request's host."""
        return host_key(request)

    # -- the end of a visit --------------------------------------------------------------------------------------

    async def requeue(self, lease: Lease, request: Request, *, not_before_at: float | None, reason: str) -> None:
        """Put a retry back under the same identity; it takes the row's place.

        Raises:
            TypeError: its priority is no ``int``.
        """
        check_priority(request)
        first = await self._offered_form(lease)
        self._dispatch.leased -= 1
        self._dispatch.rests(lease)
        self.counts.retried += 1
        ledger = self._ledger
        before = ledger.tried.get(lease.identity) or Tried()
        tries = [*before.tries, (self._wall_clock(), reason)]
        ledger.tried[lease.identity] = Tried(lease.attempt + 1, lease.delivered, tries, first, before.items)
        earlier = lease.request
        assert earlier is not None  # noqa: S101 - only the root has none
        row = earlier._row
        request._identity = lease.identity
        request._origin = earlier._origin
        request._not_before_at = not_before_at
        if row == RIDES or not self._replaces(row, request):
            request._row = row
        self._dispatch.enqueue(request)
        self._dispatch.notify()

    async def _offered_form(self, lease: Lease) -> bytes | None:
        """Return the stored form of a request as it was offered: hooks have changed the request since."""
        ledger, request = self._ledger, lease.request
        if not self._fates.is_on or request is None or request._row == RIDES:
            return None
        tried = ledger.tried.get(lease.identity)
        if tried is not None:
            return tried.first
        number = request._row or 0
        for rows in (ledger.unwritten, *(cut.rows for cut in ledger.cuts.values())):
            if isinstance(row := rows.get(number), Row):
                return open_envelope(row).form
        stored = await self._store.row(number)
        return None if stored is None else open_envelope(stored).form

    def _replaces(self, number: int | None, request: Request) -> bool:
        """Give a retry its own row; of one that cannot be stored, what it was made of stays stored instead."""
        ledger = self._ledger
        ledger.enter(request)
        if self._is_durable:
            try:
                row = self._records.row(request, ledger.tried[request._identity or 0])
            except UnstorableError:
                ledger.leave(request._row or 0)
                return False
            ledger.unwritten[row.number] = row
        ledger.replace(number or 0, request._row or 0)
        return True

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put unworked leases back at the head of their queues."""
        dispatch = self._dispatch
        for lease in reversed(leases):
            dispatch.leased -= 1
            dispatch.rests(lease)
            if lease.permit is not None:
                self.unsent(lease.permit)
            if lease.request is not None:
                dispatch.enqueue(lease.request, first=True)
        dispatch.notify()

    def deliver(self, lease: Lease, items: int) -> None:
        """Note that ``start()``, which goes on, has delivered items more."""
        self.counts.items += items
        self._ledger.start_delivered = lease.delivered

    def finish(self, lease: Lease, fate: Fate, items: int) -> None:
        """End a visit with its fate."""
        self._dispatch.leased -= 1
        self.counts.items += items
        if lease.request is not None:
            self._end(lease, lease.request, fate, items)
        else:
            # One that was stopped, or raised, is run again: what it has yielded is known then, or skipped.
            self._ledger.has_started = fate.kind is FateKind.DONE and not fate.reason
            self._ledger.start_delivered = lease.delivered
        # What was fetched is done with: thousands of visits may wait for the next checkpoint.
        lease.request = lease.permit = lease.repeats = None
        self._open_group.visits.append((lease, fate, items))
        self.unsealed += 1
        self._dispatch.ended(lease)

    def _end(self, lease: Lease, request: Request, fate: Fate, items: int) -> None:
        ledger = self._ledger
        if fate is DONE:
            ledger.counts.done += 1
        else:
            ledger.counts.count(fate.kind)
        identity = lease.identity
        tried = ledger.tried.pop(identity, None) if ledger.tried else None
        row: Row | None = None
        if request._row == RIDES:
            self._riders.end(identity)
            if self._keeps_new:
                ledger.new[identity] = None
        else:
            row = ledger.leave(request._row or 0)
        if self._fates.is_on:
            record = self._fates.of(lease, fate, items, tried, row)
            if record is not None:
                ledger.fates.append(record)

    def _fail_changed(self, request: Request, is_waiting: bool) -> None:
        """End a pending request that was changed after its offer so that it cannot be stored."""
        dispatch = self._dispatch
        if is_waiting:
            dispatch.take_out(request)
        dispatch.pending -= 1
        dispatch.backlog.in_memory -= 1
        dispatch.leased += 1
        self.finish(Lease(request, request._identity or 0, None), _CHANGED, 0)

    def seal(self) -> Group:
        """Close the open group."""
        group = self._open_group
        self._open_group = Group(number=group.number + 1)
        self._checkpoints.seal(group.number)
        self._dispatch.sweep()
        return group

    async def prepare(self, group: Group) -> Sequence[Lease]:
        """Lose nothing: no other worker shares this frontier."""
        return ()

    async def persist(self, group: Group, snapshot: Snapshot) -> None:
        """Make the group durable, in one transaction; without a job folder, forget it.

        Raises:
            StoreError: nothing of it is stored.
        """
        await self._checkpoints.persist(group.number, snapshot)
        self.unsealed -= len(group.visits)
        group.visits.clear()
        self._dispatch.notify()

    def stop_leasing(self) -> None:
        """Return nothing from ``lease`` any more but riders."""
        self._dispatch.is_draining = True
        self._dispatch.notify()

    # -- looking at it -------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Requests accepted and not leased."""
        return self._dispatch.pending

    def view(self) -> FrontierView:
        """Return the present numbers, with the hosts where most is waiting."""
        counts = self.counts
        return FrontierView(
            offered=counts.offered,
            refused=counts.refused,
            pending=self._dispatch.pending,
            leased=self._dispatch.leased,
            done=counts.done,
            replaced=counts.replaced,
            dropped=counts.dropped,
            failed=counts.failed,
            retried=counts.retried,
            hosts=self._dispatch.hosts,
            busiest=self._dispatch.turns.busiest(),
        )

    def stats(self) -> dict[str, Any]:
        """Return what the seen-set tells of itself; with ``SEEN = bloom`` its error rate is measured now."""
        return self._admission.stats()

    async def balance(self) -> Balance:
        """Count what became of everything offered: in the store's tables, or where nothing is stored, in memory."""
        if self._is_durable:
            return await self._checkpoints.balance(len(self._riders.parents))
        counts = self.counts
        return Balance(
            counts.offered, counts.done, counts.replaced, counts.dropped, counts.failed, self._dispatch.counted()
        )
