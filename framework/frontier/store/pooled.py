"""One question for many: what is asked while another question is on its way goes together as the next one.

Place in the flow: ``sqlite.Store`` asks its reader thread so. Each question costs two changes between threads, and
beside a busy event loop each of these may take milliseconds, however little is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence


class _Batch:
    __slots__ = ("answer", "wanted")

    def __init__(self) -> None:
        self.wanted: list[int] = []
        self.answer: set[int] | None = None


class PooledQuestion:
    """Asks which of some numbers are in a set.

    Args:
        ask: answers for many at once.
    """

    def __init__(self, ask: Callable[[Sequence[int]], Awaitable[set[int]]]) -> None:
        self._ask = ask
        self._is_asking = asyncio.Lock()
        self._next = _Batch()

    async def which(self, numbers: Sequence[int]) -> set[int]:
        """Return those of the numbers that are in the set, at a moment after the call."""
        batch = self._next
        batch.wanted += numbers
        async with self._is_asking:
            if batch.answer is None:
                if batch is self._next:
                    self._next = _Batch()
                batch.answer = await self._ask(batch.wanted)
            return batch.answer.intersection(numbers)
