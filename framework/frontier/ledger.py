"""What the next checkpoint will store: rows that are new or gone, identities, fates, counts.

Place in the flow: every verb of the frontier leaves its mark here; ``seal`` cuts what there is, in one synchronous
step, and ``changes`` turns the cut into one transaction of the store.

A pending request has a *row number* from its acceptance on, and a row only once one had to be written: one that is born
and finished between two checkpoints never has any. It is in ``unwritten`` until then; ``here`` holds the numbers of all
requests that are in memory, or whose row is still to be deleted: what is read from the store and is here is not taken a
second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from framework.exceptions import UnstorableError
from framework.http import Request
from framework.protocols import FateKind

from .records import Records, Tried
from .store.rows import Changes, FateRow, Row

_STEP = 500
"""How many requests are encoded before others get the processor."""


@dataclass(slots=True)
class Counts:
    """Numbers of the whole job, over all its runs."""

    offered: int = 0
    refused: int = 0
    done: int = 0
    replaced: int = 0
    dropped: int = 0
    failed: int = 0
    retried: int = 0
    items: int = 0

    def count(self, kind: FateKind) -> None:
        """Count a request that has ended."""
        if kind is FateKind.DONE:
            self.done += 1
        elif kind is FateKind.REPLACED:
            self.replaced += 1
        elif kind is FateKind.DROPPED:
            self.dropped += 1
        else:
            self.failed += 1

    @property
    def ended(self) -> int:
        """Return how many requests have a fate."""
        return self.done + self.replaced + self.dropped + self.failed

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by name, with the pages of ``fwk jobs``."""
        return {name: getattr(self, name) for name in self.__slots__} | {"pages": self.done}


@dataclass(slots=True)
class Cut:
    """What was sealed: everything as it was at one moment, for one transaction."""

    rows: dict[int, Request | Row]
    gone: list[int]
    seen: dict[int, None]
    fates: list[FateRow]
    counts: dict[str, int]
    has_started: bool
    start_delivered: int


class Ledger:
    """What the store does not know yet.

    Args:
        records: makes rows.

    Attributes:
        unwritten: by number, what is pending or leased and has no row: the request, or its row, made at the lease.
        here: numbers that are not to be loaded: in memory, or ended and not yet deleted.
        gone: numbers whose rows are to be deleted.
        replaced: by the number of a row to be written, that of the same request's stored row, which is in ``gone``:
            when the one becomes durable, the other has to go in the same transaction.
        new: identities that the store does not know.
        fates: of requests that have ended.
        tried: by identity, what earlier attempts of pending and leased requests left.
        cuts: what is sealed and not stored, by checkpoint.
        counts: the numbers of the job.
        has_started: ``start()`` has come to its end.
        start_delivered: how many items it has delivered; one that was stopped is run again, and skips them.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.unwritten: dict[int, Request | Row] = {}
        self.here: set[int] = set()
        self.gone: list[int] = []
        self.replaced: dict[int, int] = {}
        self.new: dict[int, None] = {}
        self.fates: list[FateRow] = []
        self.tried: dict[int, Tried] = {}
        self.cuts: dict[int, Cut] = {}
        self.counts = Counts()
        self.has_started = False
        self.start_delivered = 0
        self._highest = 0
        self._lowest = 0

    def number_from(self, lowest: int, highest: int) -> None:
        """Give out only numbers beyond these."""
        self._lowest = min(lowest, 0)
        self._highest = max(highest, 0)

    def enter(self, request: Request, *, at_left: bool = False) -> None:
        """Give a number to a request that becomes pending: above all others, or below all (``at_left``)."""
        if at_left:
            number = self._lowest = self._lowest - 1
        else:
            number = self._highest = self._highest + 1
        request._row = number
        self.unwritten[number] = request
        self.here.add(number)

    def leave(self, number: int) -> Row | None:
        """Let a number go whose request has ended, or gets another one; return the row that was not yet written."""
        unwritten = self.unwritten.pop(number, None)
        if unwritten is None:
            self.gone.append(number)
            return None
        self.here.discard(number)
        self.replaced.pop(number, None)
        return unwritten if isinstance(unwritten, Row) else None

    def replace(self, number: int, by: int) -> None:
        """Let a number go whose request has got another one."""
        earlier = self.replaced.get(number)
        self.leave(number)
        if self.gone and self.gone[-1] == number:
            earlier = number
        if earlier is not None:
            self.replaced[by] = earlier

    def must_wait(self, request: Request) -> bool:
        """Say whether a row cannot be written yet, since that which it replaces is sealed and not stored."""
        earlier = self.replaced.get(request._row or 0)
        return earlier is not None and any(earlier in cut.rows for cut in self.cuts.values())

    def gone_with(self, row: Row) -> int | None:
        """Return the number of the stored row that a row replaces, to be deleted with its writing."""
        earlier = self.replaced.pop(row.number, None)
        if earlier is not None:
            self.gone.remove(earlier)
        return earlier

    def freeze(self, request: Request, digest: int) -> None:
        """Make the row of a request that is leased now, if it has none: hooks may change the request from here on."""
        number = request._row or 0
        rows = self.unwritten
        if rows.get(number) is not request:
            if not self.cuts:
                return
            rows = next((cut.rows for cut in self.cuts.values() if cut.rows.get(number) is request), rows)
            if rows is self.unwritten:
                return
        tried = self.tried.get(request._identity or 0) if self.tried else None
        try:
            rows[number] = self._records.row(request, tried, digest)
        except UnstorableError:  # whoever writes it tells it
            return

    def row_of(self, request: Request) -> Row | None:
        """Take out the row to be written of a request that leaves memory; ``None`` when it has one, or is sealed."""
        number = request._row or 0
        self.here.discard(number)
        tried = self.tried.pop(request._identity or 0, None) if self.tried else None
        unwritten = self.unwritten.pop(number, None)
        if isinstance(unwritten, Request):
            return self._records.row(unwritten, tried)
        cut = next((cut for cut in self.cuts.values() if isinstance(cut.rows.get(number), Request)), None)
        if cut is not None:
            cut.rows[number] = self._records.row(request, tried)
        return unwritten

    def _tried_of(self, request: Request) -> Tried | None:
        return self.tried.get(request._identity or 0) if self.tried else None

    def seal(self, number: int) -> None:
        """Cut what there is, for the checkpoint ``number``."""
        self.cuts[number] = Cut(
            self.unwritten,
            self.gone,
            self.new,
            self.fates,
            self.counts.as_dict(),
            self.has_started,
            self.start_delivered,
        )
        self.unwritten, self.gone, self.new, self.fates = {}, [], {}, []
        self.replaced = {}

    async def changes(self, cut: Cut) -> Changes:
        """Return the transaction of a cut, giving way to others every few hundred rows.

        Raises:
            UnstorableError: a request was changed after it was accepted, and has no stored form any more.
        """
        rows: list[Row] = []
        for number in list(cut.rows):
            row = cut.rows[number]
            rows.append(row if isinstance(row, Row) else self._records.row(row, self._tried_of(row)))
            cut.rows[number] = rows[-1]
            if not len(rows) % _STEP:
                await asyncio.sleep(0)
        return Changes(rows=rows, gone=cut.gone, seen=list(cut.seen), fates=cut.fates)

    def stored(self, number: int, gone: Sequence[int]) -> None:
        """Take note that a cut is durable."""
        self.cuts.pop(number, None)
        self.here.difference_update(gone)
