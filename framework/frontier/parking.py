"""Requests that wait for something else than their host: a gate that said "later", or their own not-before time.

Place in the flow: at the lease the frontier asks the gates about each request and parks here those that may not go.
Nothing is polled: a gate wakes its token's requests, and the earliest time says when to look again.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Hashable

from framework.http import Request


class Parking:
    """Requests by the token of the gate that refused them, and requests by time."""

    def __init__(self) -> None:
        self._by_token: dict[Hashable, deque[Request]] = {}
        self._by_time: list[tuple[float, int, Request]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._by_time) + sum(map(len, self._by_token.values()))

    def wait_for(self, token: Hashable, request: Request) -> None:
        """Park a request until ``token`` is woken."""
        self._by_token.setdefault(token, deque()).append(request)

    def wait_until(self, at: float, request: Request) -> None:
        """Park a request until ``at`` (monotonic seconds)."""
        heapq.heappush(self._by_time, (at, next(self._order), request))

    def woken(self, token: Hashable, count: int | None = None) -> list[Request]:
        """Take out the requests of a token, all or the ``count`` that came first, in the order they came."""
        waiting = self._by_token.get(token)
        if waiting is None:
            return []
        if count is None or count >= len(waiting):
            del self._by_token[token]
            return list(waiting)
        return [waiting.popleft() for _ in range(count)]

    def discard(self, request: Request) -> bool:
        """Take out one request; say whether it was here."""
        before = len(self)
        self._by_time = [entry for entry in self._by_time if entry[2] is not request]
        heapq.heapify(self._by_time)
        for token, waiting in list(self._by_token.items()):
            left = deque(other for other in waiting if other is not request)
            if left:
                self._by_token[token] = left
            else:
                del self._by_token[token]
        return len(self) < before

    def due(self, now: float) -> list[Request]:
        """Take out the requests whose time has come, the earliest first."""
        heap = self._by_time
        due = []
        while heap and heap[0][0] <= now:
            due.append(heapq.heappop(heap)[2])
        return due

    def next_at(self) -> float:
        """Return the earliest time; ``inf`` when nothing waits for one."""
        return self._by_time[0][0] if self._by_time else math.inf
