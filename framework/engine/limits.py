"""How much may be going on at once: transfers, bytes of responses being parsed, visits waiting for a checkpoint.

Place in the flow: the engine asks ``room()`` before it leases and waits for ``changed()`` where there is none. Each
lease gets a ``LiveTransfer``, which counts in the total until its body is read (*landed*), or until it has been without
a first byte for ``stall_after_s``: then it leaves the total, so that dead hosts delay nobody, and its host gets nothing
more. Sockets are bounded all the same, by ``sockets_max``.

Invariants: ``in_flight`` counts transfers begun and not landed; ``_stalled`` those of them that have left the total.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from framework.protocols import Frontier, Landing, Permit


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
        self._waiters: list[asyncio.Future[None]] = []
        self._nested_waiting = 0
        self.in_flight = 0
        self.active_size = 0

    def room(self) -> int:
        """Return how many more leases may begin now; nested fetches that wait go first."""
        if self.active_size > self._active_size_max or self._nested_waiting:
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
        """Wait until something ended, or until a transfer may be set aside."""
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiters.append(waiter)
        timer = None
        oldest_at = next(iter(self._unanswered.values()), None)
        if oldest_at is not None:
            wait_s = max(0.0, oldest_at + self._stall_after_s - self._clock())
            timer = loop.call_later(wait_s + 0.001, self.notify)
        try:
            await waiter
        finally:
            if timer is not None:
                timer.cancel()

    async def nested_room(self) -> None:
        """Wait until a nested fetch may begin; the bytes being parsed do not count, its own visit holds some."""
        if self._transfers_room() > 0:
            return
        self._nested_waiting += 1
        try:
            while self._transfers_room() <= 0:
                await self.changed()
        finally:
            self._nested_waiting -= 1
            self.notify()

    def notify(self) -> None:
        """Wake whoever waits for a change."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def begin(self, transfer: LiveTransfer) -> None:
        """Count a transfer in."""
        self.in_flight += 1
        self._unanswered[transfer] = self._clock()

    def answered(self, transfer: LiveTransfer) -> None:
        """Take note of a first byte: the transfer cannot stall any more."""
        self._unanswered.pop(transfer, None)

    def end(self, transfer: LiveTransfer) -> None:
        """Count a transfer out."""
        self.in_flight -= 1
        self._unanswered.pop(transfer, None)
        if transfer.is_stalled:
            self._stalled -= 1
        if self._waiters:
            self.notify()

    def parse_begins(self, size: int) -> None:
        """Count the bytes of a response in."""
        self.active_size += max(size, 1024)

    def parse_ends(self, size: int) -> None:
        """Count the bytes of a response out."""
        self.active_size -= max(size, 1024)
        if self._waiters:
            self.notify()


class LiveTransfer:
    """One transfer: tells the frontier and the limits what happens to it. ``protocols.Transfer``."""

    __slots__ = ("_frontier", "_limits", "is_over", "is_stalled", "permit")

    def __init__(self, frontier: Frontier, limits: Limits, permit: Permit) -> None:
        self._frontier = frontier
        self._limits = limits
        self.is_over = False
        self.permit = permit
        self.is_stalled = False
        limits.begin(self)

    def sent(self) -> None:
        """Pass on that the request is on the wire."""
        self._frontier.sent(self.permit)

    def answered(self) -> None:
        """Pass on that the first byte has come."""
        self._limits.answered(self)

    def stall(self) -> None:
        """Leave the total; the host gets nothing more until something of it lands."""
        self.is_stalled = True
        self._frontier.stalled(self.permit)

    def landed(self, landing: Landing) -> None:
        """Free the host's slot and the place in the total."""
        if not self.is_over:
            self.is_over = True
            self._frontier.landed(self.permit, landing)
            self._limits.end(self)

    def settle(self) -> None:
        """Give everything back that is still held: a hook answered in the network's place."""
        if not self.is_over:
            self.is_over = True
            self._frontier.unsent(self.permit)
            self._limits.end(self)

    def lend(self) -> None:
        """Give the turn and the place in the total to a nested fetch; ``regain`` ends that."""
        self._frontier.unsent(self.permit)
        self._limits.end(self)

    def regain(self, permit: Permit) -> None:
        """Go on with a new turn after ``lend``."""
        self.permit = permit
        self.is_stalled = False
        self._limits.begin(self)
