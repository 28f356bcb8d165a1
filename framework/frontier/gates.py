"""The gates of a crawl: components that may hold a request back, asked before it gets a turn.

Place in the flow: step 3 of a request's life. The frontier asks at the lease and parks who is refused; a nested fetch
asks before it waits for its host and waits here itself. A gate that fails is told of and passed: a defect in a plugin
must not stop the crawl.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Sequence

from framework.http import Request
from framework.protocols import Gate, Wait, Waker

logger = logging.getLogger(__name__)


class Gates:
    """Asks the gates and lets nested fetches wait for them.

    Args:
        gates: in the order in which they are asked.
        wake: what a gate calls when a token's requests may be asked about again.
        wall_clock: seconds since 1970, the clock of the gates' answers.
    """

    def __init__(self, gates: Sequence[Gate], wake: Waker, wall_clock: Callable[[], float]) -> None:
        self._asks = tuple(gate.ask for gate in gates)
        self._wall_clock = wall_clock
        self._nested: dict[Hashable, deque[asyncio.Future[None]]] = {}
        for gate in gates:
            gate.connect_waker(wake)

    def answer(self, request: Request) -> Wait | float | None:
        """Return what the first gate says that refuses the request: its token, or a wall-clock time; else ``None``."""
        for ask in self._asks:
            try:
                answer = ask(request)
                if answer is not None:
                    return answer if isinstance(answer, Wait) else float(answer)
            except Exception as error:
                logger.error("The gate %r failed on %r, which passes it: %s", ask, request, error, exc_info=error)
        return None

    async def let_through(self, request: Request) -> None:
        """Wait until no gate refuses a nested fetch."""
        while (answer := self.answer(request)) is not None:
            if isinstance(answer, Wait):
                woken = asyncio.get_running_loop().create_future()
                self._nested.setdefault(answer.token, deque()).append(woken)
                await woken
            else:
                await asyncio.sleep(max(0.0, answer - self._wall_clock()))

    def wake_nested(self, token: Hashable, count: int | None) -> int | None:
        """Wake nested fetches that wait for ``token``; return how many of ``count`` are left for others."""
        waiting = self._nested.pop(token, deque())
        while waiting and (count is None or count > 0):
            woken = waiting.popleft()
            if not woken.done():
                woken.set_result(None)
                count = count if count is None else count - 1
        if waiting:
            self._nested[token] = waiting
        return count
