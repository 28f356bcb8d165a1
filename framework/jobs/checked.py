"""Small files that are either whole or refused: JSON with a checksum.

Place in the flow: ``job.json`` and the list of jobs elsewhere are read and written here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from framework.wholefile import sync_folder, write_whole

from .errors import JobError, job_error

_CHECKSUM_BYTES = 16


def write_checked(path: Path, content: dict[str, Any]) -> None:
    """Write JSON data, all or nothing, and durable when this returns.

    Raises:
        JobError: the file system refuses; the old content is still there.
    """
    text = json.dumps({"checksum": _checksum(content), "content": content}, indent=1)
    try:
        write_whole(path, text.encode())
    except OSError as error:
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


def _checksum(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.blake2b(canonical, digest_size=_CHECKSUM_BYTES).hexdigest()
