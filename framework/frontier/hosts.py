"""Politeness, decided in plain synchronous code: which host's turn is now, and when is the next one's.

Place in the flow: a frontier keeps one ``Schedule``; it asks ``take`` at every lease and tells it what happens to the
turns it gave out. Nothing here sleeps, does I/O or reads a clock: each method is given the time in monotonic seconds.

A host is in exactly one place:

- *idle*: nothing waits;
- *ready*: in the heap of hosts whose turn may come now, by (highest head priority, least recently served);
- *timed*: in the heap of hosts by the time of their next turn;
- *blocked*: at its concurrency, or its delay runs from a send that has not happened yet, or a nested fetch goes first.

Entries of the heaps are never searched: placing a host anew raises its ``stamp``, and entries of an older stamp are
passed over when they come up.

Invariants: ``active`` never exceeds the host's concurrency; between two *sends* of a host with a delay at least the
(randomised) delay passes, since a turn is only given out when no turn is reserved and ``next_at`` has come.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .failed import FailedHosts
from .queue import CrawlOrder, RequestQueue

_COMPACT_ABOVE = 1024


class OwnRules(Protocol):
    """One host's own rules; ``None`` leaves a value as it is for all. An entry of ``DOWNLOAD_SLOTS`` fits."""

    @property
    def delay_s(self) -> float | None:
        """Return seconds between two sends."""
        ...

    @property
    def randomize_delay(self) -> bool | None:
        """Say whether the delay is spread."""
        ...

    @property
    def concurrency(self) -> int | None:
        """Return transfers at the same time."""
        ...


@dataclass(frozen=True, slots=True)
class HostOwnRules:
    """The plain form of ``OwnRules``."""

    delay_s: float | None = None
    randomize_delay: bool | None = None
    concurrency: int | None = None


_NO_RULES = HostOwnRules()


@dataclass(frozen=True, slots=True)
class Politeness:
    """The rules that a host starts with.

    Attributes:
        delay_s: seconds between two sends to one host.
        randomize: spread each delay evenly over 0.5 to 1.5 times ``delay_s``.
        concurrency: transfers at the same time.
        own_rules: the rules of single hosts (the setting ``DOWNLOAD_SLOTS``).
        dead_after: failures in a row after which a host gets one probe at a time.
        order: within a host, depth-first or breadth-first.
    """

    delay_s: float = 0.0
    randomize: bool = True
    concurrency: int = 8
    own_rules: Mapping[str, OwnRules] = field(default_factory=dict)
    dead_after: int = 5
    order: CrawlOrder = "depth"


class Host:
    """The unit of politeness: its rules, its waiting requests, its turns given out.

    Attributes:
        digest: the host's name as a number, for whoever stores its requests.
        has_own_rules: a rule was changed after the host was made, and is known nowhere else.
    """

    __slots__ = (
        "active",
        "concurrency",
        "delay_s",
        "digest",
        "failures",
        "has_own_rules",
        "hold_until",
        "key",
        "next_at",
        "number",
        "queue",
        "randomize",
        "reserved",
        "served",
        "stalled",
        "stamp",
        "waiters",
    )

    def __init__(self, key: str, number: int, politeness: Politeness) -> None:
        own = politeness.own_rules.get(key, _NO_RULES)
        self.key = key
        self.number = number
        self.delay_s = politeness.delay_s if own.delay_s is None else own.delay_s
        self.randomize = politeness.randomize if own.randomize_delay is None else own.randomize_delay
        self.concurrency = politeness.concurrency if own.concurrency is None else own.concurrency
        self.queue = RequestQueue(politeness.order)
        # Made when a nested fetch waits: there may be a million hosts.
        self.waiters: deque[Any] | None = None
        self.digest: int | None = None
        self.has_own_rules = False
        self.active = 0
        self.reserved = 0
        self.stalled: Any = None
        self.failures = 0
        self.next_at = 0.0
        self.hold_until = 0.0
        self.served = 0
        self.stamp = 0

    def __repr__(self) -> str:
        return f"<Host {self.key}: {len(self.queue)} waiting, {self.active}/{self.concurrency} active>"


