"""Seen-sets: which identities have been offered before.

``check`` answers at once. ``exact`` keeps every identity; ``bloom`` keeps a filter that is sometimes wrong;
``bloom+verify`` keeps a filter and leaves its positives to the store, as ``MAYBE``.

Place in the flow: the frontier asks its seen-set about each request that is offered, adds what is new, and tells it
what was committed.
"""

from __future__ import annotations

from .make import make_seen
from .protocol import MAYBE, NEW, SEEN, BloomEngine, FilterSnapshot, SeenSet
from .stored import HEADER_BYTES, DamagedFilter, OtherEngine, engine_of

__all__ = [
    "HEADER_BYTES", "MAYBE", "NEW", "SEEN", "BloomEngine", "DamagedFilter", "FilterSnapshot", "OtherEngine", "SeenSet",
    "engine_of", "make_seen",
]  # fmt: skip
