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
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from framework.http import Request
from framework.protocols import FateKind

from .records import Records, Tried
from .store.rows import Changes, FateRow, Row

logger = logging.getLogger(__name__)

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


@dataclass(slots=True)
class Spill:
    """What goes to the disk before the next checkpoint, and where it was: there it is put back if the disk refuses it.

    The places are those of the group that was open: when that is sealed meanwhile, they are its cut's.
    """

    unwritten: dict[int, Request | Row]
    new: dict[int, None]
    gone_of: list[int]
    replaced: dict[int, int]
    requests: list[Request] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    tried: dict[int, Tried] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)


class Ledger:
    """What the store does not know yet.

    Args:
        records: makes rows.
        fail: ends a pending request that was changed after its offer, so that it cannot be stored; it is told whether
            the request is in a queue still, or in the hands of whoever asked for its row.

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

    def __init__(self, records: Records, fail: Callable[[Request, bool], None]) -> None:
        self._records = records
        self._give_up = fail
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

    def freeze(self, request: Request, digest: int) -> bool:
        """Make the row of a request that is about to be leased, if it has none: hooks may change it from then on.

        Returns:
            Whether it can be stored; one that cannot has been failed.
        """
        number = request._row or 0
        rows = self.unwritten
        if rows.get(number) is not request:
            if not self.cuts:
                return True
            rows = next((cut.rows for cut in self.cuts.values() if cut.rows.get(number) is request), rows)
            if rows is self.unwritten:
                return True
        try:
            rows[number] = self._records.row(request, self._tried_of(request), digest)
        except Exception as error:
            self._fail(request, error, is_waiting=False)
            return False
        return True

    # -- to the disk before the next checkpoint ------------------------------------------------------------------

    def let_go(self, batch: Sequence[Request]) -> Spill:
        """Take out requests that leave memory, with rows for those that have none; who cannot be stored is failed."""
        spill = Spill(self.unwritten, self.new, self.gone, self.replaced)
        for request in batch:
            number = request._row or 0
            try:
                row = self._row_of(request, number)
            except Exception as error:
                self._fail(request, error, is_waiting=False)
                continue
            spill.requests.append(request)
            self.here.discard(number)
            if self.tried:
                tried = self.tried.pop(request._identity or 0, None)
                if tried is not None:
                    spill.tried[request._identity or 0] = tried
            if row is not None:
                del self.unwritten[number]
                spill.rows.append(row)
        self._take_along(spill)
        return spill

    def _row_of(self, request: Request, number: int) -> Row | None:
        """Return the row to be written of a request that leaves memory; ``None`` when it has one, or is sealed."""
        unwritten = self.unwritten.get(number)
        if isinstance(unwritten, Request):
            return self._records.row(unwritten, self._tried_of(request))
        if unwritten is None and self.cuts:
            cut = next((cut for cut in self.cuts.values() if isinstance(cut.rows.get(number), Request)), None)
            if cut is not None:
                cut.rows[number] = self._records.row(request, self._tried_of(request))
        return unwritten

    def _take_along(self, spill: Spill) -> None:
        """Take out the identities of rows, and the stored rows that they replace."""
        new = self.new
        spill.seen = [row.identity for row in spill.rows if row.identity in new]
        for identity in spill.seen:
            del new[identity]
        if self.replaced:
            for row in spill.rows:
                earlier = self.replaced.pop(row.number, None)
                if earlier is not None:
                    self.gone.remove(earlier)
                    spill.gone[row.number] = earlier

    def put_back(self, spill: Spill) -> None:
        """Take everything as it was: the disk has refused it. No cut may have been stored meanwhile."""
        spill.unwritten.update((row.number, row) for row in spill.rows)
        spill.new.update(dict.fromkeys(spill.seen))
        spill.gone_of += spill.gone.values()
        spill.replaced.update(spill.gone)
        self.tried |= spill.tried
        self.here.update(request._row or 0 for request in spill.requests)

    def _fail(self, request: Request, error: Exception, *, is_waiting: bool) -> None:
        """End a request that cannot be stored any more, by name; in the cut that it is sealed in, if there is one."""
        logger.error(
            "%r has failed (changed): after its offer it was changed, and cannot be stored any more. %s", request, error
        )
        number = request._row or 0
        cut = next((cut for cut in self.cuts.values() if number in cut.rows), None)
        if cut is None:
            self._give_up(request, is_waiting)
            return
        self.unwritten[number] = cut.rows.pop(number)
        before = len(self.fates)
        self._give_up(request, is_waiting)
        cut.counts["failed"] += 1
        cut.fates += self.fates[before:]
        del self.fates[before:]

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
        """Return the transaction of a cut, giving way to others every few hundred rows; who has no row is failed."""
        rows: list[Row] = []
        for number in list(cut.rows):
            row = cut.rows.get(number)
            if isinstance(row, Request):
                row = self._row_in(cut, number, row)
            if row is None:
                continue  # it has failed, now or a moment ago
            rows.append(row)
            if not len(rows) % _STEP:
                await asyncio.sleep(0)
        return Changes(rows=rows, gone=cut.gone, seen=list(cut.seen), fates=cut.fates)

    def _row_in(self, cut: Cut, number: int, request: Request) -> Row | None:
        try:
            row = cut.rows[number] = self._records.row(request, self._tried_of(request))
        except Exception as error:
            self._fail(request, error, is_waiting=True)
            return None
        return row

    def stored(self, number: int, gone: Sequence[int]) -> None:
        """Take note that a cut is durable."""
        self.cuts.pop(number, None)
        self.here.difference_update(gone)
