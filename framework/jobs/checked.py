"""Small files that are either whole or refused: JSON with a checksum, written aside and renamed.

Place in the flow: ``job.json`` and the list of jobs elsewhere are read and written here. A file is never half new: the
text is written to a temporary file and synced, renamed over the old one, and the folder is synced.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .errors import JobError, job_error

MODE = 0o600
"""Job files may hold what only their owner should read."""

_CHECKSUM_BYTES = 16


def write_checked(path: Path, content: dict[str, Any]) -> None:
    """Write JSON data, all or nothing, and durable when this returns.

    Raises:
        JobError: the file system refuses; the old content is still there.
    """
    text = json.dumps({"checksum": _checksum(content), "content": content}, indent=1)
    aside = path.with_name(f"{path.name}.new")
    try:
        _write_synced(aside, text.encode())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise job_error("write", path, error) from error


def read_checked(path: Path) -> dict[str, Any]:
    """Return what ``write_checked`` wrote.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such file.
        JobError: it is damaged or cannot be read.
    """
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise job_error("read", path, error) from error
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(raw)
        if isinstance(found, dict) and isinstance(found.get("content"), dict):
            content: dict[str, Any] = found["content"]
            if found.get("checksum") == _checksum(content):
                return content
    msg = f"{path} is damaged: its checksum does not fit its content"
    raise JobError(msg)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder where it is missing, and those above it; their names survive a power cut.

    Raises:
        OSError: the file system refuses.
    """
    missing = [path for path in folder.parents if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=mode)
    for path in (folder, *missing):
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.blake2b(canonical, digest_size=_CHECKSUM_BYTES).hexdigest()


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
