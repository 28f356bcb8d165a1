"""What became of each request, as records for ``fwk why`` and ``fwk fates``.

Place in the flow: the frontier asks at each finish and at each refusal whether a record is kept (``FATES``), and puts
it into the open group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from framework.exceptions import StoredError
from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import DONE, Fate, FateKind, Lease, Refusal

from .records import Records, Tried
from .store.rows import EndKind, FateRow, Row

FatesKept = Literal["all", "failures", "off"]

_REFUSALS_REMEMBERED = 50_000
_KINDS = {
    FateKind.DONE: int(EndKind.DONE),
    FateKind.REPLACED: int(EndKind.REPLACED),
    FateKind.DROPPED: int(EndKind.DROPPED),
    FateKind.FAILED: int(EndKind.FAILED),
}
_REFUSED = int(EndKind.REFUSED)
_KINDS_OF_FAILURES = frozenset((int(EndKind.DROPPED), int(EndKind.FAILED)))


class Fates:
    """Makes the records that ``FATES`` asks for.

    Args:
        kept: ``"all"``, ``"failures"`` (dropped, failed, refused) or ``"off"``.
        records: makes the stored form of failed requests, for another try.
        identity: gives a request's identity.
        wall_clock: seconds since 1970.
    """

    def __init__(
        self, kept: FatesKept, records: Records, identity: Callable[[Request], int], wall_clock: Callable[[], float]
    ) -> None:
        self.is_on = kept != "off"
        self.keeps_all = kept == "all"
        self._records = records
        self._identity = identity
        self._wall_clock = wall_clock
        self._refused: set[tuple[int, Refusal]] = set()

    def of(self, lease: Lease, fate: Fate, items: int, tried: Tried | None, row: Row | None) -> FateRow | None:
        """Return the record of a visit that ends now; ``None`` where none is kept.

        Args:
            lease: still with its request.
            fate: how it ended.
            items: how many it delivered.
            tried: its earlier attempts.
            row: the request's row as it was made at the lease, where it was never written.
        """
        kind = 1 if fate is DONE else _KINDS[fate.kind]
        if not (self.keeps_all or kind in _KINDS_OF_FAILURES):
            return None
        request = lease.request
        assert request is not None  # noqa: S101 - the root has no fate
        record = self._record(lease.identity, kind, fate.reason, request, items)
        if tried is not None:
            record.tries = tried.tries
            record.items += tried.items
        if fate.kind is FateKind.FAILED and request._row != RIDES:
            self._keep_for_another_try(record, lease, request, tried, row)
        return record

    def of_refusal(self, origin: Lease, request: Request, reason: Refusal) -> FateRow | None:
        """Return the record of a request that was not even offered; ``None`` where it is known or not kept."""
        try:
            identity = self._identity(request)
        except Exception:
            return None  # there is no name for it
        known = self._refused
        if (identity, reason) in known:
            return None
        if len(known) >= _REFUSALS_REMEMBERED:
            known.clear()  # the store takes one of several
        known.add((identity, reason))
        record = self._record(identity, _REFUSED, reason, request, 0)
        record.parent, record.found_at = origin.identity, record.ended_at
        return record

    def _record(self, identity: int, kind: int, reason: str, request: Request, items: int) -> FateRow:
        origin = request._origin
        parent, found_at = (0, 0.0) if origin is None else (origin.identity, origin.found_at)  # type: ignore[attr-defined]
        return FateRow(
            identity, kind, reason, request._url, request._method, parent, found_at, self._wall_clock(), items, ()
        )

    def _keep_for_another_try(
        self, record: FateRow, lease: Lease, request: Request, tried: Tried | None, row: Row | None
    ) -> None:
        """Keep the request as it was offered: what hooks have made of it since is not for the disk."""
        record.delivered = lease.delivered
        if tried is None:
            if row is None:
                record.row = request._row  # the store has it
                return
        elif tried.first is None:
            return
        else:
            try:
                row = self._records.renewed(request, tried.first)
            except StoredError:
                return  # its callback is there no longer
        record.data, record.host, record.priority = row.data, row.host, row.priority
