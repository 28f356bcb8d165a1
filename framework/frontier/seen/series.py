"""A Bloom filter that grows: a series of filters of growing size, of either library.

The first filter takes 100,000, each next one three times as many, so five take 12 million. The error rates of the
filters are a geometric series whose sum is the error rate asked for, so the whole never exceeds it. (Scalable Bloom
filters: Almeida, Baquero, Preguiça, Hutchison, 2007.)

Place in the flow: ``make_seen`` makes one for the seen-sets ``bloom`` and ``bloom+verify``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from math import log2
from struct import unpack
from typing import Any, BinaryIO, Final

from .libraries import Library
from .stored import DamagedFilter, FilterRecord, Header, OtherEngine, Snapshot, read_filters, read_header

logger = logging.getLogger(__name__)

FIRST_CAPACITY: Final = 100_000
GROWTH: Final = 3
TIGHTENING: Final = 0.8


class _Part:
    """One filter of the series."""

    __slots__ = ("bloom", "capacity", "count", "error_rate")

    def __init__(self, bloom: Any, capacity: int, error_rate: float, count: int = 0) -> None:
        self.bloom = bloom
        self.capacity = capacity
        self.error_rate = error_rate
        self.count = count


class BloomSeries:
    """The ``BloomEngine`` of both libraries.

    Args:
        library: whose filters.
        error_rate: share of never added identities that may be taken for added, over the whole series.
        first_capacity: of the first filter; tests take small ones.
    """

    __slots__ = ("_add", "_blooms", "_first_capacity", "_library", "_parts", "_room", "error_rate", "name")

    def __init__(self, library: Library, error_rate: float, *, first_capacity: int = FIRST_CAPACITY) -> None:
        self.name = library.name
        self.error_rate = error_rate
        self._library = library
        self._first_capacity = first_capacity
        self._parts: list[_Part] = []
        self._blooms: list[Any] = []  # newest, that is largest, first
        self._room = 0  # how many the newest filter still takes
        self._add: Callable[[int], object]

    def add(self, identity: int) -> None:
        """Put an identity in."""
        if not self._room:
            self._grow()
        self._room -= 1
        self._add(identity)

    def add_all(self, identities: Sequence[int]) -> None:
        """Put many in."""
        done = 0
        while done < len(identities):
            if not self._room:
                self._grow()
            batch = identities[done : done + self._room]
            self._library.add_all(self._blooms[0], batch)
            self._room -= len(batch)
            done += len(batch)

    def contains(self, identity: int) -> bool:
        """Say ``False`` where it is surely not in."""
        for bloom in self._blooms:  # noqa: SIM110 - any() with a generator costs three times as much
            if identity in bloom:
                return True
        return False

    def size(self) -> int:
        """Return how many have been added."""
        return sum(part.capacity for part in self._parts) - self._room

    def size_bytes(self) -> int:
        """Return the memory of the filters."""
        return sum(map(self._library.size_bytes, self._blooms))

    def measured_error_rate(self) -> float:
        """Look up random identities, of which practically none was ever added; return the share that is found."""
        probes = self._library.probes
        found = sum(map(self.contains, unpack(f"<{probes}q", os.urandom(8 * probes))))
        return found / probes

    def expected_error_rate(self) -> float:
        """Return what theory gives: the sum of (share of set bits) to the power of (bits that are looked at)."""
        self._count_newest()
        return float(
            sum((1 - 0.5 ** (part.count / part.capacity)) ** -log2(part.error_rate) for part in self._parts),
        )

    def stats(self) -> dict[str, int | float | str]:
        """Return name, count and sizes."""
        return {
            "seen/engine": self.name,
            "seen/filters": len(self._parts),
            "seen/filter_bytes": self.size_bytes(),
        }

    # -- storing -------------------------------------------------------------------------------------------------

    def snapshot(self, checkpoint: int) -> Snapshot:
        """Copy what can still change, refer to what cannot. Some 10 ms where millions were added."""
        self._count_newest()
        header = Header(self.name, self.error_rate, checkpoint, len(self._parts))
        filters: list[Callable[[], FilterRecord]] = [partial(self._record, part) for part in self._parts[:-1]]
        if self._parts:
            newest = self._record(self._parts[-1])
            filters.append(lambda: newest)
        return Snapshot(header, filters)

    def restore_from(self, file: BinaryIO) -> int:
        """Become what the file holds; return its checkpoint.

        Raises:
            OtherEngine: another library wrote it.
            DamagedFilter: it is cut, damaged, or of a newer version.
        """
        header = read_header(file)
        if header.engine != self.name:
            msg = (
                f"the stored filter was written by the engine {header.engine!r} and cannot be read by {self.name!r}: "
                f"set BLOOM_ENGINE = {header.engine!r}, or start a new job (fwk crawl --new)"
            )
            raise OtherEngine(msg)
        parts = [self._part(record) for record in read_filters(file, header)]
        if header.error_rate != self.error_rate:
            logger.warning(
                "This job's filter was begun with BLOOM_ERROR_RATE = %g and stays so; %g counts for new jobs (--new)",
                header.error_rate,
                self.error_rate,
            )
        self.error_rate = header.error_rate
        self._parts = parts
        self._blooms = [part.bloom for part in reversed(parts)]
        self._room = 0
        if parts:
            self._fill(parts[-1])
        return header.checkpoint

    def _record(self, part: _Part) -> FilterRecord:
        return FilterRecord(part.capacity, part.error_rate, part.count, self._library.dump(part.bloom))

    def _part(self, record: FilterRecord) -> _Part:
        try:
            bloom = self._library.load(record.capacity, record.error_rate, record.count, record.bits)
        except ValueError as error:
            msg = (
                f"this version of {self.name} cannot read the stored filter ({error}): install the version that "
                "wrote it, or start a new job (fwk crawl --new)"
            )
            raise DamagedFilter(msg) from error
        return _Part(bloom, record.capacity, record.error_rate, record.count)

    # -- growing -------------------------------------------------------------------------------------------------

    def _grow(self) -> None:
        self._count_newest()
        capacity = self._parts[-1].capacity * GROWTH if self._parts else self._first_capacity
        error_rate = self.error_rate * (1 - TIGHTENING) * TIGHTENING ** len(self._parts)
        part = _Part(self._library.make(capacity, error_rate), capacity, error_rate)
        self._parts.append(part)
        self._blooms.insert(0, part.bloom)
        self._fill(part)

    def _fill(self, part: _Part) -> None:
        self._add = self._library.adder(part.bloom)
        self._room = part.capacity - part.count

    def _count_newest(self) -> None:
        """Bring the newest filter's count up to date: an add only counts down the room."""
        if self._parts:
            self._parts[-1].count = self._parts[-1].capacity - self._room
