"""The tables of the store, and the numbers that say what kind of file it is.

Place in the flow: ``connection`` makes a new file with these statements, ``integrity`` compares an old file with them.

Keys are 64-bit integers, SQLite's own row ids: shorter and faster than any other key. ``rows`` are found by host
through ``by_host``. This and ``seen`` have random keys, and so each has a young table beside it (``levels``): a record
is in one of the two.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x66776B31
"""``fwk1``, in the file's header: this is a store, and not some other SQLite file."""

SCHEMA: Final = 2
"""The version of everything below."""

_PLACE: Final = (
    "(priority INTEGER NOT NULL, host INTEGER NOT NULL, number INTEGER NOT NULL,"
    " PRIMARY KEY(priority, host, number)) WITHOUT ROWID"
)
TABLES: Final = {
    "books": "CREATE TABLE books(id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, value BLOB NOT NULL)",
    "meta": "CREATE TABLE meta(name TEXT PRIMARY KEY NOT NULL, crc INTEGER NOT NULL, value BLOB NOT NULL)",
    "rows": "CREATE TABLE rows(number INTEGER PRIMARY KEY, identity INTEGER NOT NULL, host INTEGER NOT NULL,"
    " priority INTEGER NOT NULL, delivered INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL)",
    "by_host": f"CREATE TABLE by_host{_PLACE}",
    "by_host_young": f"CREATE TABLE by_host_young{_PLACE}",
    "seen": "CREATE TABLE seen(identity INTEGER PRIMARY KEY)",
    "seen_young": "CREATE TABLE seen_young(identity INTEGER PRIMARY KEY)",
    "seen_log": "CREATE TABLE seen_log(position INTEGER PRIMARY KEY, identity INTEGER NOT NULL)",
    "fates": "CREATE TABLE fates(identity INTEGER PRIMARY KEY, kind INTEGER NOT NULL, reason TEXT NOT NULL,"
    " url TEXT NOT NULL, method TEXT NOT NULL, parent INTEGER NOT NULL, found_at REAL NOT NULL,"
    " ended_at REAL NOT NULL, items INTEGER NOT NULL, tries TEXT NOT NULL, host INTEGER NOT NULL,"
    " priority INTEGER NOT NULL, delivered INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB)",
    "refusals": "CREATE TABLE refusals(identity INTEGER NOT NULL, reason TEXT NOT NULL, url TEXT NOT NULL,"
    " method TEXT NOT NULL, parent INTEGER NOT NULL, found_at REAL NOT NULL, ended_at REAL NOT NULL,"
    " crc INTEGER NOT NULL, PRIMARY KEY(identity, reason)) WITHOUT ROWID",
}
"""Every table by name, as the file itself must tell them."""

LEVELS: Final = {"seen": ("seen_young", "identity"), "by_host": ("by_host_young", "priority, host, number")}
"""The tables with random keys: of each its young one, and the columns, which are the key."""

ROW_COLUMNS: Final = "number, identity, host, priority, delivered, crc, data"
FATE_COLUMNS: Final = (
    "identity, kind, reason, url, method, parent, found_at, ended_at, items, tries,"
    " host, priority, delivered, crc, data"
)
REFUSAL_COLUMNS: Final = "identity, reason, url, method, parent, found_at, ended_at, crc"

SUMS: Final = {
    "rows": ("number", "crc"),
    "seen": ("identity", "0"),
    "seen_young": ("identity", "0"),
    "seen_log": ("identity", "position"),
    "fates": ("identity", "crc"),
    "refusals": ("identity", "crc"),
    "meta": ("0", "crc"),
}
"""The two columns of each table whose sums the books hold. ``by_host`` is compared with ``rows``."""
