"""The files that a job has begun under names which are known only then: batches, times, what a spider's code puts in.

Place in the flow: ``claims`` notes each when it bears the job's mark; when the job is over, the marks go, and its
folder keeps how long each file was: one that is longer when the job is called back holds somebody else's items.

The list is added to, one line a file, so that a batch costs the same however many there were. A line carries a
checksum; one that is damaged or half written counts as never written.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from framework import jobfiles
from framework.wholefile import MODE, sync_folder, write_whole

from .checked import read_checked
from .errors import JobError
from .marks import Mark, mark_path, read_mark


def note_begun(folder: Path, file: str) -> None:
    """Note that a file bears the mark of the job in ``folder``; durable when this returns.

    Raises:
        OSError: the job's folder cannot be written.
    """
    path = folder / jobfiles.BEGUN
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
    with open(descriptor, "ab", buffering=0) as out:
        # The line feed comes first: a line that was half written stays one of its own.
        out.write(b"\n" + _line(folder, file, None))
        os.fsync(descriptor)
    if is_new:
        sync_folder(folder)


def begun(folder: Path) -> dict[str, int | None]:
    """Return the files that a job has begun: to their length in bytes when their marks went, ``None`` before that.

    A file is named by where it was and, as the job may have been moved with it, by where it would be then.
    """
    found: dict[str, int | None] = {}
    for way, file, size_bytes in _lines(folder):
        for name in {file, os.path.normpath(folder / way)}:
            found[name] = size_bytes
    return found


def release(folder: Path, id: str) -> None:
    """Remove the marks of a job that is over from the files that it has begun, where they are its own still."""
    files = {file: (way, size_bytes) for way, file, size_bytes in _lines(folder)}
    lines = []
    for file, (way, known_bytes) in files.items():
        size_bytes = known_bytes
        for name in {file, os.path.normpath(folder / way)}:
            path = mark_path(name, name)
            mark = read_mark(path)
            if mark is not None and is_own_mark(mark, id, folder):
                with contextlib.suppress(OSError):
                    path.unlink()
                    size_bytes = os.stat(name).st_size
        lines.append(_line(folder, file, size_bytes))
    if lines:
        with contextlib.suppress(OSError):  # the marks are gone then, which says enough
            write_whole(folder / jobfiles.BEGUN, b"\n".join(lines))


def is_own_mark(mark: Mark, id: str, folder: Path) -> bool:
    """Say whether a mark is that of the job in ``folder``, and not of the one that it was copied from."""
    if mark.id != id or mark.folders[0] == folder:  # that is the way from the mark, which holds in a copied project
        return mark.id == id
    return not any(_is_original(other, id, folder) for other in mark.folders)


def _is_original(other: Path, id: str, folder: Path) -> bool:
    with contextlib.suppress(OSError, JobError):
        return not other.samefile(folder) and read_checked(other / jobfiles.RECORD).get("id") == id
    return False


def _lines(folder: Path) -> Iterable[tuple[str, str, int | None]]:
    try:
        stored = (folder / jobfiles.BEGUN).read_bytes()
    except OSError:
        return
    for line in stored.split(b"\n"):
        checksum, _, text = line.partition(b" ")
        if text and checksum == _checksum(text):
            way, file, size_bytes = json.loads(text)
            yield way, file, size_bytes


def _line(folder: Path, file: str, size_bytes: int | None) -> bytes:
    text = json.dumps([os.path.relpath(file, folder), file, size_bytes]).encode()
    return _checksum(text) + b" " + text


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)
