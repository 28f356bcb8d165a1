"""The two Bloom filter libraries, each as the few calls that a series of its filters needs.

Place in the flow: ``series.BloomSeries`` makes filters of a fixed capacity through one of these. Nothing else in the
package knows how a library is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import index
from typing import Any, Protocol


class Library(Protocol):
    """How filters of one library are made, filled, stored and read.

    Attributes:
        name: what ``BLOOM_ENGINE`` calls it, at most 8 ASCII characters.
        probes: how many look-ups measure an error rate in a small part of a second.
    """

    name: str
    probes: int

    def make(self, capacity: int, error_rate: float) -> Any:
        """Return an empty filter; it answers ``in``."""
        ...

    def adder(self, bloom: Any) -> Callable[[int], object]:
        """Return the function that puts one identity into the filter."""
        ...

    def add_all(self, bloom: Any, identities: Sequence[int]) -> None:
        """Put many into the filter."""
        ...

    def size_bytes(self, bloom: Any) -> int:
        """Return the filter's memory."""
        ...

    def dump(self, bloom: Any) -> bytes:
        """Return the filter's bits."""
        ...

    def load(self, capacity: int, error_rate: float, count: int, data: bytes) -> Any:
        """Return the filter again. Raises ``ValueError`` when the bits are not as many as they must be."""
        ...


class Rbloom:
    """rbloom's filters, written in Rust: some 0.1 to 0.2 us a call.

    Identities are hashes already, so hashing them must cost least. Python's own ``hash`` of an int costs nothing, but
    rbloom does not store such filters; ``operator.index`` gives the int itself and doubles the cost of a look-up.

    Args:
        is_stored: whether its filters will be dumped.
    """

    name = "rbloom"
    probes = 200_000

    def __init__(self, *, is_stored: bool) -> None:
        from rbloom import Bloom

        self._bloom: Any = Bloom
        self._hash = (index,) if is_stored else ()

    def make(self, capacity: int, error_rate: float) -> Any:
        """Return an empty filter."""
        return self._bloom(capacity, error_rate, *self._hash)

    def adder(self, bloom: Any) -> Callable[[int], object]:
        """Return the filter's own ``add``."""
        return bloom.add  # type: ignore[no-any-return]

    def add_all(self, bloom: Any, identities: Sequence[int]) -> None:
        """Put many in by one call."""
        bloom.update(identities)

    def size_bytes(self, bloom: Any) -> int:
        """Return the size of the filter's bits."""
        return int(bloom.size_in_bits) // 8

    def dump(self, bloom: Any) -> bytes:
        """Return the bits in rbloom's own format."""
        return bytes(bloom.save_bytes())

    def load(self, capacity: int, error_rate: float, count: int, data: bytes) -> Any:
        """Return the filter again. The size is compared first: rbloom panics on data that is too short."""
        empty = self.make(1, 0.5)
        head_bytes = len(empty.save_bytes()) - empty.size_in_bits // 8
        if len(data) - head_bytes != self.make(capacity, error_rate).size_in_bits // 8:
            msg = f"a filter has {len(data)} bytes"
            raise ValueError(msg)
        return self._bloom.load_bytes(data, *self._hash)


class Pybloom:
    """pybloom-live's filters, written in Python: some 2 us a look-up in each filter, twice that an add."""

    name = "pybloom"
    probes = 20_000

    def __init__(self) -> None:
        from pybloom_live import BloomFilter

        self._bloom: Any = BloomFilter

    def make(self, capacity: int, error_rate: float) -> Any:
        """Return an empty filter."""
        return self._bloom(capacity, error_rate)

    def adder(self, bloom: Any) -> Callable[[int], object]:
        """Return the filter's ``add`` without its look-up: a caller adds what it has looked up before."""
        return partial(bloom.add, skip_check=True)

    def add_all(self, bloom: Any, identities: Sequence[int]) -> None:
        """Put many in, one by one."""
        add = self.adder(bloom)
        for identity in identities:
            add(identity)

    def size_bytes(self, bloom: Any) -> int:
        """Return the size of the filter's bits."""
        return len(memoryview(bloom.bitarray))

    def dump(self, bloom: Any) -> bytes:
        """Return the bits."""
        return bytes(memoryview(bloom.bitarray))

    def load(self, capacity: int, error_rate: float, count: int, data: bytes) -> Any:
        """Return the filter again."""
        bloom = self.make(capacity, error_rate)
        memoryview(bloom.bitarray)[:] = data  # a ValueError when the sizes differ
        bloom.count = count
        return bloom
