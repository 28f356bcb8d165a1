"""The pending requests: in memory as far as there is room, the rest on disk.

Place in the flow: ``LocalFrontier`` pushes what it accepts; ``spill`` lets go of what would come last when there is too
much, ``refill`` brings back what comes next when there is room. Of a long queue the tail goes first; then the queues of
all hosts, the oldest first. Those with nothing in flight become *cold*: nothing of them is in memory, and a cursor over
all hosts with rows finds them again, the highest priority first.

Invariant: a pending request is in a host's queue, in the parking, in ``bound`` (on its way to the disk) or a row of the
store whose number is not in ``Ledger.here``; ``in_memory`` counts the first three.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from framework.http import Request

from .cursor import A_HEAD, ColdCursor
from .hosts import Host, Schedule
from .ledger import Ledger, Spill
from .records import digest_of
from .seen import SeenSet
from .store.rows import Changes, Row
from .store.sqlite import Store

LONG_QUEUE = 256
"""Above it, the tail of a queue goes to disk before anything of shorter ones."""
_BUSY_QUEUE = 16
"""What a host with something in flight keeps in memory at least."""
_LOW_QUEUE = 12
_A_WRITE = 2_000
_MOST_A_WRITE = 10_000
"""Rows in one transaction: the more, the fewer pages of the file are written again and again."""
_A_STEP = 500
_HOSTS_A_LOOK = 2_000
_A_LOAD = 256
_SWEEP_AT = 4_096

Restore = Callable[[Row], Host | None]


class Backlog:
    """What of the pending requests is in memory, and the way to the disk and back.

    Args:
        schedule: the hosts.
        ledger: what is not written yet.
        store: the disk.
        seen: is told of identities that became durable.
        restore: puts a loaded row back into its queue, and returns its host; ``None`` when it waits for a time.
        in_memory_max: requests and hosts in memory.

    Attributes:
        disk: held by whoever writes rows or reads them, checkpoints included.
        in_memory: pending requests that are in memory.
        low: hosts whose queue runs out while more of it is on disk.
        bound: requests that are to be written and then let go.
        is_crowded: hosts that are not in memory are to stay on disk for the time being.
        has_blocked: the last look at the disk has left out hosts that have something in memory, which cannot go now.
        has_gone_cold: since then a host may have gone to disk that could go now.
    """

    def __init__(
        self,
        schedule: Schedule,
        ledger: Ledger,
        store: Store,
        seen: SeenSet,
        restore: Restore,
        *,
        in_memory_max: int,
    ) -> None:
        self._schedule = schedule
        self._ledger = ledger
        self._store = store
        self._seen = seen
        self._restore = restore
        self._max = in_memory_max
        self._is_lifo = schedule.politeness.order == "depth"
        self._sweep_at = _SWEEP_AT
        self._cursor = ColdCursor(store, newest_first=self._is_lifo)
        self._full_above = in_memory_max
        self._lot = max(_A_WRITE, in_memory_max // 8)
        self._swamp = max(2 * _A_WRITE, in_memory_max // 4)
        self._is_spilling = False
        self._eased = asyncio.Event()
        self.is_crowded = False
        self.has_blocked = False
        self.has_gone_cold = False
        # By their digests, hosts of which a part is on disk.
        self._hot: dict[int, Host] = {}
        self.disk = asyncio.Lock()
        self.in_memory = 0
        self.low: set[Host] = set()
        self.bound: list[Request] = []

    # -- out of memory -------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Say whether there are more requests and hosts in memory than there should be."""
        return self._size > self._full_above or len(self.bound) >= self._lot

    @property
    def is_swamped(self) -> bool:
        """Say whether so much is on its way to the disk, or should be, that nothing more should be fetched before."""
        return len(self.bound) >= 2 * self._swamp or self._size > self._full_above + self._swamp

    @property
    def _size(self) -> int:
        return self.in_memory + len(self._schedule.hosts)

    def sweep(self, now: float) -> None:
        """Let go of hosts that wait for nothing, each time that their number has doubled."""
        hosts = self._schedule.hosts
        if len(hosts) > self._sweep_at:
            self._schedule.forget_idle(now)
            self._hot = {digest: host for digest, host in self._hot.items() if hosts.get(host.key) is host}
            self.has_gone_cold = True
            self._sweep_at = max(_SWEEP_AT, 2 * len(hosts))

    async def spill(self, now: float) -> None:
        """Write what would come last and let it go, until a quarter of the room is free.

        One does it, in the time of the disk; the others go on meanwhile, and wait only when all are swamped.

        Raises:
            StoreError: it cannot be written.
        """
        while self.is_full:
            if not self._is_spilling:
                await self._spill(now)
                return
            if not self.is_swamped:
                return
            self._eased.clear()
            await self._eased.wait()

    async def _spill(self, now: float) -> None:
        self._is_spilling = True
        try:
            async with self.disk:
                if self._size > self._full_above:
                    await self._make_room(now)
                await self._write_bound()
        finally:
            self._is_spilling = False
            self._eased.set()

    async def rotate(self, now: float) -> None:
        """Let go of a quarter of what is in memory, none of which can go now, for something that may."""
        async with self.disk:
            await self._make_room(now)
            await self._write_bound()

    async def _make_room(self, now: float) -> None:
        """Choose what is to go until a quarter of the room is free, giving way to others again and again."""
        self.is_crowded = True
        await self._shorten_queues()
        await self._empty_queues(now)
        left = self._size - len(self.bound)
        # What cannot be spilled (riders, hosts at work) is not gone through in vain again and again.
        self._full_above = self._max if left < self._max else left + left // 4

    def _excess(self) -> int:
        return self._size - len(self.bound) - self._max * 3 // 4

    async def _shorten_queues(self) -> None:
        """Take out the tails of long queues."""
        hosts = list(self._schedule.hosts.values())
        for start in range(0, len(hosts), _HOSTS_A_LOOK):
            if start:
                await asyncio.sleep(0)
            excess = self._excess()
            for host in hosts[start : start + _HOSTS_A_LOOK]:
                if excess > 0 and len(host.queue) > LONG_QUEUE:
                    taken = host.queue.take_last(min(excess, len(host.queue) - LONG_QUEUE // 2))
                    excess -= len(taken)
                    self.bound += taken
                    self._is_hot(host)

    async def _empty_queues(self, now: float) -> None:
        """Take out whole queues, of the hosts that were made or looked at first, and let go of the hosts with them.

        A host that stays goes to the end of the line: the next time others are looked at first.
        """
        line = self._schedule.line
        excess = self._excess()
        for look in range(len(line)):
            if look and not look % _HOSTS_A_LOOK:
                await asyncio.sleep(0)
                excess = self._excess()
            if excess <= 0 or not line:
                break
            excess -= self._empty(line.popleft(), now)

    def _empty(self, host: Host, now: float) -> int:
        """Take out the queue of a host from the line, and the host if it is idle then; return how many both were."""
        taken = host.queue.take_last(len(host.queue) - (_BUSY_QUEUE if host.active else 0))
        self.bound += taken
        if self._schedule.is_idle(host, now):
            self._schedule.forget(host)
            if host.digest is not None:
                self._hot.pop(host.digest, None)
            self.has_gone_cold = True
            return len(taken) + 1
        self._schedule.line.append(host)
        if taken:
            self._is_hot(host)
            self._schedule.place(host, now)
        return len(taken)

    def _is_hot(self, host: Host) -> None:
        """Take note that a part of a host is on disk from now on."""
        if host.digest is None:
            host.digest = digest_of(host.key)
        self._hot[host.digest] = host

    async def _write_bound(self) -> None:
        """Write what is on its way to the disk; what has to wait for a checkpoint stays on its way."""
        left = len(self.bound)  # what comes meanwhile has time until the next time
        while left > 0:
            size = min(left, _MOST_A_WRITE)
            batch, self.bound = self.bound[:size], self.bound[size:]
            left -= size
            await self._write(batch)
            self._eased.set()

    async def _write(self, batch: list[Request]) -> None:
        """Write those without a row, and let all go, to the end whoever cancels it; if it fails, all is as before."""
        changes, spills = Changes(), list[Spill]()
        cancelled: asyncio.CancelledError | None = None
        for start in range(0, len(batch), _A_STEP):
            if start:
                cancelled = await _others_go_on() or cancelled
            spill = self._let_go(batch[start : start + _A_STEP])
            spills.append(spill)
            changes.rows += spill.rows
            changes.gone += spill.gone.values()
            changes.seen += spill.seen
        try:
            if changes.rows:
                await self._store.add(changes)
        except asyncio.CancelledError as error:  # it was done all the same
            cancelled = error
        except BaseException:
            for spill in reversed(spills):
                self._put_back(spill)
            raise
        self._ledger.here.difference_update(changes.gone)
        for start in range(0, len(changes.seen), _A_STEP):
            self._seen.committed(changes.seen[start : start + _A_STEP])
            cancelled = await _others_go_on() or cancelled
        if cancelled is not None:
            raise cancelled

    def _let_go(self, batch: list[Request]) -> Spill:
        ledger = self._ledger
        if ledger.replaced and ledger.cuts:
            self.bound += [request for request in batch if ledger.must_wait(request)]
            batch = [request for request in batch if not ledger.must_wait(request)]
        spill = ledger.let_go(batch)
        self.in_memory -= len(spill.requests)
        return spill

    def _put_back(self, spill: Spill) -> None:
        self._ledger.put_back(spill)
        self.in_memory += len(spill.requests)
        self.bound[:0] = spill.requests

    # -- back into memory ----------------------------------------------------------------------------------------

    def popped(self, host: Host) -> None:
        """Take note that a queue with a part on disk has got shorter."""
        if len(host.queue) < _LOW_QUEUE:
            self.low.add(host)

    @property
    def has_room(self) -> bool:
        """Say whether more may be loaded."""
        return self.in_memory < self._max

    def wants_more(self, pending: int) -> bool:
        """Say whether it is time to load something: a queue runs out, or half of the room is free."""
        on_its_way = len(self.bound)  # nobody gets at it before it is written
        on_disk = pending - self.in_memory + on_its_way
        return on_disk > 0 and (bool(self.low) or self.in_memory - on_its_way < self._max // 2)

    async def refill(self, now: float, *, is_idle: bool) -> int:
        """Load what comes next; return how many requests came.

        Args:
            now: monotonic seconds.
            is_idle: nothing of what is in memory can go now: look until something is found, at every row if need be.

        Raises:
            StoreError: a row cannot be read, or is not what was written.
        """
        async with self.disk:
            await self._write_bound()
            came = 0
            self.is_crowded = self._size > self._max // 2
            for host in self.low:
                if self._schedule.hosts.get(host.key) is host and host.queue.spilled:
                    priority = max(host.queue.spilled)
                    came += await self._load(digest_of(host.key), priority, host, host.queue.spilled[priority], now)
            self.low.clear()
            if is_idle:
                self.has_blocked = self.has_gone_cold = False
            if came or not self.has_room:
                return came
            return await self._load_cold(now, is_idle=is_idle)

    async def _load(self, digest: int, priority: int, host: Host | None, bound: int | None, now: float) -> int:
        """Load the next rows of a host and priority, from ``bound`` on, that are not in memory."""
        came = 0
        while not came:
            below, above = (bound, None) if self._is_lifo else (None, bound)
            rows = await self._store.load(
                digest, priority, _A_LOAD, below=below, above=above, newest_first=self._is_lifo
            )
            came, host = self._take_in(digest, priority, rows, host, is_all=len(rows) < _A_LOAD, now=now)
            if len(rows) < _A_LOAD:
                break
            bound = rows[-1].number
        return came

    def _take_in(
        self, digest: int, priority: int, rows: list[Row], host: Host | None, *, is_all: bool, now: float
    ) -> tuple[int, Host | None]:
        """Take rows that are not in memory into it; return how many, and their host."""
        here = self._ledger.here
        came = 0
        for row in rows:
            if row.number not in here:
                here.add(row.number)
                self.in_memory += 1
                came += 1
                host = self._restore(row) or host
        if host is not None:
            if is_all:
                if host.queue.spilled:
                    host.queue.spilled.pop(priority, None)
            else:
                if host.queue.spilled is None:
                    host.queue.spilled = {}
                host.queue.spilled[priority] = rows[-1].number
                host.digest = digest
                self._hot[digest] = host
            self._schedule.place(host, now)
        return came, host

    async def _load_cold(self, now: float, *, is_idle: bool) -> int:
        """Load the heads of some hosts that have rows; when it has to be, look at all hosts."""
        came = rounds = 0
        while rounds < 2:
            priority, heads = await self._cursor.heads()
            if priority is None:
                rounds += 1
                continue
            for digest, rows in heads:
                if is_idle and self._is_blocked(digest):
                    self.has_blocked = True
                else:
                    came += await self._load_head(digest, priority, rows, now)
            if came:
                self._cursor.found()
            if came or not is_idle:
                break
        return came

    def _is_blocked(self, digest: int) -> bool:
        """Say whether a host has something in memory: when that cannot go now, more of it is of no use."""
        host = self._hot.get(digest)
        return host is not None and bool(host.queue) and self._schedule.hosts.get(host.key) is host

    async def _load_head(self, digest: int, priority: int, rows: list[Row], now: float) -> int:
        """Take in the first rows of a host; when these are in memory already, what comes after them."""
        host = self._hot.get(digest)
        spilled = None if host is None or self._schedule.hosts.get(host.key) is not host else host.queue.spilled
        bound = None if spilled is None else spilled.get(priority)
        if bound is not None:
            return await self._load(digest, priority, host, bound, now)
        is_all = len(rows) < A_HEAD
        came, host = self._take_in(digest, priority, rows, None, is_all=is_all, now=now)
        if came or is_all:
            return came
        return await self._load(digest, priority, host, rows[-1].number, now)


async def _others_go_on() -> asyncio.CancelledError | None:
    """Give way; return the cancellation of what is not to end halfway."""
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError as error:
        return error
    return None
