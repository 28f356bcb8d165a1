"""How much may be going on at once: transfers, bytes of responses being parsed, visits waiting for a checkpoint.

Place in the flow: the engine asks ``room()`` before it leases and waits for ``changed()`` where there is none. Each
lease gets a ``LiveTransfer``, which counts in the total until its body is read (*landed*), or until it has been without
a first byte for ``stall_after_s``: then it leaves the total, so that dead hosts delay nobody, and its host gets nothing
more. Sockets are bounded all the same, by ``sockets_max``.

Nested fetches wait here in one line, and only the first of it is woken; it wakes the next one when it has begun.

Invariants: ``in_flight`` counts transfers begun and not landed; ``_stalled`` those of them that have left the total.
While somebody waits for the total and a transfer may still stall, the timer is set for no later than that moment.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar

from framework.http import Request
from framework.protocols import Frontier, Landing, Lease, Permit


class Limits:
    """The counters that leasing goes by.

    Args:
        concurrency: transfers at once (``CONCURRENT_REQUESTS``).
        sockets_max: transfers at once including stalled ones.
        stall_after_s: how long a transfer without a first byte counts in the total.
        active_size_max: bytes of response bodies that are being parsed, above which nothing is leased.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        sockets_max: int,
        stall_after_s: float,
        active_size_max: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._concurrency = concurrency
        self._sockets_max = max(sockets_max, concurrency)
        self._stall_after_s = stall_after_s
        self._active_size_max = active_size_max
        self._clock = clock
        self._unanswered: dict[LiveTransfer, float] = {}
        self._stalled = 0
        self._waiter: asyncio.Future[None] | None = None
        self._line: deque[asyncio.Event] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.in_flight = 0
        self.active_size = 0

    def room(self) -> int:
        """Return how many more leases may begin now; nested fetches that wait go first."""
        if self.active_size > self._active_size_max or self._line:
            return 0
        return self._transfers_room()

    def _transfers_room(self) -> int:
        counted = self.in_flight - self._stalled
        if counted >= self._concurrency:
            counted -= self._set_stalled_aside()
        return min(self._concurrency - counted, self._sockets_max - self.in_flight)

    def _set_stalled_aside(self) -> int:
        """Take transfers that wait for their first byte for too long out of the total; return how many."""
        before = self._clock() - self._stall_after_s
        newly = 0
        for transfer, begun_at in list(self._unanswered.items()):
            if begun_at > before:
                break
            del self._unanswered[transfer]
            transfer.stall()
            newly += 1
        self._stalled += newly
        return newly

    async def changed(self) -> None:
        """Wait until something ended, or until a transfer may be set aside. One caller at a time: the engine."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._set_timer()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def nested_room(self) -> None:
        """Wait until a nested fetch may begin; the bytes being parsed do not count, its own visit holds some."""
        if not self._line and self._transfers_room() > 0:
            return
        turn = asyncio.Event()
        self._line.append(turn)
        try:
            while self._line[0] is not turn or self._transfers_room() <= 0:
                turn.clear()
                self._set_timer()
                await turn.wait()
        finally:
            self._line.remove(turn)
            # The next in line looks when this one has begun, for what is left.
            asyncio.get_running_loop().call_soon(self.notify)

    def _set_timer(self) -> None:
        """See that whoever waits looks again when the oldest unanswered transfer may be set aside.

        Only where the total is what they wait for: else nothing would be set aside then, and they would ask for ever.
        """
        is_total_full = self.in_flight - self._stalled >= self._concurrency
        if self._timer is None and self._unanswered and is_total_full:
            oldest_at = next(iter(self._unanswered.values()))
            wait_s = max(0.0, oldest_at + self._stall_after_s - self._clock())
            self._timer = asyncio.get_running_loop().call_later(wait_s + 0.001, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.notify()

    def notify(self) -> None:
        """Wake who waits for a change: the engine, and the first of the nested fetches."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self._line:
            self._line[0].set()

    def begin(self, transfer: LiveTransfer) -> None:
        """Count a transfer in."""
        self.in_flight += 1
        self._unanswered[transfer] = self._clock()
        if self._waiter is not None or self._line:
            self._set_timer()

    def answered(self, transfer: LiveTransfer) -> None:
        """Take note of a first byte: the transfer cannot stall any more."""
        self._unanswered.pop(transfer, None)

    def end(self, transfer: LiveTransfer) -> None:
        """Count a transfer out."""
        self.in_flight -= 1
        self._unanswered.pop(transfer, None)
        if transfer.is_stalled:
            self._stalled -= 1
        self.notify()

    def parse_begins(self, size: int) -> None:
        """Count the bytes of a response in."""
        self.active_size += max(size, 1024)

    def parse_ends(self, size: int) -> None:
        """Count the bytes of a response out."""
        self.active_size -= max(size, 1024)
        self.notify()


