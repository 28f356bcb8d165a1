"""Requests that were in flight when the process died, so that a page that kills it cannot stop the crawl for good.

Place in the flow: the frontier writes a request's identity into the job's file ``inflight`` at the lease and clears it
when the request has ended or was put back. The file is mapped into memory: the kernel keeps what a killed process wrote
there, without a system call or a sync. What a power cut does to it is no matter.

A request that was in flight at three deaths of the process in a row is leased alone; one that was alone in flight at
three deaths is failed. The visit of ``start()`` and visits that wait for their riders are never among them.

The file: a head, one 64-bit slot for each request in flight (0: free), then what is known from earlier deaths.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from framework.http import Request

from .store.connection import named_errors

logger = logging.getLogger(__name__)

DEATHS_MAX: Final = 3
SLOTS: Final = 16_384

_HEAD: Final = b"fwk-inflight-1\n\0"
_SLOT = struct.Struct("<q")
_COUNT = struct.Struct("<I")
_RECORD = struct.Struct("<qII")
_RECORDS_AT: Final = len(_HEAD) + SLOTS * _SLOT.size


@dataclass(slots=True)
class Deaths:
    """How often the process died with a request in flight.

    Attributes:
        together: among others, in a row.
        alone: as the only one, when it was leased alone for that.
    """

    together: int = 0
    alone: int = 0

    @property
    def is_suspect(self) -> bool:
        """Say whether the request has to be leased alone."""
        return self.together >= DEATHS_MAX

    @property
    def is_guilty(self) -> bool:
        """Say whether it is not to be leased again."""
        return self.alone >= DEATHS_MAX


class Suspects:
    """The file of requests in flight.

    Args:
        path: the file; ``None`` for a crawl that does not survive its process.

    Attributes:
        known: suspects by identity.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: mmap.mmap | None = None
        self._free: list[int] = []
        self.known: dict[int, Deaths] = {}

    def open(self, *, has_died: bool) -> None:
        """Count the death of the process before, if it died, and begin with nothing in flight.

        Raises:
            StoreError: the disk is full or fails.
        """
        path = self._path
        if path is None:
            return
        with named_errors(path):
            self._open(path, _count(path) if has_died else {})

    def _open(self, path: Path, deaths: dict[int, Deaths]) -> None:
        self.known = {identity: record for identity, record in deaths.items() if record.is_suspect}
        new = path.with_name(path.name + ".new")
        records = b"".join(_RECORD.pack(identity, one.together, one.alone) for identity, one in deaths.items())
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with open(descriptor, "wb", closefd=False) as file:  # all of it, or an error: mapped memory can tell none
                file.write(_HEAD + bytes(SLOTS * _SLOT.size) + _COUNT.pack(len(deaths)) + records)
            os.replace(new, path)
            self._file = mmap.mmap(descriptor, _RECORDS_AT)
        finally:
            os.close(descriptor)
        self._free = list(range(_RECORDS_AT - _SLOT.size, len(_HEAD) - 1, -_SLOT.size))

    @property
    def in_flight(self) -> int:
        """Return how many requests are in the file."""
        return 0 if self._file is None else SLOTS - len(self._free)

    def enter(self, identity: int) -> int | None:
        """Write a request that is leased now into the file; return its place, for ``leave``."""
        if self._file is None or not self._free:
            return None
        at = self._free.pop()
        _SLOT.pack_into(self._file, at, identity)
        return at

    def leave(self, at: int) -> None:
        """Clear a place: its request is not in flight any more."""
        if self._file is not None:
            _SLOT.pack_into(self._file, at, 0)
            self._free.append(at)

    def close(self, *, clean: bool) -> None:
        """Let the file go; after a clean end there is nothing to be suspected."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if clean and self._path is not None:
            with contextlib.suppress(OSError):  # one that stays is not looked at after a clean end
                self._path.unlink(missing_ok=True)


def tell_alone(request: Request) -> None:
    """Say that a request is leased alone."""
    logger.warning(
        "%r was in flight each of the last %d times that the process died; it is fetched alone now", request, DEATHS_MAX
    )


def tell_failed(request: Request) -> None:
    """Say that a request is not fetched any more."""
    logger.error(
        "%r is given up (suspect): the process died %d times while nothing else was in flight. What became of the "
        "process is to be seen in the kernel's log (out of memory) or in its core dump",
        request, DEATHS_MAX,
    )  # fmt: skip


def _count(path: Path) -> dict[int, Deaths]:
    """Return the deaths of what was in flight, and of suspects that still waited to be leased alone; forget others."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    if len(data) < _RECORDS_AT + _COUNT.size or not data.startswith(_HEAD):
        return {}  # a power cut: nobody is to be suspected for that
    (count,) = _COUNT.unpack_from(data, _RECORDS_AT)
    records = data[_RECORDS_AT + _COUNT.size :][: count * _RECORD.size]
    if len(records) < count * _RECORD.size:
        return {}
    earlier = {identity: Deaths(together, alone) for identity, together, alone in _RECORD.iter_unpack(records)}
    in_flight = [identity for (identity,) in _SLOT.iter_unpack(data[len(_HEAD) : _RECORDS_AT]) if identity]
    deaths = {identity: known for identity, known in earlier.items() if known.is_suspect}
    for identity in in_flight:
        known = earlier.get(identity, Deaths())
        if not known.is_suspect:
            known.together += 1
        elif len(in_flight) == 1:
            known.alone += 1
        deaths[identity] = known
    return deaths
