"""The seen-set ``bloom``: a filter alone, small and quick, that takes a few new requests for seen.

The filter has only what is committed, so that a stored one is never newer than its transaction; what is not yet
committed is in a plain set.

Place in the flow: ``make_seen`` makes it for ``SEEN = "bloom"``.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from .protocol import NEW, SEEN, BloomEngine
from .recent import Recent


class BloomSeen:
    """A Bloom filter whose word is final.

    Args:
        engine: the filter.
        recent: answers for identities that were met lately.
    """

    __slots__ = ("_contains", "_engine", "_open", "_recent")

    is_stored = True

    def __init__(self, engine: BloomEngine, recent: Recent | None = None) -> None:
        self._engine = engine
        self._contains = engine.contains
        self._recent = Recent() if recent is None else recent
        self._open: set[int] = set()

    def check(self, identity: int) -> int:
        """Answer ``NEW`` or ``SEEN``; of new identities a share of the engine's error rate is ``SEEN``."""
        recent = self._recent
        if identity in recent.young or identity in self._open:
            return SEEN
        if identity in recent.old or self._contains(identity):
            recent.remember(identity)
            return SEEN
        return NEW

    def add(self, identity: int) -> None:
        """Know this identity from now on; it comes into the filter when it is committed."""
        self._open.add(identity)

    def confirm(self, identity: int) -> None:
        """Keep it among the recent ones."""
        self._recent.remember(identity)

    def committed(self, identities: Sequence[int]) -> None:
        """Put them into the filter."""
        self._engine.add_all(identities)
        self._open.difference_update(identities)
        self._recent.remember_all(identities)

    def load(self, identities: Sequence[int]) -> None:
        """Put into the filter what was committed after it was stored."""
        self._engine.add_all(identities)

    def dump(self, checkpoint: int) -> bytes | None:
        """Return all that is committed."""
        file = BytesIO()
        self._engine.snapshot(checkpoint).write_to(file)
        return file.getvalue()

    def restore(self, data: bytes) -> int:
        """Come back as what :meth:`dump` returned; return its checkpoint."""
        return self._engine.restore_from(BytesIO(data))

    def stats(self) -> dict[str, int | float | str]:
        """Return the numbers; the error rate is measured for it, which takes a part of a second."""
        engine = self._engine
        return {
            "seen/mode": "bloom",
            "seen/identities": engine.size() + len(self._open),
            **engine.stats(),
            "seen/false_positive_rate": engine.measured_error_rate(),
            "seen/false_positive_rate_expected": engine.expected_error_rate(),
        }
