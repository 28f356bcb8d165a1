"""The waiting requests of one host: highest priority first, then depth-first or breadth-first.

Place in the flow: each ``Host`` of the schedule owns one queue. A queue of a single priority (nearly all are) is one
deque; further priorities make a dictionary of deques and a sorted list of their numbers.

Invariants: ``head_priority`` is the priority of what ``pop`` returns next; ``len`` counts all levels.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from typing import Literal

from framework.http import Request

CrawlOrder = Literal["depth", "breadth"]


class RequestQueue:
    """Requests of one host by priority.

    Args:
        order: ``"depth"``: of one priority, what was offered last goes first (LIFO, Scrapy's default order);
            ``"breadth"``: first in, first out. The links of one page go in the order of the page in both.
    """

    __slots__ = ("_deque", "_levels", "_lifo", "_priorities", "head_priority")

    def __init__(self, order: CrawlOrder) -> None:
        self._lifo = order == "depth"
        self._deque: deque[Request] = deque()
        self._levels: dict[int, deque[Request]] | None = None
        self._priorities: list[int] = []
        self.head_priority = 0

    def __len__(self) -> int:
        if self._levels is None:
            return len(self._deque)
        return sum(map(len, self._levels.values()))

    def __bool__(self) -> bool:
        return bool(self._deque)

    def push(self, request: Request) -> None:
        """Add a request that a page gave; call in reverse page order when ``order`` is depth."""
        level = self._level(request.priority)
        level.append(request)

    def push_last(self, request: Request) -> None:
        """Add a request behind everything of its priority: those of ``start()`` wait for the links of pages."""
        level = self._level(request.priority)
        if self._lifo:
            level.appendleft(request)
        else:
            level.append(request)

    def push_first(self, request: Request) -> None:
        """Put a request back before everything of its priority: it has had its turn already."""
        level = self._level(request.priority)
        if self._lifo:
            level.append(request)
        else:
            level.appendleft(request)

    def pop(self) -> Request:
        """Take the next request.

        Raises:
            IndexError: the queue is empty.
        """
        level = self._deque
        request = level.pop() if self._lifo else level.popleft()
        if not level and self._levels is not None:
            self._drop_level(self._levels)
        return request

    def _level(self, priority: int) -> deque[Request]:
        """Return the deque of a priority; ``self._deque`` stays the one of the highest."""
        if self._levels is None:
            if priority == self.head_priority or not self._deque:
                self.head_priority = priority
                return self._deque
            self._levels = {self.head_priority: self._deque}
            self._priorities = [self.head_priority]
        level = self._levels.get(priority)
        if level is None:
            level = self._levels[priority] = deque()
            insort(self._priorities, priority)
            if priority > self.head_priority:
                self.head_priority = priority
                self._deque = level
        return level

    def _drop_level(self, levels: dict[int, deque[Request]]) -> None:
        """Go on with the next lower priority once the highest is empty."""
        del levels[self._priorities.pop()]
        self.head_priority = self._priorities[-1]
        self._deque = levels[self.head_priority]
        if len(levels) == 1:
            self._levels = None
            self._priorities = []
