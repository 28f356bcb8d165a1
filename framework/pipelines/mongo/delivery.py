"""Sending: batches go to the server until it has every document of them, or has refused it for good.

Place in the flow: a task of ``pipeline`` runs here beside the crawl. A bulk that may have been applied is sent again as
it is: upserts by key do no harm twice.

A server that reports errors for single documents is believed; a bulk that is refused as a whole is halved until the
document is found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from .batches import Batches, waves
from .driver import Driver
from .entry import Entry
from .outage import Outage
from .verdicts import Verdict, judge

_DUPLICATE_TRIES = 2

Refuse = Callable[[Entry, str], None]


class Delivery:
    """Takes batches from the queue's head to the server, one at a time and in order.

    Args:
        batches: the queue.
        outage: told of failed tries.
        interval_s: a batch that is not full is sent after this time.
        refuse: called with each document that is refused, and why.
        prepare: awaited before the first document of a collection is sent.
        revive: awaited after a failed try; returns the driver to go on with.
        count: called with a name and a number for the stats.

    Attributes:
        driver: what it sends through; set before ``run``.
        prepared: the collections that have their indexes.
        sent: set when documents have left the queue.
    """

    def __init__(  # noqa: PLR0913 - built in one place
        self,
        batches: Batches,
        outage: Outage,
        *,
        interval_s: float,
        refuse: Refuse,
        prepare: Callable[[Driver, str], Awaitable[None]],
        revive: Callable[[], Awaitable[Driver]],
        count: Callable[[str, int], None],
    ) -> None:
        self._batches = batches
        self._outage = outage
        self._interval_s = interval_s
        self._refuse = refuse
        self._prepare = prepare
        self._revive = revive
        self._count = count
        self.prepared: set[str] = set()
        self._changed = asyncio.Event()
        self._is_urgent = False
        self.sent = asyncio.Event()
        self.driver: Driver | None = None

    def __repr__(self) -> str:
        return f"<Delivery of {self._batches!r}>"

    def wake(self, *, urgent: bool = False) -> None:
        """Say that there is something to send; ``urgent``: do not wait for a full batch."""
        self._is_urgent = self._is_urgent or urgent
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._something_due()
            batch = self._batches.head()
            for collection, entries in waves(batch):
                await self._send(collection, entries)
            self._batches.remove(len(batch))
            self.sent.set()

    async def _something_due(self) -> None:
        while not self._batches:
            self._is_urgent = False
            self._changed.clear()
            await self._changed.wait()
        try:
            async with asyncio.timeout(self._interval_s):
                while not (self._batches.is_full or self._is_urgent):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass

    async def _send(self, collection: str, entries: Sequence[Entry]) -> None:
        """Send until each document is stored or refused."""
        while entries:
            driver = self.driver
            assert driver is not None  # noqa: S101 - run() begins after the driver is there
            try:
                if collection not in self.prepared:
                    await self._prepare(driver, collection)
                    self.prepared.add(collection)
                await driver.upsert(collection, entries)
            except Exception as error:
                entries = await self._after(judge(error), collection, entries)
            else:
                self._answered(len(entries))
                return

    def _answered(self, count: int) -> None:
        self._outage.answered(asyncio.get_running_loop().time())
        self._count("documents", count)
        self._count("batches", 1)

    async def _after(self, verdict: Verdict, collection: str, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Do what a verdict asks for; return what is to be sent again."""
        if verdict.is_whole:
            if len(entries) == 1:
                self._refuse(entries[0], verdict.reason)
                return ()
            middle = len(entries) // 2
            await self._send(collection, entries[:middle])
            return entries[middle:]
        left = [entry for index, entry in enumerate(entries) if index not in verdict.refused]
        for index, reason in verdict.refused.items():
            self._refuse(entries[index], reason)
        again = self._duplicates(verdict, entries)
        if verdict.is_away:
            wait_s = self._outage.failed(verdict.reason, len(self._batches), asyncio.get_running_loop().time())
            self._count("retries", 1)
            await asyncio.sleep(wait_s)
            self.driver = await self._revive()
            # Which of them are stored is not known, or not sure: all again.
            return [entry for entry in left if entry.tries < _DUPLICATE_TRIES]
        self._answered(len(left) - len(verdict.duplicates))
        return again

    def _duplicates(self, verdict: Verdict, entries: Sequence[Entry]) -> list[Entry]:
        """Return those that another document is in the way of, to be sent once more.

        Two upserts of one key at the same moment, by two crawls, may end so: the second time it is an update. Where
        another field of a unique index is the reason, it is so again, and the document is refused.
        """
        again = []
        for index, reason in verdict.duplicates.items():
            entry = entries[index]
            entry.tries += 1
            if entry.tries < _DUPLICATE_TRIES:
                again.append(entry)
            else:
                self._refuse(entry, reason)
        return again
