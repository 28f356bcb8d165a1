"""The seen-set ``bloom+verify``: a filter says what is new, the store says what is not.

Most links are recent, or surely new; only for the rest, one batched query a page goes to the store.

Place in the flow: ``make_seen`` makes it for ``SEEN = "bloom+verify"``, the default.
"""

from __future__ import annotations

from collections.abc import Sequence

from .fromstore import FromStore
from .protocol import MAYBE, NEW, SEEN, BloomEngine
from .recent import Recent

_CLEAR_MAX = 1_000


class VerifiedBloomSeen(FromStore):
    """A Bloom filter whose positives are checked: no identity is ever lost to it.

    An identity is in the filter from its :meth:`add` on, so a slow engine's time is spread over the pages. The filter
    is never stored: at 10 million identities it is back in seconds from those that the store reads out.

    Args:
        engine: the filter.
        recent: answers for identities that were met lately.
    """

    __slots__ = ("_clear", "_confirmed", "_contains", "_engine", "_open", "_positives", "_recent")

    def __init__(self, engine: BloomEngine, recent: Recent | None = None) -> None:
        self._engine = engine
        self._contains = engine.contains
        self._recent = Recent() if recent is None else recent
        self._open: set[int] = set()
        # What was new at a look a moment ago: a link is looked up before the hooks, and once more when it is offered.
        self._clear: set[int] = set()
        self._positives = self._confirmed = 0

    def check(self, identity: int) -> int:
        """Answer ``SEEN`` for what is recent or open, ``MAYBE`` for what the filter knows, else ``NEW``."""
        recent = self._recent
        if identity in recent.young or identity in self._open:
            return SEEN
        if identity in recent.old:
            recent.remember(identity)
            return SEEN
        if identity in self._clear:
            return NEW
        if self._contains(identity):
            self._positives += 1
            return MAYBE
        if len(self._clear) >= _CLEAR_MAX:
            self._clear.clear()
        self._clear.add(identity)
        return NEW

    def add(self, identity: int) -> None:
        """Know this identity from now on."""
        self._clear.discard(identity)
        self._open.add(identity)
        self._engine.add(identity)

    def confirm(self, identity: int) -> None:
        """Keep it among the recent ones: the next check needs no query."""
        self._confirmed += 1
        self._recent.remember(identity)

    def committed(self, identities: Sequence[int]) -> None:
        """Let them go from the open group: from now on the store answers for them."""
        self._open.difference_update(identities)
        self._recent.remember_all(identities)

    def load(self, identities: Sequence[int]) -> None:
        """Put into the filter what the store has."""
        self._engine.add_all(identities)

    def stats(self) -> dict[str, int | float | str]:
        """Return the numbers: how often the store was asked for, and how often it knew the identity."""
        return {
            "seen/mode": "bloom+verify",
            "seen/identities": self._engine.size(),
            **self._engine.stats(),
            "seen/positives": self._positives,
            "seen/confirmed": self._confirmed,
        }
