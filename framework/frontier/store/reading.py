"""``StoreReader``: looking into a job's file, also while a crawl writes to it.

Place in the flow: the commands ``fwk why``, ``fwk fates``, ``fwk jobs`` and ``fwk retry`` ask here. Nothing is written,
and no answer keeps the file's log from being shortened: long ones are read in batches.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import questions
from .checksums import Books, fate_crc, refusal_crc
from .connection import connect_reader, damaged, named_errors
from .integrity import check_kind, is_there, read_books, read_meta
from .rows import EndKind, FateRow
from .schema import FATE_COLUMNS, REFUSAL_COLUMNS

_CACHE_KB = 4096
_BATCH = 1000


class StoreReader:
    """A job's file, opened for reading; a context manager, or ended by ``close``.

    Args:
        path: the file.

    Raises:
        DamagedJob: it is missing, or not what was written; so do all methods.
        StoreError: it cannot be read, or was written by a newer fwk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with named_errors(path):
            is_there(path, must_exist=True)
            self._connection = connect_reader(path, _CACHE_KB)
            try:
                check_kind(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # -- fates ---------------------------------------------------------------------------------------------------

    def fate(self, identity: int) -> FateRow | None:
        """Return how a request ended; ``None`` where it has not, or is not kept."""
        found = self._fates("WHERE identity = ?", (identity,))
        return found[0] if found else None

    def refusals(self, identity: int) -> list[FateRow]:
        """Return the refusals of a request, one for each reason."""
        return self._refusals("WHERE identity = ? ORDER BY found_at", (identity,))

    def failed_rows(self) -> Iterator[FateRow]:
        """Yield the fates of failed requests that can be tried again."""
        condition = f"AND kind = {int(EndKind.FAILED)} AND data IS NOT NULL"
        where, last = "identity >= ?", -(2**63)
        while batch := self._fates(f"WHERE {where} {condition} ORDER BY identity LIMIT ?", (last, _BATCH)):
            yield from batch
            where, last = "identity > ?", batch[-1].identity

    def _fates(self, where: str, values: tuple[Any, ...]) -> list[FateRow]:
        records = self._all(f"SELECT {FATE_COLUMNS} FROM fates {where}", values)  # noqa: S608
        with named_errors(self.path):
            return [read_fate(record, self.path) for record in records]

    def _refusals(self, where: str, values: tuple[Any, ...]) -> list[FateRow]:
        records = self._all(f"SELECT {REFUSAL_COLUMNS} FROM refusals {where}", values)  # noqa: S608
        return [_refusal(record, self.path) for record in records]

    # -- what is not ended ---------------------------------------------------------------------------------------

    def is_seen(self, identity: int) -> bool | None:
        """Say whether an identity is known; ``None`` where only a filter could tell."""
        if self.books().seen_mode == "log":
            return None
        with named_errors(self.path):
            return identity in questions.known(self._connection, [identity])

    def books(self) -> Books:
        """Return checkpoint number, counts, mark of a clean end and the sizes of the tables."""
        with named_errors(self.path):
            return read_books(self._connection, self.path)

    def meta(self) -> dict[str, bytes]:
        """Return the named values of the last checkpoint."""
        with named_errors(self.path):
            return read_meta(self._connection, self.path)

    def _all(self, question: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with named_errors(self.path):
            return self._connection.execute(question, values).fetchall()


def read_fate(record: tuple[Any, ...], path: Path) -> FateRow:
    """Return a record of the table of fates, its checksum being right."""
    identity, kind, reason, url, method, *numbers, tries, host, priority, delivered, crc, data = record
    row = (host, priority, delivered)
    try:
        is_right = fate_crc((identity, kind, *numbers, *row), (reason, url, method, tries), data) == crc
    except (TypeError, ValueError, OverflowError, struct.error):  # a column has become one of another kind
        is_right = False
    if not is_right:
        raise damaged(path, f"the fate of a request in it is altered ({url!r})")
    parent, found_at, ended_at, items = numbers
    return FateRow(
        identity=identity,
        kind=kind,
        reason=reason,
        url=url,
        method=method,
        parent=parent,
        found_at=found_at,
        ended_at=ended_at,
        items=items,
        tries=[(at, error) for at, error in json.loads(tries or "[]")],
        data=data,
        host=host,
        priority=priority,
        delivered=delivered,
    )


def _refusal(record: tuple[Any, ...], path: Path) -> FateRow:
    identity, reason, url, method, parent, found_at, ended_at, crc = record
    try:
        is_right = refusal_crc((identity, parent, found_at, ended_at), (reason, url, method)) == crc
    except (TypeError, ValueError, OverflowError, struct.error):
        is_right = False
    if not is_right:
        raise damaged(path, f"the refusal of a request in it is altered ({url!r})")
    return FateRow(identity, EndKind.REFUSED, reason, url, method, parent, found_at, ended_at, 0, [])