class LiveTransfer:
    """One transfer: tells the frontier and the limits what happens to it. ``protocols.Transfer``.

    Args:
        frontier: whose turn it has.
        limits: the total that it counts in.
        permit: the turn.
        request: what is fetched.
        lease: of the visit that it belongs to; ``None`` for a component's own.

    Attributes:
        is_over: it has landed, or was settled.
        is_stalled: it has left the total.
        regaining: done when the nested fetch that waits for a new turn has ended to.
    """

    __slots__ = (
        "_frontier",
        "_is_counted",
        "_lends",
        "_limits",
        "_permit",
        "is_over",
        "is_stalled",
        "lease",
        "regaining",
        "request",
    )

    def __init__(
        self, frontier: Frontier, limits: Limits, permit: Permit, request: Request, lease: Lease | None
    ) -> None:
        self._frontier = frontier
        self._limits = limits
        self._permit = permit
        self._lends = 0
        self._is_counted = True
        self.regaining: asyncio.Future[None] | None = None
        self.request = request
        self.lease = lease
        self.is_over = False
        self.is_stalled = False
        limits.begin(self)

    def sent(self) -> None:
        """Pass on that the request is on the wire."""
        self._frontier.sent(self._permit)

    def answered(self) -> None:
        """Pass on that the first byte has come."""
        self._limits.answered(self)

    def stall(self) -> None:
        """Leave the total; the host gets nothing more until something of it lands."""
        self.is_stalled = True
        self._frontier.stalled(self._permit)

    def landed(self, landing: Landing) -> None:
        """Free the host's slot and the place in the total."""
        if not self.is_over:
            self.is_over = True
            self._frontier.landed(self._permit, landing)
            self._leave_total()

    def settle(self) -> None:
        """Give everything back that is still held: a hook answered in the network's place."""
        if not self.is_over:
            self.is_over = True
            self._frontier.unsent(self._permit)
            self._leave_total()

    def _leave_total(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._limits.end(self)

    def lend(self) -> None:
        """Give turn and place to a nested fetch. A hook may have several under way; each ends in ``end_loan``."""
        self._lends += 1
        if self._is_counted:
            # A handler may fetch something in the middle of its own exchange: then the turn is used up.
            self._frontier.unsent(self._permit)
            self._frontier.landed(self._permit, Landing.UNKNOWN)
            self._leave_total()

    def end_loan(self) -> None:
        """End one ``lend``."""
        self._lends -= 1

    @property
    def needs_turn(self) -> bool:
        """Say whether everything lent has come back and a new turn is needed to go on."""
        return not (self._lends or self._is_counted or self.is_over)

    def regain(self, permit: Permit) -> None:
        """Go on with a new turn; give it back where it is not needed any more."""
        if not self.needs_turn:
            self._frontier.unsent(permit)
            return
        self._permit = permit
        self._is_counted = True
        self.is_stalled = False
        self._limits.begin(self)


current_transfer: ContextVar[LiveTransfer | None] = ContextVar("current_transfer", default=None)
"""Whose hooks, handler or callback is running: a nested fetch that they await borrows its turn."""