class Schedule:
    """Which host's turn is now.

    Args:
        politeness: the rules that hosts start with.
        uniform: ``random.uniform`` or a stand-in for tests.

    Attributes:
        hosts: by name.
        line: the same, the next first whose queue is to leave memory.
    """

    def __init__(self, politeness: Politeness, uniform: Any = random.uniform) -> None:
        self.politeness = politeness
        self.hosts: dict[str, Host] = {}
        self.line: deque[Host] = deque()
        self._failed = FailedHosts()
        self._uniform = uniform
        self._ready: list[tuple[int, int, int, int, Host]] = []
        self._timed: list[tuple[float, int, int, Host]] = []
        self._served = 0
        self._numbers = 0

    def host(self, key: str) -> Host:
        """Return the host of this name, made when it is first asked for."""
        host = self.hosts.get(key)
        if host is None:
            self._numbers += 1
            host = self.hosts[key] = Host(key, self._numbers, self.politeness)
            host.failures = self._failed.take(key)
            self.line.append(host)
        return host

    def forget_idle(self, now: float) -> None:
        """Let go of the hosts that wait for nothing and of which nothing has to be remembered but their failures."""
        for host in list(self.hosts.values()):
            if self.is_idle(host, now):
                self.forget(host)
        left = [host for host in self.line if self.hosts.get(host.key) is host]
        self.line.clear()
        self.line.extend(left)

    def forget(self, host: Host) -> None:
        """Let go of an idle host, which is out of the line already; its failures are kept for when it is met again."""
        if host.failures:
            self._failed.remember(host.key, host.failures)
        del self.hosts[host.key]
        host.stamp += 1

    @staticmethod
    def is_idle(host: Host, now: float) -> bool:
        """Say whether nothing has to be remembered of this host but its failures: no turn, no wait, no own rule."""
        return not (
            host.queue
            or host.active
            or host.waiters
            or host.has_own_rules
            or host.next_at > now
            or host.hold_until > now
        )

    def opens_at(self, host: Host) -> float:
        """Return when the host's next turn may be given out, as far as is known; ``inf`` while it is blocked."""
        limit = host.concurrency
        if host.stalled or host.failures >= self.politeness.dead_after:
            limit = 1
        if host.active >= limit or (host.delay_s and host.reserved):
            return math.inf
        return max(host.hold_until, host.next_at)

    def place(self, host: Host, now: float) -> None:
        """Put a host where it belongs after any change of its queue, rules or turns."""
        host.stamp += 1
        if not host.queue or host.waiters:
            return
        at = self.opens_at(host)
        if at <= now:
            heapq.heappush(self._ready, (-host.queue.head_priority, host.served, host.number, host.stamp, host))
            if len(self._ready) > _COMPACT_ABOVE + 4 * len(self.hosts):
                self._ready = [entry for entry in self._ready if entry[3] == entry[4].stamp]
                heapq.heapify(self._ready)
        elif at < math.inf:
            heapq.heappush(self._timed, (at, host.number, host.stamp, host))

    def take(self, now: float) -> Host | None:
        """Return the host whose turn is now, with a turn not yet reserved; ``None`` when there is none.

        The caller pops the host's queue and calls either ``reserve`` or ``place``.
        """
        timed = self._timed
        while timed and timed[0][0] <= now:
            _, _, stamp, host = heapq.heappop(timed)
            if stamp == host.stamp:
                self.place(host, now)
        ready = self._ready
        while ready:
            _, _, _, stamp, host = heapq.heappop(ready)
            if stamp == host.stamp:
                return host
        return None

    def next_at(self) -> float:
        """Return when the next timed host is due; ``inf`` when none is."""
        timed = self._timed
        while timed and timed[0][2] != timed[0][3].stamp:
            heapq.heappop(timed)
        return timed[0][0] if timed else math.inf

    def reserve(self, host: Host, now: float) -> None:
        """Give out a turn of the host."""
        self._served += 1
        host.served = self._served
        host.active += 1
        host.reserved += 1
        self.place(host, now)

    def send(self, host: Host, now: float) -> None:
        """Use a reserved turn: the delay runs from ``now``."""
        host.reserved -= 1
        delay_s = host.delay_s
        if delay_s:
            host.next_at = now + (self._uniform(0.5 * delay_s, 1.5 * delay_s) if host.randomize else delay_s)
            self.place(host, now)

    def give_back(self, host: Host, now: float) -> None:
        """Take back a reserved turn that was not used."""
        host.reserved -= 1
        host.active -= 1
        self.place(host, now)

    def land(self, host: Host, now: float, *, answered: bool | None) -> None:
        """End a used turn. ``answered`` is ``None`` where the end says nothing of the host."""
        was_free = host.active < host.concurrency and not host.failures and not host.stalled
        host.active -= 1
        host.stalled = None
        if answered:
            host.failures = 0
        elif answered is False:
            host.failures += 1
        if was_free and not host.failures:
            return  # it is where it belongs already
        if host.queue and not host.waiters:
            self.place(host, now)

    def hold(self, host: Host, until: float, now: float) -> None:
        """Give out no turn of the host before ``until``; never shortens a hold."""
        if until > host.hold_until:
            host.hold_until = until
            self.place(host, now)
