"""One document on its way to the server.

Place in the flow: ``pipeline`` makes it, ``batches`` keeps it, ``delivery`` sends it.
"""

from __future__ import annotations

from typing import Any


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
