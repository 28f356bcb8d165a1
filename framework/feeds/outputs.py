"""The file end of a feed: appending whole pieces, cutting back, syncing.

Place in the flow: under the sink, which calls everything here in a thread.

Invariant of ``FileOutput``: the file ends at ``offset`` after every call, however it ended, unless the disk refuses
even that; a piece is in the file as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from typing import BinaryIO, Protocol

from framework.exceptions import ExportError

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room, and crawl again",
    errno.EDQUOT: "the disk quota is used up; make room, and crawl again",
    errno.EACCES: "no permission; choose another path, or change its rights",
    errno.EPERM: "no permission; choose another path, or change its rights",
    errno.EROFS: "the file system is read-only; choose another path",
    errno.EISDIR: "it is a folder; name a file in it",
    errno.EEXIST: "a part of the path is a file, not a folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EBUSY: "wait for its end, or name another file",
    errno.EPIPE: "the reader of the output went away",
}


def export_error(what: str, name: str, error: OSError) -> ExportError:
    """Return the error that tells what could not be done with which output, why, and what to do."""
    reason = _REMEDIES.get(error.errno or 0, "check the path and the disk")
    return ExportError(f"cannot {what} the output {name}: {error.strerror or error}; {reason}")


class Output(Protocol):
    """What the sink writes to.

    Attributes:
        offset: where the output ends, in bytes.
    """

    offset: int

    def append(self, *pieces: bytes) -> None:
        """Write, and sync where that was asked for."""
        ...

    def cut(self, offset: int) -> None:
        """Remove what lies behind ``offset``, where the output can."""
        ...


class FileOutput:
    """A regular file.

    Args:
        file: open for reading and writing, unbuffered or flushed.
        name: for messages.
        durable: sync the file to the disk after each change.
    """

    def __init__(self, file: BinaryIO, name: str, *, durable: bool = False) -> None:
        self.file = file
        self.name = name
        self.durable = durable
        self.offset = self.size

    @property
    def size(self) -> int:
        """The length of the file on the disk, in bytes."""
        return os.fstat(self.file.fileno()).st_size

    def append(self, *pieces: bytes) -> None:
        """Write the pieces at ``offset``, which moves behind them; what lay behind it is gone.

        Raises:
            ExportError: the disk is full or broken; the file ends at ``offset`` as before.
        """
        descriptor, end = self.file.fileno(), self.offset
        try:
            if os.fstat(descriptor).st_size > end:
                os.ftruncate(descriptor, end)
            for data in pieces:
                end = _write_at(descriptor, data, end)
            self._sync(descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, self.offset)
            raise export_error("write", self.name, error) from error
        self.offset = end

    def cut(self, offset: int) -> None:
        """Truncate the file at ``offset``.

        Raises:
            ExportError: the file is shorter than that, or cannot be cut.
        """
        descriptor = self.file.fileno()
        size = self.size
        if size < offset:
            msg = (
                f"the output {self.name} has {size} bytes, but {offset} were written to it before: something else "
                "changed it; put it back, or start a new job"
            )
            raise ExportError(msg)
        try:
            os.ftruncate(descriptor, offset)
            self._sync(descriptor)
        except OSError as error:
            raise export_error("cut back", self.name, error) from error
        self.offset = offset

    def read(self, start: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``start``.

        Raises:
            ExportError: the file cannot be read.
        """
        try:
            return os.pread(self.file.fileno(), length, start)
        except OSError as error:
            raise export_error("read", self.name, error) from error

    def _sync(self, descriptor: int) -> None:
        if self.durable:
            os.fsync(descriptor)


def _write_at(descriptor: int, data: bytes, offset: int) -> int:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest = rest[written:]
        offset += written
    return offset


class StreamOutput:
    """Anything that can only be written on: a pipe, a terminal, a file of another's storage.

    Args:
        file: open for writing.
        name: for messages.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file = file
        self.name = name
        self.offset = 0

    def append(self, *pieces: bytes) -> None:
        """Write and flush the pieces.

        Raises:
            ExportError: the other end is gone or full. How much it took is not known.
        """
        try:
            for data in pieces:
                self._write(data)
            self.file.flush()
        except OSError as error:
            raise export_error("write", self.name, error) from error

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # A raw stream may take less than it is given; a buffered one takes all.
            written = self.file.write(rest)
            rest = rest[len(rest) if written is None else written :]
        self.offset += len(data)

    def cut(self, offset: int) -> None:
        """Count on from ``offset``; a stream cannot be cut."""
        self.offset = offset


def output_for(file: BinaryIO, name: str, *, durable: bool) -> FileOutput | StreamOutput:
    """Return the output for a file: cuttable where it is a regular file that can be read as well."""
    try:
        mode = os.fstat(file.fileno()).st_mode
        is_regular = stat.S_ISREG(mode) and isinstance(file, io.FileIO) and file.readable()
    except (AttributeError, OSError, io.UnsupportedOperation):
        is_regular = False
    return FileOutput(file, name, durable=durable) if is_regular else StreamOutput(file, name)
