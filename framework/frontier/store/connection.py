"""Opening, syncing and naming: how a store's file comes to be, and SQLite's errors in the framework's words.

Place in the flow: everything that touches the file goes through a connection made here.

A new file is made aside, synced, and then renamed, so that a file under the right name is always a whole one; an empty
or missing one was damaged. The database runs with a write-ahead log, which is synced at the end of each transaction,
and so are the folder's entries of new files.

What a power cut may not undo rests on the file system: ``fsync`` of a file keeps its content, ``fsync`` of a folder
keeps its entries, a rename is all or nothing, and a sector is written whole or its checksum in the log tells. ext4,
XFS, Btrfs, ZFS and APFS keep to that on disks that do not lie about their cache; network file systems (NFS, SMB) do
not, and SQLite's log cannot be shared there at all.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from framework.exceptions import CrawlError, DamagedJob, StoreError
from framework.wholefile import sync_folder

from .checksums import Books
from .rows import SeenMode
from .schema import APPLICATION_ID, SCHEMA, TABLES

_BUSY_S = 10.0
_MODE = 0o600
_LOG_PAGES = 4000  # of 4 KB, after which the log is copied into the database
_LOG_KEPT_BYTES = 64 << 20
_DAMAGED = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_FORMAT,
}
_DAMAGED_EXTENDED = {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}


def damaged(path: Path | None, what: str) -> DamagedJob:
    """Return the error that says what is wrong with a job's file, and what can be done."""
    return DamagedJob(
        f"{path or 'the temporary file of pending requests'}: {what}. The job cannot go on from it without losing"
        " something: put the job's folder back from a copy, or begin a new job (--new)."
    )


@contextlib.contextmanager
def named_errors(path: Path | None) -> Iterator[None]:
    """Turn errors of SQLite and of the system into the framework's: what, where, what to do.

    Raises:
        DamagedJob: the file's content is not what was written.
        StoreError: the disk is full, fails, or the file may not be used.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _named(error, path) from error
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror or error}. {_REMEDY}") from error


_REMEDY = "Nothing of this step was stored; when that is put right, the same command goes on from the last checkpoint."


def _named(error: sqlite3.Error, path: Path | None) -> CrawlError:
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL)
    code = extended & 0xFF
    if code in _DAMAGED or extended in _DAMAGED_EXTENDED:
        return damaged(path, f"the file is damaged ({error})")
    where = str(path) if path else "the temporary file of pending requests (its folder is set by SQLITE_TMPDIR)"
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{where}: the disk is full: make room. {_REMEDY}")
    return StoreError(f"{where}: {error} ({getattr(error, 'sqlite_errorname', 'SQLite')}). {_REMEDY}")


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file that belongs to ``path``."""
    return path.with_name(path.name + suffix)


def create_private(path: Path) -> int:
    """Make a file that only its owner can read, whatever the umask is, and return its descriptor."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE)
    os.fchmod(descriptor, _MODE)
    return descriptor


def create(path: Path, seen_mode: SeenMode) -> None:
    """Make a new store: aside, with mode 0600, synced, and then under its name."""
    new = beside(path, ".new")
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside(new, suffix).unlink(missing_ok=True)
    descriptor = create_private(new)
    try:
        connection = _connect(str(new))
        try:
            # Without a log: what closing cannot copy out of one it leaves there and does not tell, and the file that
            # gets the name would be an empty one.
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA journal_mode=OFF")
            make_tables(connection)
            Books(seen_mode=seen_mode).store(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(new, path)
    sync_folder(path.parent)


def make_tables(connection: sqlite3.Connection) -> None:
    """Begin a transaction and make all tables in it."""
    connection.execute("BEGIN")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA}")
    for statement in TABLES.values():
        connection.execute(statement)


def connect_writer(path: Path, cache_kb: int) -> sqlite3.Connection:
    """Open a store for writing: the log is synced at the end of each transaction."""
    connection = _connect(_uri(path, "rw"), is_uri=True)
    try:
        _limit(connection, cache_kb)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit={_LOG_KEPT_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def shorten_log(connection: sqlite3.Connection) -> None:
    """Copy the log into the database and empty it; what cannot be copied now stays in the log, and nothing is lost."""
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def connect_reader(path: Path, cache_kb: int) -> sqlite3.Connection:
    """Open a store for reading; what a transaction has not committed is not seen."""
    connection = _connect(_uri(path, "ro"), is_uri=True)
    _limit(connection, cache_kb)
    return connection


def connect_temporary(cache_kb: int) -> sqlite3.Connection:
    """Open a store that has no name and ends with its connection. SQLite makes the file when the cache is full."""
    connection = _connect("")
    _limit(connection, cache_kb)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    make_tables(connection)
    connection.execute("COMMIT")
    return connection


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"


def _limit(connection: sqlite3.Connection, cache_kb: int) -> None:
    connection.execute(f"PRAGMA cache_size=-{cache_kb}")
    connection.execute("PRAGMA mmap_size=0")


def _connect(target: str, *, is_uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(target, uri=is_uri, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
