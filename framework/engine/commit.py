"""Checkpoints: finished visits and their items become durable together, about once a second.

Place in the flow: step 7 of a request's life. ``seal`` is one synchronous step that closes the group of finished visits
and each sink's cut; then the sinks write and sync exactly the sealed cuts; then the frontier persists the group. One
checkpoint is in flight at a time.

Invariant: *children may become durable before their parent; items and fates never do.* A visit with *riders* (requests
of its own that cannot be stored) is held here until they have ended: were it committed before, a crash would lose them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from framework.exceptions import CrawlError, PluginError
from framework.protocols import Fate, Frontier, Lease, Sink, Snapshot, StatsCollector

logger = logging.getLogger(__name__)

_BROKEN_OFF = (
    "something was broken off that must not be: what has finished since the last checkpoint is not stored. "
    "A job goes on from there when it is continued, and loses nothing"
)

_LOST = (
    "another worker has taken over {}: their items were handed to the outputs already, which cannot give them back. "
    "Nothing since the last checkpoint is stored, so that nothing is there twice"
)


def named_apart(sinks: Sequence[Sink]) -> Sequence[Sink]:
    """Return the sinks; the cut of each is stored under its name, which no other may have.

    Raises:
        PluginError: two have the same name.
    """
    found: dict[str, Sink] = {}
    for sink in sinks:
        other = found.setdefault(sink.name, sink)
        if other is not sink:
            kinds = " and ".join(f"{type(each).__module__}.{type(each).__qualname__}" for each in (other, sink))
            msg = (
                f"two sinks are called {sink.name!r} ({kinds}), but the place where a sink ended is stored under its "
                "name; give one of them another 'name'"
            )
            raise PluginError(msg)
    return sinks


class Committer:
    """Hands finished visits to the sinks and the frontier, and makes them durable in groups.

    Args:
        frontier: where visits end.
        sinks: where items end.
        interval_s: seconds between two checkpoints (``CHECKPOINT_INTERVAL``).
        snapshot: returns what is stored beside the group: state, cookies, counters.
        stats: items that a sink does not take are counted there.

    Attributes:
        has_failed: a checkpoint, or the end of a visit, was broken off, so that no checkpoint may follow.
        has_lost_items: a sink has not taken the items of a visit.
    """

    def __init__(
        self,
        frontier: Frontier,
        sinks: Sequence[Sink],
        interval_s: float,
        snapshot: Callable[[], dict[str, Any]],
        stats: StatsCollector,
    ) -> None:
        self._frontier = frontier
        self._sinks = tuple(sinks)
        self._filling: tuple[Any, ...] = tuple(sink for sink in sinks if hasattr(sink, "is_full"))
        self._interval_s = interval_s
        self._snapshot = snapshot
        self._stats = stats
        self._one_at_a_time = asyncio.Lock()
        self._held: dict[Lease, tuple[Fate, Sequence[tuple[int, Any]]]] = {}
        self._due = asyncio.Event()
        self.has_failed = False
        self.has_lost_items = False

    @property
    def held(self) -> list[Lease]:
        """Return the visits that are over and wait for their riders."""
        return list(self._held)

    def finish(self, lease: Lease, fate: Fate, items: Sequence[tuple[int, Any]]) -> None:
        """End a visit: its items go to every sink and its fate to the frontier, in one synchronous step.

        One that has riders waits for the last of them, which then ends it as well.
        """
        while not lease.riders:
            self._commit(lease, fate, items)
            parent, lease.rides_on = lease.rides_on, None
            if parent is None:
                return
            parent.riders -= 1
            held = None if parent.riders else self._held.pop(parent, None)
            if held is None:
                return
            lease, (fate, items) = parent, held
        self._held[lease] = (fate, items)

    def deliver(self, lease: Lease, items: Sequence[tuple[int, Any]]) -> None:
        """Hand over items of ``start()``, which goes on; ``lease.delivered`` says how many a later run skips."""
        try:
            if items:
                self._hand(lease, items)
            self._frontier.deliver(lease, len(items))
        except BaseException:
            self.has_failed = True  # as below
            raise

    def _commit(self, lease: Lease, fate: Fate, items: Sequence[tuple[int, Any]]) -> None:
        try:
            if items:
                self._hand(lease, items)
            self._frontier.finish(lease, fate, len(items))
        except BaseException:
            # Somebody has the items of a visit that has not ended: the next checkpoint would store them, and the next
            # run deliver them again.
            self.has_failed = True
            raise

    def _hand(self, lease: Lease, items: Sequence[tuple[int, Any]]) -> None:
        for sink in self._sinks:
            try:
                sink.hand(lease.identity, items)
            except Exception as error:
                self._tell_lost(sink, lease, len(items), error)
        if any(sink.is_full for sink in self._filling):
            self._due.set()

    def _tell_lost(self, sink: Sink, lease: Lease, count: int, error: Exception) -> None:
        self.has_lost_items = True
        self._stats.inc_value("item_lost_count", count)
        logger.error(
            "%s did not take the items of %r, %d of which are lost to it: %s",
            sink.name, lease, count, error, exc_info=error,
        )  # fmt: skip

    async def checkpoint(self) -> None:
        """Make everything durable that has finished so far.

        A cancelled one is made to the end all the same, and then raises ``CancelledError``: half of it could be neither
        kept nor undone.

        Raises:
            ExportError: an output cannot be written; nothing of the group is stored then.
            CrawlError: a checkpoint, or the end of a visit, was broken off, now or before; nothing more is stored.
        """
        work = asyncio.ensure_future(self._checkpoint())
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.wait({work})
            except asyncio.CancelledError as error:
                cancelled = error
        if work.cancelled():  # by code that cancels tasks that are not its own
            raise CrawlError(_BROKEN_OFF)
        work.result()
        if cancelled is not None:
            raise cancelled

    async def _checkpoint(self) -> None:
        async with self._one_at_a_time:
            if self.has_failed:
                raise CrawlError(_BROKEN_OFF)
            try:
                group = self._frontier.seal()
                cuts = {sink.name: sink.seal() for sink in self._sinks}
                snapshot = Snapshot(cuts=cuts, **self._snapshot())
                if lost := await self._frontier.prepare(group):
                    raise CrawlError(_LOST.format(", ".join(map(repr, lost))))
                for sink in self._sinks:
                    await sink.write(cuts[sink.name])
                await self._frontier.persist(group, snapshot)
            except BaseException:
                self.has_failed = True
                raise

    async def run(self, on_checkpoint: Callable[[], None]) -> None:
        """Make checkpoints until cancelled: one an interval, and one at once when a sink holds much."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._due.wait()
            self._due.clear()
            await self.checkpoint()
            on_checkpoint()
