"""Which requests go now: the queues of hosts, the gates, the waiting for a turn.

Place in the flow: step 3 of a request's life. ``LocalFrontier`` hands over what it accepted and what comes back; the
engine's ``lease`` is answered here. What is not in memory is fetched from the disk when its turn is near (``backlog``).

Invariant: an accepted request is in exactly one of: a host's queue, the parking, the suspects' list, on disk alone,
leased, finished. ``pending`` counts all but the last two, ``leased`` the leased ones.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

from framework.exceptions import DamagedJob
from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import Fate, FateKind, Gate, Lease, Permit, Wait

from .backlog import Backlog
from .gates import Gates
from .hostkey import host_key
from .hosts import Host, Politeness, Schedule
from .ledger import Ledger
from .parking import Parking
from .records import Records, digest_of
from .riders import Riders
from .seen import SeenSet
from .store.rows import Row
from .store.sqlite import Store
from .suspects import Suspects, tell_alone, tell_failed
from .turns import TIMER_SLACK_S, Turns

_SUSPECT = Fate(FateKind.FAILED, "suspect")
_ROTATE_EVERY_S = 1.0
_LOOK_EVERY_S = 1.0
_LOOK_SHARE = 20


class Dispatch:
    """Gives out requests in turn.

    Args:
        politeness: the rules that hosts start with.
        gates: asked about each request before it is leased.
        records: reads rows.
        ledger: what the store does not know yet.
        store: where requests are that are not in memory.
        seen: what was offered before.
        riders: requests that cannot be stored.
        in_memory_max: pending requests and hosts in memory.
        inflight: file for what is in flight.
        clock, wall_clock: seconds, monotonic and since 1970.

    Attributes:
        pending: requests accepted and not leased.
        leased: leases that have not ended, the root's included.
        turns: politeness.
        backlog: what is in memory.
        is_draining: only riders are leased from now on.
    """

    def __init__(  # noqa: PLR0913 - built in one place
        self,
        politeness: Politeness,
        gates: Sequence[Gate],
        *,
        records: Records,
        ledger: Ledger,
        store: Store,
        seen: SeenSet,
        riders: Riders,
        in_memory_max: int,
        inflight: Path | None,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._records = records
        self._ledger = ledger
        self._store = store
        self._is_durable = store.path is not None
        self._is_lifo = politeness.order == "depth"
        self._schedule = Schedule(politeness)
        self.turns = Turns(self._schedule, clock, wall_clock, self.notify)
        self._gates = Gates(gates, self._wake_token, wall_clock)
        self._parking = Parking()
        self._riders = riders
        self.suspects = Suspects(inflight)
        self._is_watched = inflight is not None
        self._alone: list[Request] = []
        self._is_alone = False
        self.backlog = Backlog(self._schedule, ledger, store, seen, self._restore, in_memory_max=in_memory_max)
        self.is_draining = False
        self._only_riders = False
        self._rotated_at = -math.inf
        # While all on disk belongs to hosts that wait for their turn, a look there costs time and gives nothing.
        self._look_again_at = math.inf
        self._changes = 0
        self._waiter: asyncio.Future[None] | None = None
        self.pending = 0
        self.leased = 0

    # -- what waits ----------------------------------------------------------------------------------------------

    def enqueue(self, request: Request, *, last: bool = False, first: bool = False) -> None:
        """Take a request that waits from now on."""
        self.pending += 1
        self.backlog.in_memory += 1
        if request._not_before_at is not None:
            self._park_until(request._not_before_at, request)
        else:
            self._push(request, last=last, first=first)

    def _park_until(self, at: float, request: Request) -> None:
        """Park a request until a time of the wall clock."""
        self._parking.wait_until(self._clock() + max(0.0, at - self._wall_clock()), request)

    def _push(self, request: Request, *, last: bool = False, first: bool = False) -> None:
        if self._only_riders and request._row != RIDES:
            self.backlog.in_memory -= 1  # it waits for a later run
            return
        key = host_key(request)
        host = self._schedule.hosts.get(key)
        if host is None:
            if self.backlog.is_crowded and not first and request.priority <= 0 and request._row != RIDES:
                self.backlog.bound.append(request)  # a cold host more
                self.backlog.has_gone_cold = True
                return
            host = self._schedule.host(key)
        queue = host.queue
        is_behind = queue.spilled and not first and (last or not self._is_lifo) and request.priority in queue.spilled
        if is_behind and request._row != RIDES:
            self.backlog.bound.append(request)  # its place is behind what is on disk
            return
        head_priority = queue.head_priority if queue else None
        if last:
            queue.push_last(request)
        elif first:
            queue.push_first(request)
        else:
            queue.push(request)
        if queue.head_priority != head_priority or head_priority is None:
            self._schedule.place(host, self._clock())

    def take_out(self, request: Request) -> None:
        """Take a pending request out of where it waits in memory."""
        host = self._schedule.hosts.get(host_key(request))
        if host is not None and host.queue.keep_only(lambda other: other is not request):
            self._schedule.place(host, self._clock())
        elif not self._parking.discard(request):
            self.backlog.bound = [other for other in self.backlog.bound if other is not request]

    def _restore(self, row: Row) -> Host | None:
        """Take a pending request back into memory, at the end of its queue."""
        request, tried = self._records.request(row, self._wall_clock())
        if tried is not None:
            self._ledger.tried[row.identity] = tried
        if request._not_before_at is not None:
            self._park_until(request._not_before_at, request)
            return None
        host = self._schedule.host(host_key(request))
        if self._is_lifo:
            host.queue.push_last(request)
        else:
            host.queue.push(request)
        return host

    @property
    def hosts(self) -> int:
        """Return how many hosts are in memory."""
        return len(self._schedule.hosts)

    async def make_room(self) -> None:
        """Spill what there is no room for; a lease may have waited for just that."""
        await self.backlog.spill(self._clock())
        self.notify()

    def sweep(self) -> None:
        """Let go of hosts that wait for nothing, now and then."""
        self.backlog.sweep(self._clock())

    def counted(self) -> int:
        """Count the pending requests where they are."""
        queued = sum(len(host.queue) for host in self._schedule.hosts.values())
        on_disk = self.pending - self.backlog.in_memory
        return queued + len(self._parking) + len(self._alone) + len(self.backlog.bound) + on_disk

    def ended(self, lease: Lease) -> None:
        """Take note that a lease has ended."""
        self.rests(lease)
        if not self.leased or self.is_draining or self._alone:
            self.notify()

    # -- lease ---------------------------------------------------------------------------------------------------

    async def lease(self, limit: int) -> Sequence[Lease]:
        """Return up to ``limit`` requests whose turn is now; wait for one otherwise.

        After ``stop_leasing`` only requests that ride on a visit are leased; nothing when there are none.
        """
        while not self.is_draining or self._has_riders():
            if self.backlog.is_swamped:
                # Visits that wait for the disk hold what they found: let there be no more of them.
                await self.make_room()
            now, changes = self._clock(), self._changes
            if not self._only_riders and self.backlog.wants_more(self.pending):
                await self.backlog.refill(now, is_idle=False)
            if self.is_draining and not self._only_riders:
                continue  # since a moment ago: what was just loaded waits for a later run
            leases = self._take(limit, now) or self._take_alone(now)
            if leases:
                return leases
            if not self.pending and not self.leased:
                break
            # Somebody may have ended while the disk was asked, and was not waited for.
            if not await self._found_on_disk(now) and changes == self._changes:
                await self._wait(min(self._schedule.next_at(), self._parking.next_at(), self._look_again_at))
        return ()

    def _has_riders(self) -> bool:
        """Say whether there are riders, while draining; from then on these alone are in memory."""
        if not self._riders.parents:
            return False
        if not self._only_riders:
            self._only_riders = True
            now = self._clock()
            for host in self._schedule.hosts.values():
                self.backlog.in_memory -= host.queue.keep_only(lambda request: request._row == RIDES)
                self._schedule.place(host, now)
            alone, self._alone = self._alone, [request for request in self._alone if request._row == RIDES]
            self.backlog.in_memory -= len(alone) - len(self._alone)
        return True

    async def _found_on_disk(self, now: float) -> bool:
        """Load what may go when nothing in memory can; say whether something came."""
        backlog = self.backlog
        looks_again_at, self._look_again_at = self._look_again_at, math.inf
        # What is on its way to the disk can be leased only when it has come back from there.
        if self._only_riders or self.pending <= backlog.in_memory - len(backlog.bound):
            return False
        if now < looks_again_at < math.inf and not backlog.has_gone_cold:
            self._look_again_at = looks_again_at
            return False
        if not backlog.has_room and now - self._rotated_at >= _ROTATE_EVERY_S:
            self._rotated_at = now
            await backlog.rotate(now)
        if await backlog.refill(now, is_idle=True):
            return True
        if backlog.has_blocked:
            ended_at = self._clock()
            self._look_again_at = ended_at + max(_LOOK_EVERY_S, _LOOK_SHARE * (ended_at - now))
        elif backlog.has_room and not self._ledger.cuts and self.pending > backlog.in_memory:
            msg = (
                f"{self._store.path}: {self.pending - backlog.in_memory} pending requests are not in it. This is a "
                "defect of fwk or of the disk: report it, and start a new job"
            )
            raise DamagedJob(msg)
        return False

    def _take(self, limit: int, now: float) -> list[Lease]:
        for request in reversed(self._parking.due(now)):
            request._not_before_at = None
            self._push(request, first=True)
        leases: list[Lease] = []
        if self._is_alone:
            return leases
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
        suspects = self.suspects.known
        while queue:
            request = queue.pop()
            if queue.spilled:
                self.backlog.popped(host)
            if suspects and request._identity in suspects:
                self._alone.append(request)
            elif self._may_go(request, host, now):
                return request
        return None

    def _may_go(self, request: Request, host: Host, now: float) -> bool:
        """Ask the gates; park the request that one of them refuses, and fail one that cannot be stored any more."""
        answer = self._gates.answer(request)
        if answer is None:
            if not self._is_durable or request._row == RIDES:
                return True
            if host.digest is None:
                host.digest = digest_of(host.key)
            return self._ledger.freeze(request, host.digest)
        if isinstance(answer, Wait):
            self._parking.wait_for(answer.token, request)
        else:
            self._parking.wait_until(now + max(0.0, answer - self._wall_clock()), request)
        return False

    def _take_alone(self, now: float) -> list[Lease]:
        """Lease one of the requests that were in flight at too many deaths, when nothing else is in flight."""
        if not self._alone or self._is_alone or self.suspects.in_flight:
            return []
        request = self._alone.pop()
        host = self._schedule.host(host_key(request))
        at = self._schedule.opens_at(host)
        if self.suspects.known[request._identity or 0].is_guilty:
            return [self._lease_guilty(request, host, now)]
        if at > now:
            self._alone.append(request)
            if at < math.inf:
                asyncio.get_running_loop().call_later(at - now + TIMER_SLACK_S, self.notify)
            return []
        if not self._may_go(request, host, now):
            return []
        self._schedule.reserve(host, now)
        self._is_alone = True
        tell_alone(request)
        return [self._lease(request, host)]

    def _lease_guilty(self, request: Request, host: Host, now: float) -> Lease:
        """Lease, to be failed, a request that the process died of each time that it was alone in flight."""
        tell_failed(request)
        self._schedule.reserve(host, now)
        lease = self._lease(request, host)
        assert lease.permit is not None  # noqa: S101 - only the root has none
        self.turns.unsent(lease.permit)
        lease.fate = _SUSPECT
        return lease

    def _lease(self, request: Request, host: Host) -> Lease:
        self.pending -= 1
        self.backlog.in_memory -= 1
        self.leased += 1
        identity = request._identity
        assert identity is not None  # noqa: S101 - set at the offer
        lease = Lease(request, identity, Permit(host, host.key))
        ledger = self._ledger
        if ledger.tried:
            tried = ledger.tried.get(identity)
            if tried is not None:
                lease.attempt, lease.delivered = tried.attempt, tried.delivered
        if request._row == RIDES:
            lease.rides_on = self._riders.parents[identity]
        if self._is_watched:
            lease.record = self.suspects.enter(identity)
        return lease

    def rests(self, lease: Lease) -> None:
        """Suspect no longer a lease that has landed, or that waits for its riders."""
        if lease.record is not None:
            self.suspects.leave(lease.record)
            lease.record = None
            self._is_alone = False

    # -- waiting -------------------------------------------------------------------------------------------------

    async def permit(self, request: Request, visit: Lease | None) -> Permit:
        """Wait for a host's turn for a nested fetch; these go before the host's queue, first come first served."""
        await self._gates.let_through(request)
        return await self.turns.wait(host_key(request))

    def _wake_token(self, token: Hashable, count: int | None = None) -> None:
        """Ask again about the requests that a gate had refused under ``token``, nested fetches first."""
        count = self._gates.wake_nested(token, count)
        for request in reversed(self._parking.woken(token, count)):
            self._push(request, first=True)
        self.notify()

    async def _wait(self, until: float) -> None:
        """Wait for a change or until the monotonic time ``until``."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None
        if until < math.inf:
            timer = loop.call_later(max(0.0, until - self._clock()) + TIMER_SLACK_S, self.notify)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def notify(self) -> None:
        """Let ``lease`` look again."""
        self._changes += 1
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
