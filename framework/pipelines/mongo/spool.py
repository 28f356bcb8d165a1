"""Documents that memory has no room for: in an unnamed temporary file, first in, first out.

Place in the flow: ``batches`` puts them here while the server is gone or slower than the crawl, and takes them back in
their order. The file goes away with the process; what is in it is crawled again after a crash, like everything that no
checkpoint has stored.
"""

from __future__ import annotations

import errno
import struct
import tempfile
from collections import deque
from pathlib import Path
from typing import IO, Any

import bson

from .entry import Entry

_FRAME = struct.Struct("<II")
_CHUNK = 1000


class Spool:
    """A queue of documents in a file; where the disk is full, in memory after all.

    Args:
        folder: where the file is; ``None`` for the system's folder of temporary files.
    """

    __slots__ = ("_file", "_folder", "_marks", "_overflow", "_read_at", "_written")

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._read_at = 0
        self._written = 0
        # Checkpoint and number of the documents in the file, in their order: few, however many documents.
        self._marks: deque[list[int]] = deque()
        self._overflow: deque[Entry] = deque()

    def __len__(self) -> int:
        return sum(count for _, count in self._marks) + len(self._overflow)

    def __bool__(self) -> bool:
        return bool(self._marks or self._overflow)

    @property
    def checkpoint(self) -> int | None:
        """The checkpoint of the oldest document; ``None`` when there is none."""
        if self._marks:
            return self._marks[0][0]
        return self._overflow[0].checkpoint if self._overflow else None

    def add(self, entry: Entry) -> None:
        """Put a document at the end."""
        if not self._overflow:
            try:
                self._write(entry)
            except OSError:
                pass  # a full disk: nothing may overtake what is in the file, so it waits behind it
            else:
                return
        self._overflow.append(entry)

    def _write(self, entry: Entry) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed when it is empty
        head = bson.encode(
            {
                "c": entry.checkpoint,
                "n": entry.collection,
                "f": entry.filter,
                "t": entry.found_at,
                "i": entry.identity,
                "p": entry.position,
            }
        )
        frame = _FRAME.pack(len(head), len(entry.body)) + head + entry.body
        self._file.seek(self._written)
        if self._file.write(frame) != len(frame):
            raise OSError(errno.ENOSPC, "the disk is full")
        self._written += len(frame)
        if self._marks and self._marks[-1][0] == entry.checkpoint:
            self._marks[-1][1] += 1
        else:
            self._marks.append([entry.checkpoint, 1])

    def take(self, size_bytes: int) -> list[Entry]:
        """Take the oldest documents back, about ``size_bytes`` of them and at least one."""
        taken: list[Entry] = []
        while self and len(taken) < _CHUNK and size_bytes > 0:
            taken.append(self._read() if self._marks else self._overflow.popleft())
            size_bytes -= len(taken[-1].body)
        if not self:
            self.close()
        return taken

    def _read(self) -> Entry:
        assert self._file is not None  # noqa: S101 - it has marks
        self._file.seek(self._read_at)
        head_bytes, body_bytes = _FRAME.unpack(self._file.read(_FRAME.size))
        head: dict[str, Any] = bson.decode(self._file.read(head_bytes))
        body = self._file.read(body_bytes)
        self._read_at += _FRAME.size + head_bytes + body_bytes
        self._marks[0][1] -= 1
        if not self._marks[0][1]:
            self._marks.popleft()
        return Entry(head["c"], head["n"], head["f"], body, head["t"], head["i"], head["p"])

    def close(self) -> None:
        """Let the file go, with what is in it."""
        if self._file is not None:
            self._file.close()
        self._file, self._read_at, self._written = None, 0, 0
        self._marks.clear()
        self._overflow.clear()
