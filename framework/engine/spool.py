"""Items of one visit that are too many for memory: in an unnamed temporary file, in their order.

Place in the flow: a visit's items wait for the end of its callback and of its pipelines, and go to the sinks in one
step. Above ``ITEMS_IN_MEMORY`` they wait here, before the pipelines and behind them. The file goes away with the last
one who holds it, or with the process: what is in it belongs to a visit that has not ended, and is crawled again.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, overload

from framework.http.stored import dump_value
from framework.http.stored.codec import ValueReader

ITEMS_IN_MEMORY = 1000
"""A visit with more items than this writes them to disk."""

_BLOCK_BYTES = 128 * 1024
_load = ValueReader().read

Entry = tuple[int, Any]


class ItemSpool(Sequence[Entry]):
    """Items with their positions; those that have no stored form, or no room on the disk, stay in memory.

    Args:
        folder: where the file is; ``None`` for the system's folder of temporary files.
        entries: the first items.
    """

    __slots__ = ("_ends", "_file", "_flush_at", "_folder", "_live", "_unwritten", "_written")

    def __init__(self, folder: Path | None, entries: Iterable[Entry] = ()) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        # Of each item, where it ends in the file. One that takes no room there is in memory.
        self._ends = array("q")
        self._live: dict[int, Entry] = {}
        self._unwritten = bytearray()
        self._flush_at = _BLOCK_BYTES
        self._written = 0
        for entry in entries:
            self.append(entry)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def __repr__(self) -> str:
        return f"<ItemSpool: {len(self)} items, {self._written} bytes on disk>"

    def __len__(self) -> int:
        return len(self._ends)

    def empty(self) -> ItemSpool:
        """Return another one in the same folder."""
        return ItemSpool(self._folder)

    def append(self, entry: Entry) -> None:
        """Put an item at the end."""
        try:
            data = dump_value(entry)
        except Exception:  # it cannot be stored; what the item's own code raises is for the pipelines and sinks
            self._live[len(self._ends)] = entry
            data = b""
        self._unwritten += data
        self._ends.append(self._written + len(self._unwritten))
        if len(self._unwritten) >= self._flush_at:
            self._flush()

    def _flush(self) -> None:
        unwritten = self._unwritten
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - see __del__
            while unwritten:
                count = os.pwrite(self._file.fileno(), unwritten, self._written)
                del unwritten[:count]
                self._written += count
        except OSError:
            pass  # a full disk: tried again when as much again is waiting
        self._flush_at = len(unwritten) + _BLOCK_BYTES

    def _read(self, start: int, length: int) -> bytes:
        data = b""
        if self._file is not None and start < self._written:
            data = os.pread(self._file.fileno(), min(length, self._written - start), start)
        behind = start + len(data) - self._written
        return data + self._unwritten[behind : behind + length - len(data)] if len(data) < length else data

    def __iter__(self) -> Iterator[Entry]:
        start = block_at = 0
        block = b""
        for index, end in enumerate(self._ends):
            if end == start:
                yield self._live[index]
                continue
            if end > block_at + len(block):
                block_at, block = start, self._read(start, max(end - start, _BLOCK_BYTES))
            yield _load(block[start - block_at : end - block_at])
            start = end

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        """Return an item with its position, or a list of them."""
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        start, end = self._ends[index - 1] if index else 0, self._ends[index]
        if start == end:
            return self._live[index]
        entry: Entry = _load(self._read(start, end - start))
        return entry
