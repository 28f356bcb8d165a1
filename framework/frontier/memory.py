"""The frontier of one process, in memory: it dies with its process.

Place in the flow: the engine offers, leases and finishes here (``protocols.Frontier``). The decisions are made by
``hosts.Schedule`` (politeness; ``turns.Turns`` does its waiting), ``parking.Parking`` (gates and times) and the set of
identities; this file puts them together.

Invariants: an accepted request is in exactly one of: a host's queue, the parking, leased, finished. ``pending`` counts
the first two, ``_leased`` the third.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from framework.http import Request
from framework.protocols import (
    DONE,
    Balance,
    Fate,
    FateKind,
    FrontierView,
    Gate,
    Group,
    HostPolicy,
    Job,
    Lease,
    Permit,
    Refusal,
    Resume,
    Snapshot,
    Wait,
)

from .gates import Gates
from .hostkey import host_key
from .hosts import Host, Politeness, Schedule
from .identity import ROOT_IDENTITY, derived, identity_of
from .parking import Parking
from .turns import TIMER_SLACK_S, Turns

logger = logging.getLogger(__name__)


class MemoryFrontier:
    """What to fetch next, and when, for one process.

    Args:
        fingerprinter: says which requests are the same one.
        politeness: the rules that hosts start with.
        gates: asked about each request before it is leased.
        clock: monotonic seconds.
        wall_clock: seconds since 1970, for times that requests and policies carry.

    Attributes:
        pending: requests accepted and not leased.
        unsealed: finished visits that no checkpoint has stored yet.
    """

    def __init__(
        self,
        fingerprinter: Any,
        politeness: Politeness,
        gates: Sequence[Gate] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._identity = identity_of(fingerprinter)
        self._schedule = Schedule(politeness)
        self._is_lifo = politeness.order == "depth"
        self._clock = clock
        self._wall_clock = wall_clock
        self._turns = Turns(self._schedule, clock, wall_clock, self._notify)
        self.sent = self._turns.sent
        self.unsent = self._turns.unsent
        self.landed = self._turns.landed
        self.stalled = self._turns.stalled
        self._gates = Gates(gates, self._wake_token, wall_clock)
        self._seen: set[int] = set()
        self._parking = Parking()
        self._attempts: dict[int, int] = {}
        self._leased = 0
        self._draining = False
        self._waiter: asyncio.Future[None] | None = None
        self._open_group = Group(number=1)
        self.unsealed = 0
        self.pending = 0
        self._offered = self._refused = self._retried = self._done = 0
        self._fates = dict.fromkeys(FateKind, 0)

    # -- the life of a job ---------------------------------------------------------------------------------------

    async def open(self, job: Job) -> Resume:
        """Start afresh: a crawl in memory has no earlier checkpoint."""
        return Resume()

    def root(self) -> Lease:
        """Return the lease of ``spider.start()``; the crawl is not exhausted before it is finished."""
        self._leased += 1
        return Lease(None, ROOT_IDENTITY, None)

    async def close(self, *, clean: bool) -> None:
        """Let everything go."""
        self.stop_leasing()

    # -- offer ---------------------------------------------------------------------------------------------------

    async def offer(self, origin: Lease, batch: Sequence[Request]) -> Sequence[Refusal | None]:
        """Queue what is new, in the order of the page; answer ``"duplicate"`` for what is not.

        What cannot be queued (its fingerprint raises, its priority is no number) is logged and refused as
        ``"broken"``, alone.
        """
        answers: list[Refusal | None] = []
        accepted: list[Request] = []
        for request in batch:
            try:
                fresh = self._admit(origin, request)
            except Exception as error:
                logger.error("%r cannot be queued, and is lost: %s", request, error, exc_info=error)
                answers.append("broken")
                continue
            if fresh is None:
                answers.append("duplicate")
            else:
                answers.append(None)
                accepted.append(fresh)
        self._refused += len(batch) - len(accepted)
        self._offered += len(accepted)
        from_start = origin.request is None
        if self._is_lifo and not from_start:
            accepted.reverse()
        for request in accepted:
            self._enqueue(request, last=from_start)
        if accepted:
            self._notify()
        return answers

    def refuse(self, origin: Lease, request: Request, reason: Refusal) -> None:
        """Forget it: memory keeps no fates."""

    async def balance(self) -> Balance:
        """Return the counters."""
        view = self.view()
        return Balance(view.offered, view.done, view.replaced, view.dropped, view.failed, view.pending + view.leased)

    def is_known(self, request: Request) -> bool:
        """Say whether the request has been offered before."""
        try:
            return self._identity(request) in self._seen
        except Exception:
            return False  # the offer will say what is wrong

    def _admit(self, origin: Lease, request: Request) -> Request | None:
        """Give the request its identity; ``None`` when that identity has been offered before."""
        seen = self._seen
        _check_priority(request)
        if not request.dont_filter:
            identity = self._identity(request)
            if identity in seen:
                return None
        else:
            if request._identity is not None:
                request = request.copy()
            request._retry = None  # a callback may yield what was made for a retry: here it is a request like others
            identity = self._derive(origin, self._identity(request))
        seen.add(identity)
        request._identity = identity
        return request

    def _derive(self, origin: Lease, fingerprint: int) -> int:
        identity = derived(origin.identity, fingerprint, 0)
        if identity in self._seen:
            repeats = origin.repeats
            if repeats is None:
                repeats = origin.repeats = {}
            nth = repeats[fingerprint] = repeats.get(fingerprint, 0) + 1
            identity = derived(origin.identity, fingerprint, nth)
        return identity

    def _enqueue(self, request: Request, *, last: bool = False, first: bool = False) -> None:
        self.pending += 1
        not_before_at = request._not_before_at
        if not_before_at is not None:
            now = self._clock()
            self._parking.wait_until(now + max(0.0, not_before_at - self._wall_clock()), request)
            return
        self._push(request, last=last, first=first)

    def _push(self, request: Request, *, last: bool = False, first: bool = False) -> None:
        host = self._schedule.host(host_key(request))
        queue = host.queue
        head_priority = queue.head_priority if queue else None
        if last:
            queue.push_last(request)
        elif first:
            queue.push_first(request)
        else:
            queue.push(request)
        if queue.head_priority != head_priority or head_priority is None:
            self._schedule.place(host, self._clock())

    # -- lease ---------------------------------------------------------------------------------------------------

    async def lease(self, limit: int) -> Sequence[Lease]:
        """Return up to ``limit`` requests whose turn is now; wait for one otherwise."""
        while not self._draining:
            now = self._clock()
            leases = self._take(limit, now)
            if leases:
                return leases
            if not self.pending and not self._leased:
                break
            await self._wait(min(self._schedule.next_at(), self._parking.next_at()))
        return ()

    def _take(self, limit: int, now: float) -> list[Lease]:
        for request in reversed(self._parking.due(now)):
            request._not_before_at = None
            self._push(request, first=True)
        leases: list[Lease] = []
        schedule = self._schedule
        while len(leases) < limit:
            host = schedule.take(now)
            if host is None:
                break
            next_request = self._next_of(host, now)
            if next_request is not None:
                schedule.reserve(host, now)
                leases.append(self._lease(next_request, host))
        return leases

    def _next_of(self, host: Host, now: float) -> Request | None:
        """Pop the host's first request that every gate lets through; park the others."""
        queue = host.queue
        while queue:
            request = queue.pop()
            if self._may_go(request, now):
                return request
        return None

    def _may_go(self, request: Request, now: float) -> bool:
        """Ask the gates; park the request that one of them refuses."""
        answer = self._gates.answer(request)
        if answer is None:
            return True
        if isinstance(answer, Wait):
            self._parking.wait_for(answer.token, request)
        else:
            self._parking.wait_until(now + max(0.0, answer - self._wall_clock()), request)
        return False

    def _lease(self, request: Request, host: Host) -> Lease:
        self.pending -= 1
        self._leased += 1
        identity = request._identity
        assert identity is not None  # noqa: S101 - set by ``_admit``
        attempt = self._attempts.get(identity, 1) if self._attempts else 1
        return Lease(request, identity, Permit(host, host.key), attempt)

    def _wake_token(self, token: Hashable, count: int | None = None) -> None:
        """Ask again about the requests that a gate had refused under ``token``, nested fetches first."""
        count = self._gates.wake_nested(token, count)
        for request in reversed(self._parking.woken(token, count)):
            self._push(request, first=True)
        self._notify()

    async def _wait(self, until: float) -> None:
        """Wait for a change or until the monotonic time ``until``."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None
        if until < math.inf:
            timer = loop.call_later(max(0.0, until - self._clock()) + TIMER_SLACK_S, self._notify)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _notify(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Lose nothing: no other worker shares this frontier."""
        return ()

    # -- politeness ----------------------------------------------------------------------------------------------

    async def permit(self, request: Request, visit: Lease | None) -> Permit:
        """Wait for a host's turn for a nested fetch; these go before the host's queue, first come first served."""
        await self._gates.let_through(request)
        return await self._turns.wait(host_key(request))

    def set_host(self, host: str, policy: HostPolicy) -> None:
        """Change one host's politeness."""
        self._turns.set_host(host, policy)

    def host_key(self, request: Request) -> str:
        """Return the name of the request's host."""
        return host_key(request)

    # -- the end of a visit --------------------------------------------------------------------------------------

    async def requeue(self, lease: Lease, request: Request, *, not_before_at: float | None, reason: str) -> None:
        """Put a retry back under the same identity."""
        _check_priority(request)
        self._leased -= 1
        self._retried += 1
        self._attempts[lease.identity] = lease.attempt + 1
        request._identity = lease.identity
        request._not_before_at = not_before_at
        self._enqueue(request)
        self._notify()

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put unworked leases back at the head of their queues."""
        for lease in reversed(leases):
            self._leased -= 1
            if lease.permit is not None:
                self.unsent(lease.permit)
            if lease.request is not None:
                self._enqueue(lease.request, first=True)
        self._notify()

    def finish(self, lease: Lease, fate: Fate, items: int) -> None:
        """End a visit with its fate."""
        self._leased -= 1
        if lease.request is not None:
            if fate is DONE:
                self._done += 1
            else:
                self._fates[fate.kind] += 1
            if self._attempts:
                self._attempts.pop(lease.identity, None)
        # What was fetched is done with: thousands of visits may wait for the next checkpoint.
        lease.request = lease.permit = None
        self._open_group.visits.append((lease, fate, items))
        self.unsealed += 1
        if not self._leased:
            self._notify()

    def seal(self) -> Group:
        """Close the open group."""
        group = self._open_group
        self._open_group = Group(number=group.number + 1)
        return group

    async def prepare(self, group: Group) -> Sequence[Lease]:
        """Lose nothing: no other worker shares this frontier."""
        return ()

    async def persist(self, group: Group, snapshot: Snapshot) -> None:
        """Forget the group: memory keeps nothing for a later process."""
        self.unsealed -= len(group.visits)
        group.visits.clear()

    def stop_leasing(self) -> None:
        """Return nothing from ``lease`` any more."""
        self._draining = True
        self._notify()

    # -- looking at it -------------------------------------------------------------------------------------------

    def view(self) -> FrontierView:
        """Return the present numbers, with the hosts where most is waiting."""
        return FrontierView(
            offered=self._offered,
            refused=self._refused,
            pending=self.pending,
            leased=self._leased,
            done=self._done + self._fates[FateKind.DONE],
            replaced=self._fates[FateKind.REPLACED],
            dropped=self._fates[FateKind.DROPPED],
            failed=self._fates[FateKind.FAILED],
            retried=self._retried,
            hosts=len(self._schedule.hosts),
            busiest=self._turns.busiest(),
        )


def _check_priority(request: Request) -> None:
    """Refuse, before anything has changed, what could not be compared with others later on."""
    if request.priority.__class__ is not int and not isinstance(request.priority, int):
        msg = f"its priority must be an int, not {request.priority!r}"  # type: ignore[unreachable]
        raise TypeError(msg)
