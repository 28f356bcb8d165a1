"""The lock of a job: one process at a time, let go by the kernel when that process dies, however it dies.

Place in the flow: held from the moment a job is chosen until its crawl has closed everything. The file holds the id
of the process, for messages; what counts is the lock on it (``flock``), which a second crawl of the same process does
not get either. Whether it is empty tells whether the last process was done, after a power cut too.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from .checked import MODE
from .errors import JobBusyError, job_error

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "lock"

_A_LOOK_S = 0.2
"""Somebody who looks whether a lock is held holds it for an instant: so long it is tried again."""
_PAUSE_S = 0.01


class Lock:
    """A lock that is held."""

    __slots__ = ("_descriptor", "_is_synced")

    def __init__(self, descriptor: int, *, is_synced: bool) -> None:
        self._descriptor: int | None = descriptor
        self._is_synced = is_synced

    def release(self, *, is_done: bool = True) -> None:
        """Let it go; once more does nothing. What is not done leaves the file as a process that dies leaves it."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                if is_done:
                    os.ftruncate(self._descriptor, 0)
                    if self._is_synced:
                        os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def take_lock(path: Path, name: str, patience_s: float = _A_LOOK_S, *, is_synced: bool = True) -> Lock:
    """Take the lock ``path``, which is made where it is missing.

    Args:
        path: the file.
        name: the job's, for messages.
        patience_s: how long to wait for who has it.
        is_synced: a power cut does not undo what the file holds.

    Raises:
        JobBusyError: another process, or another crawl of this one, has it.
        JobError: there can be no lock here.
    """
    give_up_at = time.monotonic() + patience_s
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, MODE)
        except OSError as error:
            raise job_error("lock", path, error) from error
        try:
            if _try(descriptor) and _is_still(descriptor, path):
                # It is never empty in between: that would say that the last process was done.
                os.ftruncate(descriptor, os.pwrite(descriptor, str(os.getpid()).encode(), 0))
                if is_synced:
                    os.fsync(descriptor)
                return Lock(descriptor, is_synced=is_synced)
        except OSError as error:
            os.close(descriptor)
            raise job_error("lock", path, error) from error
        os.close(descriptor)
        if time.monotonic() >= give_up_at:
            raise JobBusyError(name, _process_in(path))
        time.sleep(_PAUSE_S)


def holder_of(path: Path) -> int | None:
    """Return the id of the process that has the lock (0: somebody, it is not known who), or ``None``."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        return None if _try(descriptor) else _process_in(path)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def was_left(path: Path) -> bool:
    """Say whether the last process that had the lock died, or failed, before it was done."""
    with contextlib.suppress(OSError):
        return path.stat().st_size > 0
    return False


def _try(descriptor: int) -> bool:
    try:
        # Without fcntl this fails, and must: two processes could work on one job.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(descriptor: int, path: Path) -> bool:
    """Say whether the file is still the one at its place: its job may have been removed while we waited."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _process_in(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii") or "0")
    return 0
