"""What the frontier asks of a seen-set, and a seen-set of a Bloom filter.

Place in the flow: the frontier checks each identity that is offered here; ``make_seen`` chooses who answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final, Protocol

NEW: Final = 0
"""Never offered before."""
SEEN: Final = 1
"""Offered before."""
MAYBE: Final = 2
"""The store must be asked; then the answer is :meth:`SeenSet.confirm` or :meth:`SeenSet.add`."""


class FilterSnapshot(Protocol):
    """A filter as it was at one moment, to be written by whoever has the time, in a thread too."""

    def write_to(self, file: BinaryIO) -> int:
        """Write it; return the number of bytes."""
        ...


class SeenSet(Protocol):
    """Which identities (signed 64-bit) have been offered.

    Attributes:
        is_stored: whether a stored filter is the way to come back (:meth:`dump`), rather than :meth:`load` of all
            identities that the store has.
    """

    is_stored: bool

    def check(self, identity: int) -> int:
        """Answer ``NEW``, ``SEEN`` or (only where positives are verified) ``MAYBE``."""
        ...

    def add(self, identity: int) -> None:
        """Know this identity from now on; it belongs to the open group until it is :meth:`committed`."""
        ...

    def confirm(self, identity: int) -> None:
        """Take note that the store knew an identity that was ``MAYBE``."""
        ...

    def committed(self, identities: Sequence[int]) -> None:
        """Take note that these are in the store now. With pybloom, some thousand at a time: 12 us each."""
        ...

    def load(self, identities: Sequence[int]) -> None:
        """Know what an earlier process has stored; called with batches before the first check."""
        ...

    def dump(self, checkpoint: int) -> bytes | None:
        """Return all that is committed, to be valid with this checkpoint; ``None`` where the store has it all."""
        ...

    def restore(self, data: bytes) -> int:
        """Come back as what :meth:`dump` returned; return its checkpoint.

        Raises:
            DamagedFilter: the data are cut or damaged, of another engine, or of a newer version.
        """
        ...

    def stats(self) -> dict[str, int | float | str]:
        """Return the numbers for the stats, at the end of a crawl: a filter that nobody verifies is measured for it."""
        ...


class BloomEngine(Protocol):
    """A Bloom filter that grows, holding its error rate however much is added."""

    name: str

    def add(self, identity: int) -> None:
        """Put an identity in. One that was in already counts again."""
        ...

    def add_all(self, identities: Sequence[int]) -> None:
        """Put many in, as fast as the engine can."""
        ...

    def contains(self, identity: int) -> bool:
        """Say ``False`` where it is surely not in; ``True`` is wrong in a share of the engine's error rate."""
        ...

    def size(self) -> int:
        """Return how many have been added."""
        ...

    def size_bytes(self) -> int:
        """Return the memory of the filters."""
        ...

    def measured_error_rate(self) -> float:
        """Return the share of identities that were never added and are taken for added, by trying some."""
        ...

    def expected_error_rate(self) -> float:
        """Return the same share as theory gives it for how full the filters are."""
        ...

    def snapshot(self, checkpoint: int) -> FilterSnapshot:
        """Return the filter as it is now; what is added later is not in it."""
        ...

    def restore_from(self, file: BinaryIO) -> int:
        """Become what a snapshot's file holds; return its checkpoint. Where it raises, all is as before."""
        ...

    def stats(self) -> dict[str, int | float | str]:
        """Return its name, count and sizes, under ``seen/``."""
        ...
