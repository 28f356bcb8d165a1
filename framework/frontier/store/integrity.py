"""What is checked when a store is opened: that the file is whole, ours, and holds what its books say.

Place in the flow: ``sqlite.Store`` and ``requeue`` call ``examine`` before anything is read from a file. SQLite's own
check finds pages that do not fit together; the books find what is well-formed and yet not what was written. Ten million
identities take a second and a half.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from framework.exceptions import StoreError

from .checksums import Books, meta_crc, sums_of
from .connection import beside, damaged
from .schema import APPLICATION_ID, SCHEMA, SUMS, TABLES

FULL_CHECK_BYTES = 256 << 20
"""Files up to this size get SQLite's full check, larger ones the quick one, which looks at no index."""


def is_there(path: Path, *, must_exist: bool) -> bool:
    """Say whether there is a store at ``path``; a log without its database is a store that has lost it.

    Raises:
        DamagedJob: it should be there and is not, or is empty.
    """
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        if must_exist or beside(path, "-wal").exists():
            raise damaged(path, "the file is missing") from None
        return False
    if not size_bytes:
        raise damaged(path, "the file is empty")
    return True


def examine(connection: sqlite3.Connection, path: Path, full_check_bytes: int = FULL_CHECK_BYTES) -> Books:
    """Check an existing file and return its books.

    Raises:
        DamagedJob: it is not what was written.
        StoreError: it was written by a newer fwk, or an older one.
    """
    check_kind(connection, path)
    is_small = path.stat().st_size <= full_check_bytes
    (answer,) = connection.execute("PRAGMA integrity_check(1)" if is_small else "PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise damaged(path, f"the file is damaged ({' '.join(answer.split())})")
    books = read_books(connection, path)
    for table in SUMS:
        sums = books.sums[table]
        if sums_of(connection, table) != (sums.count, sums.first, sums.second):
            raise damaged(path, f"its table {table!r} does not hold what was written ({sums.count} records)")
    _check_places(connection, path)
    return books


def read_books(connection: sqlite3.Connection, path: Path) -> Books:
    """Return the books of a file of the right kind."""
    books = Books.read(connection)
    if books is None:
        raise damaged(path, "the record of what it holds is missing or altered")
    return books


def check_kind(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no store, or one of another schema."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise damaged(path, "this is not the file of a job")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA:
        msg = (
            f"{path}: this job was written by a newer fwk (schema {version}; this one knows {SCHEMA}): install that"
            " version again, or begin a new job (--new)."
        )
        raise StoreError(msg)
    tables = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))
    if version < SCHEMA:
        msg = (
            f"{path}: this job was written by an older fwk (schema {version}; this one knows {SCHEMA}): end it with"
            " that version, or begin a new job (--new)."
        )
        raise StoreError(msg)
    if tables != TABLES:
        raise damaged(path, "its tables are not those of a job")


def _check_places(connection: sqlite3.Connection, path: Path) -> None:
    columns = ", ".join(f"sum({name} >> 32), sum({name} & 4294967295)" for name in ("priority", "host", "number"))
    places = "(SELECT * FROM by_host UNION ALL SELECT * FROM by_host_young)"
    answers = [
        connection.execute(f"SELECT count(*), {columns} FROM {table}").fetchone()  # noqa: S608
        for table in ("rows", places)
    ]
    if answers[0] != answers[1]:
        raise damaged(path, "the lists of its hosts' pending requests do not fit them")


def read_meta(connection: sqlite3.Connection, path: Path) -> dict[str, bytes]:
    """Return the named values, each with its checksum right."""
    values: dict[str, bytes] = {}
    for name, crc, value in connection.execute("SELECT name, crc, value FROM meta"):
        if meta_crc(name, value) != crc:
            raise damaged(path, f"its value {name!r} is altered")
        values[name] = value
    return values
