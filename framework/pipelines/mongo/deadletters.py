"""The file of the items that could not be stored: JSON lines, each with the reason, each exactly once.

Place in the flow: ``pipeline`` and ``delivery`` add letters to memory; with each checkpoint those of it are written and
synced. The cut holds the offset as it was when the checkpoint was sealed: letters of that very checkpoint may come
later, while its last documents are sent. So ``open`` keeps, behind the offset, the lines of checkpoints up to the cut's
and cuts off the rest. Lines are in the order of their checkpoints.

Letters are taken and let go in the engine's loop; only their bytes go to a thread. The file is locked from the moment
it is opened until ``close``: two crawls that wrote to it would cut off each other's letters.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime
import errno
import io
import json
import logging
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from framework.exceptions import ExportError
from framework.wholefile import sync_folder

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

_TOLD = 10
_STEPS_ASIDE = 100


class DeadLetters:
    """The letters of one job.

    Args:
        path: the file; it and its folder are made with the first letter.
        steps_aside: where another crawl has the file, take one with a number in its name instead of refusing.

    Attributes:
        path: the file, or the one that was taken instead.
        count: letters of this run.
        offset: the file's length as far as it is written and synced.
    """

    def __init__(self, path: Path, *, steps_aside: bool = False) -> None:
        self.path = path
        self.count = 0
        self.offset = 0
        self._steps_aside = steps_aside
        self._file: io.FileIO | None = None
        # By checkpoint: the last documents of one may be refused while the items of the next are handed over.
        self._waiting: dict[int, list[bytes]] = {}

    def __repr__(self) -> str:
        return f"<DeadLetters {self.path}: {self.count}>"

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def open(self, job: str, checkpoint: int, offset: int | None) -> None:
        """Lock the file where it is there, and cut it back to what a checkpoint holds.

        Args:
            job: whose letters.
            checkpoint: the last durable one.
            offset: the file's length when it was sealed; ``None`` to look for the first letter of the job.

        Raises:
            ExportError: the file is shorter than it was, cannot be read or written, or another crawl has it.
        """
        try:
            file = self._hold(os.O_RDWR)
            self._cut(file, job, checkpoint, offset)
        except FileNotFoundError:
            if offset:
                msg = f"the dead letters of this job, {self.path}, are gone; put them back, or start a new job"
                raise ExportError(msg) from None
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _hold(self, flags: int) -> io.FileIO:
        """Return the file, open and locked.

        Raises:
            OSError: it cannot be opened, or another crawl has it.
        """
        if self._file is None:
            path = self.path
            for number in range(2, _STEPS_ASIDE):
                try:
                    self._file = _locked(self.path, flags)
                except BlockingIOError:
                    if not self._steps_aside:
                        break
                    self.path = path.with_stem(f"{path.stem}-{number}")
                else:
                    return self._file
            raise OSError(errno.EBUSY, "another crawl is writing them")
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._file.fileno()), self.path.stat()):
                return self._file
        raise OSError(errno.ENOENT, "they were taken away")

    def _cut(self, file: io.FileIO, job: str, checkpoint: int, offset: int | None) -> None:
        length = file.seek(0, os.SEEK_END)
        if offset is not None and length < offset:
            msg = f"the dead letters {self.path} have {length} bytes, but this job wrote {offset}; put the file back"
            raise ExportError(msg)
        end = file.seek(offset or 0)
        lines = io.BufferedReader(file)
        try:
            for line in lines:
                letter = _read(line)
                if not line.endswith(b"\n") or (letter.get("job") == job and letter.get("checkpoint", 0) > checkpoint):
                    break
                end += len(line)
        finally:
            lines.detach()
        if end < length:
            file.truncate(end)
            os.fsync(file.fileno())
        self.offset = end

    def add(self, letter: dict[str, Any]) -> None:
        """Take a letter; it is written with its checkpoint."""
        try:
            data = json.dumps(letter, default=_as_text, separators=(",", ":"), skipkeys=True)
        except (ValueError, RecursionError):
            data = json.dumps(letter | {"item": repr(letter["item"])}, separators=(",", ":"))
        self._waiting.setdefault(letter["checkpoint"], []).append(data.encode("ascii") + b"\n")
        self.count += 1
        if self.count <= _TOLD:
            logger.error(
                "An item is not in MongoDB but in %s: %s (request %s, item %s)",
                self.path, letter["reason"], letter["identity"], letter["position"],
            )  # fmt: skip
        if self.count == _TOLD:
            logger.error("More items that MongoDB does not hold are counted without a line each")

    async def write(self, checkpoint: int) -> None:
        """Write and sync the letters up to a checkpoint.

        Raises:
            ExportError: the file cannot be written; the letters are kept.
        """
        due = {number: len(self._waiting[number]) for number in sorted(self._waiting) if number <= checkpoint}
        if not due:
            return
        data = b"".join(line for number in due for line in self._waiting[number])
        try:
            self.offset = await asyncio.to_thread(self._append, data)
        except OSError as error:
            raise self._error(error) from error
        for number, count in due.items():
            del self._waiting[number][:count]
            if not self._waiting[number]:
                del self._waiting[number]

    def _append(self, data: bytes) -> int:
        """Put bytes behind what is written, and sync; return the new length. Runs in a thread."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = self._file is None
        file = self._hold(os.O_RDWR | os.O_CREAT)
        if is_new:
            self.offset = file.seek(0, os.SEEK_END)  # of a crawl without a job: what an earlier one left
        file.seek(self.offset)
        file.truncate()
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) or 0 :]
        os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)
        return self.offset + len(data)

    def _error(self, error: OSError) -> ExportError:
        msg = f"the dead letters {self.path} cannot be written: {error.strerror or error}; set MONGO_DEAD_LETTERS"
        return ExportError(msg)


def _read(line: bytes) -> dict[str, Any]:
    try:
        letter = json.loads(line)
    except ValueError:
        return {}
    return letter if isinstance(letter, dict) else {}


def _as_text(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value) if isinstance(value, Decimal) else repr(value)


def _locked(path: Path, flags: int) -> io.FileIO:
    """Open a file that nobody else writes; ``BlockingIOError`` when somebody does."""
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        logger.debug("No locks on the file system of %s", path)
    return io.FileIO(descriptor, "r+")
