"""The statements of one transaction: rows, identities, fates and values in, with the sums kept right.

Place in the flow: runs in the store's writer thread. Records go in by the hundred in one statement: SQLite gives up
Python's lock at every statement, and beside a busy event loop each return to it is a wait of milliseconds.

Invariant: after a transaction the books' sums are those of the tables; after a failed one both are as before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import Any

from . import questions
from .checksums import Books, Sums, fate_crc, meta_crc, refusal_crc, row_crc, sums_of
from .connection import damaged
from .levels import YOUNG_MAX, grow_old
from .rows import Changes, EndKind, FateRow, Row
from .schema import FATE_COLUMNS, REFUSAL_COLUMNS, ROW_COLUMNS
from .statements import chunks, marks

_identity = attrgetter("identity")
_ROWS_A_STATEMENT = (2000, 500, 200, 50, 10, 1)
_NUMBERS_A_STATEMENT = (10000, 2000, 400, 100, 20, 5, 1)


class Writer:
    """Puts changes into a store's tables.

    Args:
        connection: the store's only connection that writes.
        books: what the file holds; ``None`` for a temporary store, which needs no sums and has no way back.
        path: the file, for messages.
        pause: called between two statements.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        books: Books | None,
        path: Path | None,
        pause: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._pause = pause
        self._digests: dict[str, tuple[bytes, int]] = {}
        (self._young_places,) = connection.execute("SELECT count(*) FROM by_host_young").fetchone()
        self._is_durable = books is not None
        self._on_conflict = "ROLLBACK" if self._is_durable else "IGNORE"
        self._on_row_conflict = "ROLLBACK" if self._is_durable else "FAIL"
        self.books = books or Books()

    def transact(self, change: Callable[[Books], Any]) -> None:
        """Make one transaction of ``change`` and the books that it is given to alter.

        Identities and fates that are there already make the first, fast attempt fail; the second one looks first.
        """
        try:
            self._attempt(change)
        except sqlite3.IntegrityError:
            if not self._is_durable:
                raise
            self._on_conflict = "ABORT"
            try:
                self._attempt(change)
            finally:
                self._on_conflict = "ROLLBACK"

    def _attempt(self, change: Callable[[Books], Any]) -> None:
        connection = self._connection
        books = self.books.copy()
        digests, young_places = dict(self._digests), self._young_places
        connection.execute("BEGIN IMMEDIATE")
        try:
            change(books)
            if self._is_durable:
                books.store(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._digests, self._young_places = digests, young_places
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.books = books

    def mark(self, *, is_clean: bool, meta: dict[str, bytes] | None = None) -> None:
        """Note whether everything has been stored, together with values."""

        def change(books: Books) -> None:
            self.put_meta(meta or {}, books)
            books.clean = is_clean

        self.transact(change)

    def apply(self, changes: Changes, books: Books, log_start: int) -> None:
        """Write changes; identities of the log get the positions after ``log_start``."""
        self.insert_rows(changes.rows, books)
        self.delete_rows(changes.gone, books)
        if changes.seen:
            if books.seen_mode == "log":
                self._append_to_log(changes.seen, books, log_start)
            else:
                self._insert_seen(changes.seen, books)
        if changes.fates:
            self._insert_fates([fate for fate in changes.fates if fate.kind != EndKind.REFUSED], books)
            self._insert_refusals([fate for fate in changes.fates if fate.kind == EndKind.REFUSED], books)

    # -- pending requests ----------------------------------------------------------------------------------------

    def insert_rows(self, rows: Sequence[Row], books: Books) -> None:
        """Add pending requests."""
        sums = books.sums["rows"]
        for chunk in chunks(rows, _ROWS_A_STATEMENT):
            values: list[Any] = []
            numbers = crcs = 0
            for row in chunk:
                crc = row_crc(row)
                numbers += row.number
                crcs += crc
                values += (row.number, row.identity, row.host, row.priority, row.delivered, crc, row.data)
            self._insert("rows", ROW_COLUMNS, len(chunk), values, on_conflict=self._on_row_conflict)
            sums.add(len(chunk), numbers, crcs)
            self._insert_places([row.number for row in chunk])

    def _insert_places(self, numbers: Sequence[int]) -> None:
        """Let rows be found by host."""
        statement = (
            f"INSERT OR {self._on_conflict} INTO by_host_young SELECT priority, host, number FROM rows"  # noqa: S608
            f" WHERE number IN ({marks(len(numbers))}) ORDER BY 1, 2, 3"
        )
        self._connection.execute(statement, numbers)
        self._young_places += len(numbers)
        if self._young_places > YOUNG_MAX:
            self._young_places = 0
            grow_old(self._connection, "by_host", "ABORT" if self._is_durable else "IGNORE", self._pause)

    def _delete_places(self, numbers: Sequence[int]) -> int:
        """Let rows be found no longer, before they are deleted; return how many there were."""
        gone = 0
        for table in ("by_host_young", "by_host") if self._young_places else ("by_host",):
            statement = (
                f"DELETE FROM {table} WHERE (priority, host, number) IN"  # noqa: S608
                f" (SELECT priority, host, number FROM rows WHERE number IN ({marks(len(numbers))}))"
            )
            count = self._connection.execute(statement, numbers).rowcount
            gone += count
            if table == "by_host_young":
                self._young_places -= count
        return gone

    def delete_rows(self, numbers: Sequence[int], books: Books) -> None:
        """Take pending requests away; each must be there."""
        sums = books.sums["rows"]
        for chunk in chunks(numbers, _ROWS_A_STATEMENT):
            crcs = 0
            if self._is_durable:
                where = f"WHERE number IN ({marks(len(chunk))})"
                _, _, crcs = sums_of(self._connection, "rows", where, chunk)
            places = self._delete_places(chunk)
            gone = self._delete("rows", "number", chunk)
            if not gone == places == len(chunk):
                raise damaged(
                    self._path, f"{len(chunk) - min(gone, places)} pending requests that have ended are not in it"
                )
            sums.add(-gone, -sum(chunk), -crcs)

    # -- identities ----------------------------------------------------------------------------------------------

    def _insert_seen(self, identities: Sequence[int], books: Books) -> None:
        young = books.sums["seen_young"]
        for chunk in chunks(sorted(set(identities)), _NUMBERS_A_STATEMENT):  # neighbours are on one page
            new = chunk
            if self._on_conflict == "ABORT":
                known = questions.known(self._connection, chunk)
                new = [identity for identity in chunk if identity not in known]
            for part in chunks(new, _NUMBERS_A_STATEMENT):
                self._insert("seen_young", "identity", len(part), part)
                young.add(len(part), sum(part), 0)
        if young.count > YOUNG_MAX:
            self._grow_seen(books)

    def _grow_seen(self, books: Books) -> None:
        """Move the young identities to the old ones; after a failed attempt, without those that are there."""
        young, old = books.sums["seen_young"], books.sums["seen"]
        if self._on_conflict == "ABORT":
            where = "WHERE EXISTS (SELECT 1 FROM seen WHERE seen.identity = seen_young.identity)"
            young.add(*(-value for value in sums_of(self._connection, "seen_young", where)))
            self._connection.execute(f"DELETE FROM seen_young {where}")  # noqa: S608
        grow_old(self._connection, "seen", "ABORT" if self._is_durable else "IGNORE", self._pause)
        old.add(young.count, young.first, young.second)
        books.sums["seen_young"] = Sums()

    def _append_to_log(self, identities: Sequence[int], books: Books, log_start: int) -> None:
        if not self._is_durable:
            return  # nobody can come back to read it
        sums = books.sums["seen_log"]
        position = log_start
        for chunk in chunks(identities, _NUMBERS_A_STATEMENT):
            values: list[int] = []
            for identity in chunk:
                position += 1
                values += (position, identity)
            self._insert("seen_log", "position, identity", len(chunk), values)
            positions = len(chunk) * (2 * position - len(chunk) + 1) // 2
            sums.add(len(chunk), sum(chunk), positions)
        books.log_end = max(books.log_end, position)

    def truncate_log(self, upto: int, books: Books) -> None:
        """Take out of the log what a stored filter holds."""
        where = f"WHERE position <= {upto:d}"
        books.sums["seen_log"].add(*(-value for value in sums_of(self._connection, "seen_log", where)))
        self._connection.execute(f"DELETE FROM seen_log {where}")  # noqa: S608

    # -- fates ---------------------------------------------------------------------------------------------------

    def _insert_fates(self, fates: Sequence[FateRow], books: Books) -> None:
        sums = books.sums["fates"]
        latest = sorted({fate.identity: fate for fate in fates}.values(), key=_identity)  # neighbours are on one page
        for chunk in chunks(latest, _ROWS_A_STATEMENT):
            if self._on_conflict != "ROLLBACK":
                self.delete_fates([fate.identity for fate in chunk], books)
            values: list[Any] = []
            identities = crcs = 0
            for fate in chunk:
                record = _fate_record(fate)
                identities += fate.identity
                crcs += record[-2]
                values += record
            self._insert("fates", FATE_COLUMNS, len(chunk), values)
            sums.add(len(chunk), identities, crcs)

    def delete_fates(self, identities: Sequence[int], books: Books) -> None:
        """Take away the fates of those identities that have one."""
        for chunk in chunks(identities, _ROWS_A_STATEMENT):
            where = f"WHERE identity IN ({marks(len(chunk))})"
            if self._is_durable:
                books.sums["fates"].add(*(-value for value in sums_of(self._connection, "fates", where, chunk)))
            self._delete("fates", "identity", chunk)

    def _insert_refusals(self, fates: Sequence[FateRow], books: Books) -> None:
        sums = books.sums["refusals"]
        first = {(fate.identity, fate.reason): fate for fate in reversed(fates)}
        for chunk in chunks(list(first.values()), _ROWS_A_STATEMENT):
            new = chunk
            if self._on_conflict == "ABORT":
                new = [fate for fate in chunk if not self._is_refused(fate)]
            for part in chunks(new, _ROWS_A_STATEMENT):
                records = [_refusal_record(fate) for fate in part]
                values = [value for record in records for value in record]
                self._insert("refusals", REFUSAL_COLUMNS, len(part), values)
                sums.add(len(part), sum(record[0] for record in records), sum(record[-1] for record in records))

    def _is_refused(self, fate: FateRow) -> bool:
        question = "SELECT 1 FROM refusals WHERE identity = ? AND reason = ?"
        return self._connection.execute(question, (fate.identity, _plain(fate.reason))).fetchone() is not None

    # -- named values --------------------------------------------------------------------------------------------

    def put_meta(self, values: dict[str, bytes], books: Books) -> None:
        """Store named values; one that has not changed since the last time costs nothing."""
        sums = books.sums["meta"]
        for name, value in values.items():
            digest = blake2b(value, digest_size=16).digest()
            old = self._digests.get(name)
            if old is not None and old[0] == digest:
                continue
            crc = meta_crc(name, value)
            self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (name, crc, value))
            sums.add(old is None, 0, crc - (old[1] if old else 0))
            self._digests[name] = (digest, crc)

    def remember_meta(self, values: dict[str, bytes]) -> None:
        """Take note of the values that an opened file holds."""
        for name, value in values.items():
            self._digests[name] = (blake2b(value, digest_size=16).digest(), meta_crc(name, value))

    # -- statements ----------------------------------------------------------------------------------------------

    def _insert(
        self, table: str, columns: str, count: int, values: Sequence[Any], *, on_conflict: str | None = None
    ) -> None:
        record = f"({marks(columns.count(',') + 1)})"
        how = on_conflict or self._on_conflict
        statement = f"INSERT OR {how} INTO {table}({columns}) VALUES {','.join([record] * count)}"  # noqa: S608
        self._connection.execute(statement, values)
        if self._pause is not None:
            self._pause()

    def _delete(self, table: str, key: str, keys: Sequence[int]) -> int:
        statement = f"DELETE FROM {table} WHERE {key} IN ({marks(len(keys))})"  # noqa: S608
        return self._connection.execute(statement, keys).rowcount


def _plain(text: str) -> str:
    """Return text that can be stored whatever it holds: lone surrogates are spelt out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _fate_record(fate: FateRow) -> tuple[Any, ...]:
    tries = json.dumps(fate.tries) if fate.tries else ""
    reason, url, method = _plain(fate.reason), _plain(fate.url), _plain(fate.method)
    numbers = (fate.parent, float(fate.found_at), float(fate.ended_at), fate.items)
    row = (fate.host, fate.priority, fate.delivered)
    crc = fate_crc((fate.identity, int(fate.kind), *numbers, *row), (reason, url, method, tries), fate.data)
    return (fate.identity, int(fate.kind), reason, url, method, *numbers, tries, *row, crc, fate.data)


def _refusal_record(fate: FateRow) -> tuple[Any, ...]:
    text = (_plain(fate.reason), _plain(fate.url), _plain(fate.method))
    numbers = (fate.parent, float(fate.found_at), float(fate.ended_at))
    return (fate.identity, *text, *numbers, refusal_crc((fate.identity, *numbers), text))
