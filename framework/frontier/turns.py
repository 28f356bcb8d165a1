"""The turns of hosts: reserved, used, given back. The waiting side of politeness around the pure ``Schedule``.

Place in the flow: a frontier reserves a turn with each lease and asks here for those of nested fetches; the engine
says what becomes of each (*sent*, *unsent*, *landed*). Whatever frees a turn wakes who waits for it: first the nested
fetches of that host, then the frontier's lease, through ``on_change``.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable

from framework.protocols import HostPolicy, HostView, Landing, Permit

from .hosts import Host, Schedule

# Looking up a member of an enumeration takes longer than all the rest of a landing, so the usual one is compared.
_ANSWERED = Landing.ANSWERED
_OTHER_LANDINGS = {Landing.SILENT: False, Landing.UNKNOWN: None}
_BUSIEST = 5
_BUSIEST_COST_S = 1e-4
TIMER_SLACK_S = 0.0005
"""Added to every timer, since one may fire a little early (uvloop counts in milliseconds)."""


class Turns:
    """Gives out the turns of a schedule and takes them back.

    Args:
        schedule: the hosts and their rules.
        clock: monotonic seconds.
        wall_clock: seconds since 1970, for the times that policies carry.
        on_change: called when a lease may have become possible.
    """

    def __init__(
        self,
        schedule: Schedule,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        on_change: Callable[[], None],
    ) -> None:
        self._schedule = schedule
        self._clock = clock
        self._wall_clock = wall_clock
        self._on_change = on_change
        self._timers: dict[Host, asyncio.TimerHandle] = {}
        self._busiest: tuple[HostView, ...] = ()
        self._busiest_at = -math.inf

    async def wait(self, key: str) -> Permit:
        """Wait for a turn of the host ``key`` for a nested fetch; these go before the host's queue, in their order."""
        host = self._schedule.host(key)
        granted: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        if host.waiters is None:
            host.waiters = deque()
        host.waiters.append(granted)
        self._grant(host)
        try:
            return await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.unsent(granted.result())
            elif host.waiters and granted in host.waiters:
                host.waiters.remove(granted)
                self._schedule.place(host, self._clock())
                self._on_change()
            raise

    def _grant(self, host: Host) -> None:
        """Give turns to the nested fetches that wait for this host, as far as its rules allow now."""
        schedule = self._schedule
        now = self._clock()
        while host.waiters:
            at = schedule.opens_at(host)
            if at > now:
                self._grant_later(host, at - now)
                return
            granted = host.waiters.popleft()
            if granted.cancelled():
                continue
            schedule.reserve(host, now)
            granted.set_result(Permit(host, host.key))
        schedule.place(host, now)
        self._on_change()

    def _grant_later(self, host: Host, wait_s: float) -> None:
        """Look again when the host's turn has come; ``inf`` when it takes an event to bring it."""
        timer = self._timers.pop(host, None)
        if timer is not None:
            timer.cancel()
        if wait_s < math.inf:
            loop = asyncio.get_running_loop()
            self._timers[host] = loop.call_later(wait_s + TIMER_SLACK_S, self._on_timer, host)

    def _on_timer(self, host: Host) -> None:
        del self._timers[host]
        self._grant(host)

    def _changed(self, host: Host) -> None:
        """Let go on what a freed turn may let go on."""
        if host.waiters:
            self._grant(host)
        else:
            self._on_change()

    def sent(self, permit: Permit) -> None:
        """Start the host's delay: the request is on the wire."""
        if permit.state != "reserved":
            return
        permit.state = "sent"
        now = permit.sent_at = self._clock()
        host = permit.host
        self._schedule.send(host, now)
        if host.delay_s:
            self._changed(host)

    def unsent(self, permit: Permit) -> None:
        """Give a turn back unused; nothing happens to one that was used."""
        if permit.state != "reserved":
            return
        permit.state = "over"
        host = permit.host
        if host.stalled is permit:
            host.stalled = None
        self._schedule.give_back(host, self._clock())
        self._changed(host)

    def landed(self, permit: Permit, landing: Landing) -> None:
        """Free the host's slot."""
        if permit.state == "reserved":  # it failed before it was sent: the connection could not be made
            self.sent(permit)
        if permit.state != "sent":
            return
        permit.state = "over"
        host = permit.host
        answered = True if landing is _ANSWERED else _OTHER_LANDINGS[landing]
        self._schedule.land(host, self._clock(), answered=answered)
        self._changed(host)

    def stalled(self, permit: Permit) -> None:
        """Lease nothing more of the host until something of it lands."""
        if permit.state != "over":
            permit.host.stalled = permit
            self._schedule.place(permit.host, self._clock())

    def set_host(self, key: str, policy: HostPolicy) -> None:
        """Change one host's politeness."""
        entry = self._schedule.host(key)
        entry.has_own_rules |= policy.delay_s is not None or policy.concurrency is not None
        if policy.delay_s is not None:
            entry.delay_s = policy.delay_s
        if policy.concurrency is not None:
            entry.concurrency = policy.concurrency
        now = self._clock()
        if policy.hold_until_at is not None:
            self._schedule.hold(entry, now + policy.hold_until_at - self._wall_clock(), now)
        self._schedule.place(entry, now)
        self._changed(entry)

    def busiest(self) -> tuple[HostView, ...]:
        """Return the hosts where most is waiting; looked up anew only as often as their number allows."""
        hosts = self._schedule.hosts
        now = self._clock()
        if now - self._busiest_at >= len(hosts) * _BUSIEST_COST_S:
            most = heapq.nlargest(_BUSIEST, hosts.values(), key=lambda host: len(host.queue))
            self._busiest = tuple(HostView(h.key, len(h.queue), h.active, h.delay_s, h.failures) for h in most)
            self._busiest_at = now
        return self._busiest
