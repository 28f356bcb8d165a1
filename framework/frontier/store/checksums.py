"""What makes a flipped bit or a lost page show: a checksum a record, and sums over each table.

Place in the flow: ``writing`` makes them with each transaction, ``integrity`` and ``reading`` compare them. A checksum
tells that a record is the one that was written; the sums tell that no record is missing or came twice. The sums are
exact and as wide as they need be; SQLite adds up the halves of a number, since its own sums end at 64 bits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from struct import Struct
from typing import Any
from zlib import crc32

from .rows import Row, SeenMode
from .schema import SUMS

_ROW = Struct("<qqqqq").pack
_FATE = Struct("<qqqddqqqq").pack
_REFUSAL = Struct("<qqdd").pack


def row_crc(row: Row) -> int:
    """Return the checksum of a pending request: its data, and the numbers by which it is found."""
    return crc32(row.data, crc32(_ROW(row.number, row.identity, row.host, row.priority, row.delivered)))


def fate_crc(numbers: tuple[Any, ...], text: tuple[str, ...], data: bytes | None) -> int:
    """Return the checksum of a fate, of its values as they are stored.

    Args:
        numbers: identity, kind, parent, found_at, ended_at, items, host, priority, delivered.
        text: reason, url, method, tries.
        data: the stored form of a failed request.
    """
    crc = crc32(_FATE(*numbers), crc32("\0".join(text).encode()))
    return crc if data is None else crc32(data, crc)


def refusal_crc(numbers: tuple[Any, ...], text: tuple[str, ...]) -> int:
    """Return the checksum of a refusal: identity, parent, found_at, ended_at; reason, url, method."""
    return crc32(_REFUSAL(*numbers), crc32("\0".join(text).encode()))


def meta_crc(name: str, value: bytes) -> int:
    """Return the checksum of a named value."""
    return crc32(value, crc32(name.encode()))


@dataclass(slots=True)
class Sums:
    """How many records a table has, and the sums of two of their columns (``schema.SUMS``)."""

    count: int = 0
    first: int = 0
    second: int = 0

    def add(self, count: int, first: int, second: int) -> None:
        """Add records, or take them away with negative numbers."""
        self.count += count
        self.first += first
        self.second += second


@dataclass(slots=True)
class Books:
    """The one record that says what the rest of the file must hold; written in every transaction.

    Attributes:
        checkpoint: the number of the last checkpoint.
        clean: nobody is at work on the file, and the last one ended well.
        seen_mode: which of the two tables holds the identities.
        log_end: how many identities were ever given to the log.
        filter_name: the file of the stored seen-filter, beside the store; empty: none.
        counts: the counts of the last checkpoint.
        sums: of each table.
    """

    checkpoint: int = 0
    clean: bool = True
    seen_mode: SeenMode = "exact"
    log_end: int = 0
    filter_name: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    sums: dict[str, Sums] = field(default_factory=lambda: {table: Sums() for table in SUMS})

    def dump(self) -> bytes:
        """Return the record as it is stored."""
        return json.dumps(asdict(self)).encode()

    def store(self, connection: sqlite3.Connection) -> None:
        """Write the record within the transaction that changes what it tells of."""
        value = self.dump()
        connection.execute("INSERT OR REPLACE INTO books VALUES (1, ?, ?)", (crc32(value), value))

    def copy(self) -> Books:
        """Return one that can be changed while this one stays as it is."""
        return Books.load(self.dump())

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Books | None:
        """Read the record of a file; ``None`` when it is missing or is not what was written."""
        found = connection.execute("SELECT crc, value FROM books WHERE id = 1").fetchone()
        if found is None or not isinstance(found[1], bytes) or crc32(found[1]) != found[0]:
            return None
        return cls.load(found[1])

    @classmethod
    def load(cls, value: bytes) -> Books:
        """Read a record whose checksum is right."""
        fields: dict[str, Any] = json.loads(value)
        fields["sums"] = {table: Sums(**sums) for table, sums in fields["sums"].items()}
        return cls(**fields)


def sums_of(
    connection: sqlite3.Connection, table: str, where: str = "", values: Sequence[int] = ()
) -> tuple[int, int, int]:
    """Return the count and the two sums of a table's records, or of those that ``where`` chooses."""
    first, second = SUMS[table]
    question = (
        f"SELECT count(*), coalesce(sum({first} >> 32), 0), coalesce(sum({first} & 4294967295), 0),"  # noqa: S608
        f" coalesce(sum({second}), 0) FROM {table} {where}"
    )
    count, high, low, total = connection.execute(question, values).fetchone()
    return count, (high << 32) + low, total
