"""The waiting requests of one host that are in memory: highest priority first, then depth-first or breadth-first.

Place in the flow: each ``Host`` of the schedule owns one queue. A queue of a single priority (nearly all are) is one
list, or a deque once it is long; further priorities make a dictionary of these and a sorted list of their numbers. What
there is no room for lies on disk (``backlog.py``): it is what would come last, and ``below`` says where it begins.

Invariants: ``head_priority`` is the priority of what ``pop`` returns next; ``len`` counts all levels; a request pushed
has a row number, growing from the left of its level to the right (but for requests that were put back).
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable
from typing import Literal

from framework.http import Request
from framework.http.request import RIDES

CrawlOrder = Literal["depth", "breadth"]
_LIST_MAX = 32
"""An empty deque takes 760 bytes, a list of one request 72; but a list is slow to take from at its left."""

Level = list[Request] | deque[Request]


class RequestQueue:
    """Requests of one host by priority.

    Args:
        order: ``"depth"``: of one priority, what was offered last goes first (LIFO, Scrapy's default order);
            ``"breadth"``: first in, first out. The links of one page go in the order of the page in both.

    Attributes:
        spilled: by priority, the row number from which the rest lies on disk (exclusive; towards the end of the queue).
            ``None`` while nothing of the host was spilled.
    """

    __slots__ = ("_items", "_levels", "_lifo", "_priorities", "head_priority", "spilled")

    def __init__(self, order: CrawlOrder) -> None:
        self._lifo = order == "depth"
        self._items: Level = []
        self._levels: dict[int, Level] | None = None
        self._priorities: list[int] | None = None
        self.head_priority = 0
        self.spilled: dict[int, int] | None = None

    def __len__(self) -> int:
        if self._levels is None:
            return len(self._items)
        return sum(map(len, self._levels.values()))

    def __bool__(self) -> bool:
        return bool(self._items)

    def push(self, request: Request) -> None:
        """Add a request that a page gave; call in reverse page order when ``order`` is depth."""
        level = self._level(request.priority)
        if len(level) == _LIST_MAX:
            level = self._lengthened(request.priority, level)
        level.append(request)

    def push_last(self, request: Request) -> None:
        """Add a request behind everything of its priority: those of ``start()`` wait for the links of pages."""
        if self._lifo:
            self._push_left(request)
        else:
            self.push(request)

    def push_first(self, request: Request) -> None:
        """Put a request back before everything of its priority: it has had its turn already."""
        if self._lifo:
            self.push(request)
        else:
            self._push_left(request)

    def _push_left(self, request: Request) -> None:
        level = self._level(request.priority)
        if len(level) >= _LIST_MAX:
            level = self._lengthened(request.priority, level)
        if isinstance(level, deque):
            level.appendleft(request)
        else:
            level.insert(0, request)

    def pop(self) -> Request:
        """Take the next request.

        Raises:
            IndexError: the queue is empty.
        """
        level = self._items
        request = level.pop() if self._lifo else level.popleft() if isinstance(level, deque) else level.pop(0)
        if not level and self._levels is not None:
            self._drop_level(self._levels)
        return request

    def take_last(self, count: int) -> list[Request]:
        """Take out up to ``count`` requests that would come last, the lowest priority first; riders stay."""
        taken: list[Request] = []
        if count <= 0:
            return taken
        for priority in list(self._priorities or (self.head_priority,)):
            level = self._items if self._levels is None else self._levels[priority]
            wanted = count - len(taken)
            last, left = self._parted(level, wanted)
            if last:
                self._remember_spilled(priority, last)
                self._replace(priority, left)
                taken += last
            if len(taken) == count:
                break
        return taken

    def _parted(self, level: Level, wanted: int) -> tuple[list[Request], list[Request]]:
        """Return up to ``wanted`` requests of a level that would come last, and what is left of it, in order."""
        if wanted >= len(level):
            last = [request for request in level if request._row != RIDES]
            return last, [request for request in level if request._row == RIDES] if len(last) < len(level) else []
        last = []
        for request in level if self._lifo else reversed(level):
            if request._row != RIDES:
                last.append(request)
                if len(last) == wanted:
                    break
        gone = set(map(id, last))
        return last, [request for request in level if id(request) not in gone]

    def _remember_spilled(self, priority: int, last: list[Request]) -> None:
        """Move the place from which the rest lies on disk."""
        if self.spilled is None:
            self.spilled = {}
        numbers = [request._row or 0 for request in last]
        known = self.spilled.get(priority)
        if self._lifo:
            bound = max(numbers) + 1
            self.spilled[priority] = bound if known is None else max(known, bound)
        else:
            bound = min(numbers) - 1
            self.spilled[priority] = bound if known is None else min(known, bound)

    def keep_only(self, is_kept: Callable[[Request], bool]) -> int:
        """Take out all other requests; return how many they were."""
        before = len(self)
        levels = [(self.head_priority, self._items)] if self._levels is None else list(self._levels.items())
        for priority, level in levels:
            self._replace(priority, [request for request in level if is_kept(request)])
        return before - len(self)

    def _replace(self, priority: int, left: list[Request]) -> None:
        """Let these be all of a priority."""
        level: Level = left if len(left) < _LIST_MAX else deque(left)
        if self._levels is None or self._priorities is None:
            self._items = level
            return
        if level or len(self._levels) == 1:
            self._levels[priority] = level
        else:
            del self._levels[priority]
            self._priorities.remove(priority)
        self.head_priority = self._priorities[-1]
        self._items = self._levels[self.head_priority]
        if len(self._levels) == 1:
            self._levels = self._priorities = None

    def _level(self, priority: int) -> Level:
        """Return the level of a priority; ``self._items`` stays the one of the highest."""
        if self._levels is None or self._priorities is None:
            if priority == self.head_priority or not self._items:
                self.head_priority = priority
                return self._items
            self._levels = {self.head_priority: self._items}
            self._priorities = [self.head_priority]
        level = self._levels.get(priority)
        if level is None:
            level = self._levels[priority] = []
            insort(self._priorities, priority)
            if priority > self.head_priority:
                self.head_priority = priority
                self._items = level
        return level

    def _lengthened(self, priority: int, level: Level) -> Level:
        """Make a deque of a list that has become long."""
        if isinstance(level, deque):
            return level
        long: Level = deque(level)
        if self._levels is not None:
            self._levels[priority] = long
        if self._items is level:
            self._items = long
        return long

    def _drop_level(self, levels: dict[int, Level]) -> None:
        """Go on with the next lower priority once the highest is empty."""
        priorities = self._priorities or []
        del levels[priorities.pop()]
        self.head_priority = priorities[-1]
        self._items = levels[self.head_priority]
        if len(levels) == 1:
            self._levels = self._priorities = None
