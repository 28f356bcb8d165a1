"""Documents that wait to be sent: one queue in the order of the items, cut into batches.

Place in the flow: ``pipeline`` adds at its end, ``delivery`` gets batches from its head. A document leaves when the
server has it, or when it has become a dead letter, and not before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from .entry import Entry
from .spool import Spool

_BATCH_BYTES_MAX = 8 * 1024 * 1024


class Batches:
    """The queue.

    Args:
        size: documents in a batch.
        memory_bytes: documents beyond this are kept in a temporary file.
        folder: where that file is; ``None`` for the system's folder, which is often in memory.

    Attributes:
        size_bytes: of the documents in memory.
    """

    __slots__ = ("_entries", "_memory_bytes", "_size", "_spool", "size_bytes")

    def __init__(self, size: int, memory_bytes: int = 32 * 1024 * 1024, folder: Path | None = None) -> None:
        self._size = size
        self._memory_bytes = memory_bytes
        self._entries: deque[Entry] = deque()
        self._spool = Spool(folder)
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries) + len(self._spool)

    def __repr__(self) -> str:
        return f"<Batches: {len(self)} documents, {self.size_bytes} bytes in memory>"

    @property
    def is_full(self) -> bool:
        """Say whether there is enough for a whole batch."""
        return len(self._entries) >= self._size or self.size_bytes >= _BATCH_BYTES_MAX

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint of the oldest document; ``None`` when none waits."""
        return self._entries[0].checkpoint if self._entries else self._spool.checkpoint

    def add(self, entry: Entry) -> None:
        """Put a document at the end: into memory, or behind those that are in the file already."""
        if self._spool or self.size_bytes >= self._memory_bytes:
            self._spool.add(entry)
            return
        self._entries.append(entry)
        self.size_bytes += len(entry.body)

    def head(self) -> list[Entry]:
        """Return the next batch, which stays in the queue until ``remove``."""
        batch: list[Entry] = []
        room = _BATCH_BYTES_MAX
        for entry in self._entries:
            if batch and (len(batch) >= self._size or len(entry.body) > room):
                break
            room -= len(entry.body)
            batch.append(entry)
        return batch

    def remove(self, count: int) -> None:
        """Let go of the oldest ``count`` documents; those in the file follow when half of the memory is free."""
        for _ in range(count):
            self.size_bytes -= len(self._entries.popleft().body)
        while self._spool and self.size_bytes < self._memory_bytes // 2:
            for entry in self._spool.take(self._memory_bytes // 2):
                self._entries.append(entry)
                self.size_bytes += len(entry.body)

    def close(self) -> None:
        """Let go of everything."""
        self._entries.clear()
        self._spool.close()
        self.size_bytes = 0


def waves(batch: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Split a batch into parts for one collection each, in which no two documents have the same filter.

    The server may apply an unordered bulk in any order; of two items with the same key the later one must win.
    """
    parts: list[tuple[str, list[Entry]]] = []
    last: dict[tuple[str, str], int] = {}
    for entry in batch:
        key = repr(entry.filter)
        at = last.get((entry.collection, key), -1) + 1
        while at < len(parts) and parts[at][0] != entry.collection:
            at += 1
        if at == len(parts):
            parts.append((entry.collection, []))
        parts[at][1].append(entry)
        last[entry.collection, key] = at
    return parts
