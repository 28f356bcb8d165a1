"""The seen-set ``exact``: every identity in memory.

Place in the flow: ``make_seen`` makes it for ``SEEN = "exact"``.
"""

from __future__ import annotations

from collections.abc import Sequence

from .fromstore import FromStore
from .protocol import NEW, SEEN


class ExactSeen(FromStore):
    """A plain set, some 80 bytes an identity. It comes back from the store."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def check(self, identity: int) -> int:
        """Answer ``NEW`` or ``SEEN``."""
        return SEEN if identity in self._seen else NEW

    def add(self, identity: int) -> None:
        """Know this identity from now on."""
        self._seen.add(identity)

    def confirm(self, identity: int) -> None:
        """Know it too: nothing was in doubt here, but the store is right."""
        self._seen.add(identity)

    def committed(self, identities: Sequence[int]) -> None:
        """Do nothing: they are known."""

    def load(self, identities: Sequence[int]) -> None:
        """Know what an earlier process has stored."""
        self._seen.update(identities)

    def stats(self) -> dict[str, int | float | str]:
        """Return the count."""
        return {"seen/mode": "exact", "seen/identities": len(self._seen)}
