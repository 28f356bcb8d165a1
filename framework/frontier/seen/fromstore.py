"""What the seen-sets have in common that need no stored filter: the store has every identity.

Place in the flow: ``exact`` and ``bloom+verify`` derive from it.
"""

from __future__ import annotations

from typing import Final

from .stored import OtherEngine

_REFUSAL: Final = (
    "this job was begun with SEEN = 'bloom', whose filter does not tell the identities that are in it: "
    "set SEEN = 'bloom' again, or start a new job (fwk crawl --new)"
)


class FromStore:
    """Comes back by ``load``, with all that the store has."""

    __slots__ = ()

    is_stored = False

    def dump(self, checkpoint: int) -> bytes | None:
        """Return ``None``: the store has it all."""
        return None

    def restore(self, data: bytes) -> int:
        """Refuse: whoever stored a filter did so because the identities are nowhere else.

        Raises:
            OtherEngine: always.
        """
        raise OtherEngine(_REFUSAL)
