"""A bounded memory of identities that were met lately: most links of a page were on the pages before it.

Place in the flow: ``bloom.py`` asks it before its filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

RECENT_MAX: Final = 100_000


class Recent:
    """Two generations of a plain set: when the young one is full, it becomes the old one, and that is forgotten.

    Args:
        generation_max: identities in a generation; some 100 bytes each.

    Attributes:
        young, old: for a caller that looks an identity up a hundred thousand times a second.
    """

    __slots__ = ("_generation_max", "old", "young")

    def __init__(self, generation_max: int = RECENT_MAX) -> None:
        self._generation_max = generation_max
        self.young: set[int] = set()
        self.old: set[int] = set()

    def __len__(self) -> int:
        return len(self.young) + len(self.old)

    def remember(self, identity: int) -> None:
        """Keep an identity that was met just now."""
        if len(self.young) >= self._generation_max:
            self._begin_generation()
        self.young.add(identity)

    def remember_all(self, identities: Sequence[int]) -> None:
        """Keep many; where they are more than there is room for, the last of them."""
        at = max(0, len(identities) - 2 * self._generation_max)
        while at < len(identities):
            if len(self.young) >= self._generation_max:
                self._begin_generation()
            batch = identities[at : at + self._generation_max - len(self.young)]
            self.young.update(batch)
            at += len(batch)

    def _begin_generation(self) -> None:
        self.old = self.young
        self.young = set()
