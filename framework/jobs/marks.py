"""Whose an output file is, said beside it: a small hidden file that names the unfinished job.

Place in the flow: jobs of one folder find each other there; a job that is kept elsewhere (another ``.fwk``, a
``JOBDIR``) is found by this mark only. It is written before the job touches the file and goes when the job is over. A
job that finds another mark than its own, or none, knows that another job has written to the file since. Where no mark
can be written (somebody else's folder), only the jobs of one folder know of each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.exceptions import UsageError

from .checked import make_folder, read_checked, write_checked
from .errors import JobError
from .record import Record

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

SOMEBODY = "something else"
"""Who has written to a file, where no job is known to have done it."""

_NAME_MAX_BYTES = 200
_READABLE = 0o644
"""Jobs of other users are to see it; a name and a folder are no secrets."""
_PATIENCE_S = 5.0
"""A mark is written in some milliseconds; who holds the folder's lock for longer does something else."""
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark says: the job's ``id`` and ``name``, and where its folder may be now."""

    id: str
    name: str
    folders: tuple[Path, ...]


def mark_path(place: str, file: str) -> Path:
    """Return where the mark of an output is: in the deepest folder that does not depend on a placeholder.

    Args:
        place: the output's normalised place, with placeholders.
        file: what tells it from other outputs (see ``key.Output``).
    """
    folder, name = os.path.split(place.partition("%(")[0])
    if file == place and "%(" not in place and len(os.fsencode(name)) <= _NAME_MAX_BYTES:
        return Path(folder, f".{name}.fwk")
    # Without its folder, which may be moved together with the job.
    digest = hashlib.blake2b(os.fsencode(file.removeprefix(folder)), digest_size=12).hexdigest()
    return Path(folder, f".{digest}.fwk")


def read_mark(path: Path) -> Mark | None:
    """Return what a mark says; ``None`` where there is none, or none that is whole."""
    try:
        content = read_checked(path)
        ways = (os.path.normpath(path.parent / content["way"]), content["folder"])
        return Mark(content["id"], content["name"], tuple(map(Path, dict.fromkeys(ways))))
    except (OSError, JobError, KeyError, TypeError):
        return None


def write_mark(path: Path, record: Record, folder: Path) -> bool:
    """Write the mark of a job, durable when this returns; say whether it could be written."""
    content = {"id": record.id, "name": record.name, "folder": str(folder), "way": os.path.relpath(folder, path.parent)}
    try:
        write_checked(path, content)
        path.chmod(_READABLE)
    except (OSError, JobError):
        return False
    return True


@contextmanager
def marking(folder: Path, patience_s: float = _PATIENCE_S) -> Iterator[bool]:
    """Let nobody else write marks in a folder meanwhile, where it can be locked; say whether the folder is there.

    Args:
        folder: it is made where it is missing.
        patience_s: how long to wait for who has locked it.

    Raises:
        UsageError: somebody has locked it for longer.
    """
    try:
        make_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        _lock(descriptor, folder, patience_s)
        yield True
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, patience_s: float) -> None:
    give_up_at = time.monotonic() + patience_s
    while not _try(descriptor):
        if time.monotonic() >= give_up_at:
            msg = (
                f"another process has locked the folder {folder} for {patience_s:g} s, so that no file in it can be "
                "marked as this job's: wait until it lets the folder go, or name a file in another one"
            )
            raise UsageError(msg)
        time.sleep(_PAUSE_S)


def _try(descriptor: int) -> bool:
    """Lock a folder, unless somebody else has; where there are no locks it stays as it is."""
    with contextlib.suppress(OSError):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def unmark(record: Record, kept: frozenset[str] = frozenset()) -> None:
    """Remove the marks of a job that are its own still; those that cannot be removed do not hold anybody up.

    Args:
        record: the job's; it is over, or its last run is taken back.
        kept: places whose marks stay.
    """
    for place, output in {**record.earlier, **record.outputs}.items():
        if output.get("file") and place not in kept and place not in record.taken:
            path = mark_path(place, output["file"])
            mark = read_mark(path)
            if mark is not None and mark.id == record.id:
                with contextlib.suppress(OSError):
                    path.unlink()


def lost_marks(record: Record) -> dict[str, str]:
    """Return the files to which another job has written since this one marked them: place to its name and folder."""
    found = {}
    outputs: Mapping[str, Mapping[str, Any]] = {**record.earlier, **record.outputs}
    for place in record.marked:
        path = mark_path(place, outputs.get(place, {}).get("file", ""))
        if place not in outputs or not path.parent.is_dir():
            continue  # a file that is gone is told by who opens it
        mark = read_mark(path)
        if mark is None:
            found[place] = f"{SOMEBODY} (its mark {path} is gone)"
        elif mark.id != record.id:
            found[place] = f"{mark.name} ({mark.folders[-1]})"
    return found
