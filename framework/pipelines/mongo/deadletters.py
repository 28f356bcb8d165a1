"""The file of the items that could not be stored: JSON lines, each with the reason, each exactly once.

Place in the flow: ``pipeline`` and ``delivery`` add letters to memory; with each checkpoint those of it are written and
synced. The cut holds the offset as it was when the checkpoint was sealed: letters of that very checkpoint may come
later, while its last documents are sent. So ``open`` keeps, behind the offset, the lines of checkpoints up to the cut's
and cuts off the rest. Lines are in the order of their checkpoints.
"""

from __future__ import annotations

import base64
import datetime
import json
import logging
import os
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from framework.exceptions import ExportError

logger = logging.getLogger(__name__)

_TOLD = 10


class DeadLetters:
    """The letters of one job.

    Args:
        path: the file; it and its folder are made with the first letter.

    Attributes:
        path: the same.
        count: letters of this run.
        offset: the file's length as far as it is written and synced.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.offset = 0
        self._waiting: deque[tuple[int, bytes]] = deque()

    def __repr__(self) -> str:
        return f"<DeadLetters {self.path}: {self.count}>"

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self, job: str, checkpoint: int, offset: int | None) -> None:
        """Cut the file back to what a checkpoint holds.

        Args:
            job: whose letters.
            checkpoint: the last durable one.
            offset: the file's length when it was sealed; ``None`` to look for the first letter of the job.

        Raises:
            ExportError: the file is shorter than it was, or cannot be read or written.
        """
        try:
            with self.path.open("r+b") as file:
                self._cut(file, job, checkpoint, offset)
        except FileNotFoundError:
            if offset:
                msg = f"the dead letters of this job, {self.path}, are gone; put them back, or start a new job"
                raise ExportError(msg) from None
        except OSError as error:
            raise self._error(error) from error

    def _cut(self, file: BinaryIO, job: str, checkpoint: int, offset: int | None) -> None:
        length = file.seek(0, os.SEEK_END)
        if offset is not None and length < offset:
            msg = f"the dead letters {self.path} have {length} bytes, but this job wrote {offset}; put the file back"
            raise ExportError(msg)
        end = file.seek(offset or 0)
        for line in file:
            if not line.endswith(b"\n"):
                break
            letter = _read(line)
            if letter.get("job") == job and letter.get("checkpoint", 0) > checkpoint:
                break
            end += len(line)
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
        self._waiting.append((letter["checkpoint"], data.encode("ascii") + b"\n"))
        self.count += 1
        if self.count <= _TOLD:
            logger.error(
                "An item is not in MongoDB but in %s: %s (request %s, item %s)",
                self.path, letter["reason"], letter["identity"], letter["position"],
            )  # fmt: skip
        if self.count == _TOLD:
            logger.error("More items that MongoDB does not hold are counted without a line each")

    def write(self, checkpoint: int) -> None:
        """Write and sync the letters up to a checkpoint.

        Raises:
            ExportError: the file cannot be written; the letters are kept.
        """
        due = [data for number, data in self._waiting if number <= checkpoint]
        if not due:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "r+b", opener=_private) as file:
                file.seek(self.offset)
                file.truncate()
                file.write(b"".join(due))
                file.flush()
                os.fsync(file.fileno())
                offset = file.tell()
            if not self.offset:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise self._error(error) from error
        self.offset = offset
        self._waiting = deque(entry for entry in self._waiting if entry[0] > checkpoint)

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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
