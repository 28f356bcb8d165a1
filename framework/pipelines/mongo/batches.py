"""Documents that wait to be sent: one queue in the order of the items, cut into batches.

Place in the flow: ``pipeline`` adds at its end, ``delivery`` gets batches from its head. A document leaves when the
server has it, or when it has become a dead letter, and not before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

_BATCH_BYTES_MAX = 8 * 1024 * 1024


class Entry:
    """One document on its way.

    Attributes:
        checkpoint: number of the checkpoint that it belongs to.
        collection: where it goes.
        filter: what finds the document that it updates.
        body: the fields to set, as BSON.
        found_at: when the item was handed over; a naive UTC time.
        identity: of the request that gave the item.
        position: of the item in that request's output.
        tries: how often the server has refused it for a reason that may have passed.
    """

    __slots__ = ("body", "checkpoint", "collection", "filter", "found_at", "identity", "position", "tries")

    def __init__(  # noqa: PLR0913 - a record
        self,
        checkpoint: int,
        collection: str,
        filter: dict[str, Any],
        body: bytes,
        found_at: Any,
        identity: int,
        position: int,
    ) -> None:
        self.checkpoint = checkpoint
        self.collection = collection
        self.filter = filter
        self.body = body
        self.found_at = found_at
        self.identity = identity
        self.position = position
        self.tries = 0

    def __repr__(self) -> str:
        return f"<Entry {self.collection} {self.filter} of checkpoint {self.checkpoint}>"


class Batches:
    """The queue.

    Args:
        size: documents in a batch.

    Attributes:
        size_bytes: of all documents that wait.
    """

    __slots__ = ("_entries", "_size", "size_bytes")

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: deque[Entry] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Batches: {len(self._entries)} documents, {self.size_bytes} bytes>"

    @property
    def is_full(self) -> bool:
        """Say whether there is enough for a whole batch."""
        return len(self._entries) >= self._size or self.size_bytes >= _BATCH_BYTES_MAX

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint of the oldest document; ``None`` when none waits."""
        return self._entries[0].checkpoint if self._entries else None

    def add(self, entry: Entry) -> None:
        """Put a document at the end."""
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
        """Let go of the oldest ``count`` documents."""
        for _ in range(count):
            self.size_bytes -= len(self._entries.popleft().body)


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
