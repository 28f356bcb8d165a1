"""Files that are either old or new, never half, and are still there after a power cut.

Place in the flow: the job's small files, the stored seen-filters, the journals of feeds and the key of a MongoDB job
are written here. The file systems that this holds for are named in docs/exactly-once.md.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

MODE = 0o600
"""These files may hold what only their owner should read."""


def write_whole(path: Path, *pieces: bytes, durable: bool = True) -> None:
    """Write a file aside and give it its name when it is complete.

    Args:
        path: the file; its folder exists.
        pieces: what it is to hold, one behind the other.
        durable: with it the content and the name survive a power cut when this returns.

    Raises:
        OSError: the file system refuses. The old content is still there, unless only the name could not be synced.
    """
    aside = path.with_name(f"{path.name}.new")
    try:
        with open(aside, "wb", opener=_private) as file:
            file.writelines(pieces)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut.

    Raises:
        OSError: the file system refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    """Open for the owner alone, whatever the umask is."""
    descriptor = os.open(path, flags, MODE)
    os.fchmod(descriptor, MODE)
    return descriptor
