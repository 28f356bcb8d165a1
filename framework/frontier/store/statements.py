"""Pieces of SQL statements with many values.

Place in the flow: whatever writes to a store or asks it builds its statements with these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

RecordT = TypeVar("RecordT")


def chunks(records: Sequence[RecordT], sizes: Sequence[int]) -> Iterator[Sequence[RecordT]]:
    """Cut records into pieces of only a few sizes, largest first, so that prepared statements serve again."""
    start = 0
    for size in sizes:
        while len(records) - start >= size:
            yield records[start : start + size]
            start += size


def marks(count: int) -> str:
    """Return ``count`` placeholders."""
    return ",".join("?" * count)
