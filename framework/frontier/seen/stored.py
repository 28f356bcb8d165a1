"""The file of a stored filter: a header, then the filters of the series, each with its checksum.

::

    header   magic "FWKBLOOM" · version u16 · engine 8 bytes · error rate f64 · checkpoint i64 · filters u16 · crc32
    filter   capacity u64 · error rate f64 · count u64 · bytes of its bits u64 · crc32 of these and the bits · bits

All little-endian. Everything is checked before a library sees it.

Place in the flow: ``series.BloomSeries`` writes and reads through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from struct import Struct
from typing import BinaryIO, Final
from zlib import crc32

from framework.exceptions import DamagedJob

MAGIC: Final = b"FWKBLOOM"
VERSION: Final = 1
_HEADER: Final = Struct("<8sH8sdqH")
_FILTER: Final = Struct("<QdQQ")
_CRC: Final = Struct("<I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
_BITS_MAX_BYTES: Final = 1 << 36
_REMEDY: Final = "start a new job (fwk crawl --new), or restore the job folder from a copy"


class DamagedFilter(DamagedJob):
    """A stored filter cannot be used: it is cut or damaged, or was written by another engine or version."""


class OtherEngine(DamagedFilter):
    """A stored filter is whole, but was written by another engine than the one that is to read it."""


@dataclass(slots=True, frozen=True)
class Header:
    """What a stored filter says of itself.

    Attributes:
        engine: the library that wrote it, as ``BLOOM_ENGINE`` names it.
        error_rate: of the whole series.
        checkpoint: the number of the transaction that it belongs to.
        filters: how many follow.
    """

    engine: str
    error_rate: float
    checkpoint: int
    filters: int


@dataclass(slots=True, frozen=True)
class FilterRecord:
    """One filter of a series: its parameters, how many were added, and its bits."""

    capacity: int
    error_rate: float
    count: int
    bits: bytes


class Snapshot:
    """A series at one moment. Full filters never change; the bits of the newest were copied.

    Args:
        header: of the series.
        filters: one function a filter, which returns it when it is about to be written: never two copies at once.
    """

    __slots__ = ("_filters", "_header")

    def __init__(self, header: Header, filters: list[Callable[[], FilterRecord]]) -> None:
        self._header = header
        self._filters = filters

    def write_to(self, file: BinaryIO) -> int:
        """Write it; return the number of bytes."""
        header = self._header
        written = _write_checked(
            file,
            _HEADER.pack(
                MAGIC, VERSION, header.engine.encode(), header.error_rate, header.checkpoint, len(self._filters)
            ),
        )
        for get in self._filters:
            record = get()
            parameters = _FILTER.pack(record.capacity, record.error_rate, record.count, len(record.bits))
            written += _write_checked(file, parameters, record.bits)
        return written


def _write_checked(file: BinaryIO, head: bytes, body: bytes = b"") -> int:
    file.write(head)
    file.write(_CRC.pack(crc32(body, crc32(head))))
    file.write(body)
    return len(head) + _CRC.size + len(body)


def read_header(file: BinaryIO) -> Header:
    """Read what a stored filter says of itself; the filters come next.

    Raises:
        DamagedFilter: it is no stored filter, is damaged, or is of a newer version.
    """
    head = _read(file, _HEADER.size)
    checksum = _CRC.unpack(_read(file, _CRC.size))[0]
    magic, version, engine, error_rate, checkpoint, filters = _HEADER.unpack(head)
    if magic != MAGIC:
        msg = f"this is no stored filter of fwk: it begins with {magic!r}; {_REMEDY}"
        raise DamagedFilter(msg)
    if crc32(head) != checksum:
        msg = f"the stored filter is damaged in its header; {_REMEDY}"
        raise DamagedFilter(msg)
    if version > VERSION:
        msg = f"the stored filter has version {version}, and this fwk reads up to {VERSION}: use the newer fwk again"
        raise DamagedFilter(msg)
    return Header(engine.rstrip(b"\0").decode(), error_rate, checkpoint, filters)


def engine_of(starts: Iterable[bytes]) -> str | None:
    """Return the engine of the first stored filter whose header is whole; ``None`` where there is none.

    Whoever reads a filter all through says what is wrong with it.

    Args:
        starts: the first ``HEADER_BYTES`` of each.
    """
    for start in starts:
        with suppress(DamagedFilter):
            return read_header(BytesIO(start)).engine
    return None


def read_filters(file: BinaryIO, header: Header) -> Iterator[FilterRecord]:
    """Read the filters that a header announces, one at a time, to the end of the file.

    Raises:
        DamagedFilter: a filter is damaged or cut, or something follows the last.
    """
    for number in range(1, header.filters + 1):
        head = _read(file, _FILTER.size)
        checksum = _CRC.unpack(_read(file, _CRC.size))[0]
        capacity, error_rate, count, size_bytes = _FILTER.unpack(head)
        # A damaged length must not be believed: it could ask for all memory.
        bits = _read(file, size_bytes) if size_bytes <= _BITS_MAX_BYTES else b""
        if crc32(bits, crc32(head)) != checksum:
            msg = f"the stored filter is damaged in part {number} of {header.filters}; {_REMEDY}"
            raise DamagedFilter(msg)
        yield FilterRecord(capacity, error_rate, count, bits)
    if file.read(1):
        msg = f"the stored filter is longer than it says; {_REMEDY}"
        raise DamagedFilter(msg)


def _read(file: BinaryIO, size_bytes: int) -> bytes:
    data = file.read(size_bytes)
    if len(data) != size_bytes:
        msg = f"the stored filter is cut: {size_bytes - len(data)} more bytes were expected; {_REMEDY}"
        raise DamagedFilter(msg)
    return data
