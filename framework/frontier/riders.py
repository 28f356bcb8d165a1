"""Requests that cannot be stored: they ride on the visit that yielded them, in memory.

Place in the flow: the frontier accepts them here and says at the lease on whom one rides; whoever commits visits holds
a parent until its riders have ended. So a crash finds the parent uncommitted, and crawls it and its riders again.
"""

from __future__ import annotations

from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import Lease


class Riders:
    """Who rides on whom.

    Args:
        parents_max: visits that may wait for riders at the same time.
    """

    __slots__ = ("_parents_max", "_waiting", "parents")

    def __init__(self, parents_max: int) -> None:
        self._parents_max = parents_max
        self._waiting: dict[Lease, int] = {}
        self.parents: dict[int, Lease] = {}

    def may_ride(self, origin: Lease) -> bool:
        """Say whether one more rider of ``origin`` is allowed."""
        return origin in self._waiting or len(self._waiting) < self._parents_max

    def accept(self, request: Request, origin: Lease) -> None:
        """Let an accepted request ride on its parent."""
        request._row = RIDES
        self.parents[request._identity or 0] = origin
        self._waiting[origin] = self._waiting.get(origin, 0) + 1
        origin.riders += 1

    def end(self, identity: int) -> None:
        """Take note that a rider has ended, or was given up."""
        parent = self.parents.pop(identity, None)
        if parent is not None:
            left = self._waiting[parent] = self._waiting[parent] - 1
            if not left:
                del self._waiting[parent]
