"""The lock of a job: one process at a time, let go by the kernel when that process dies, however it dies.

Place in the flow: held from the moment a job is chosen until its crawl has closed everything. The file holds the id
of the process, for messages; what counts is the lock on it (``flock``), which a second crawl of the same process does
not get either. Behind that number stands a mark from the moment the job has ended until its process is about to exit:
a file that has it and no process is that of a job whose end nobody was told.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from framework.wholefile import MODE

from .errors import JobBusyError, job_error

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]


_NUMBER_BYTES = 20
_MARK = b" ended"
_TOLD = b" told "

_A_LOOK_S = 0.2
"""Somebody who looks whether a lock is held holds it for an instant: so long it is tried again."""
_PAUSE_S = 0.01


class Lock:
    """A lock that is held."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def mark(self) -> None:
        """Note that the job has ended, and that nobody was told; durable when this returns.

        Raises:
            OSError: it cannot be written.
        """
        if self._descriptor is not None:
            os.pwrite(self._descriptor, _MARK, _NUMBER_BYTES)
            os.fsync(self._descriptor)

    def release(self, *, is_done: bool = True) -> None:
        """Let it go; once more does nothing. What is not done leaves the file as a process that dies leaves it.

        The mark is overwritten, which takes less time than to empty the file, and not synced: a process that is killed
        meanwhile has told nobody. So after a power cut an end may count as not told; that costs a command that says so.
        """
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                if is_done and os.fstat(self._descriptor).st_size > _NUMBER_BYTES:
                    os.pwrite(self._descriptor, _TOLD, _NUMBER_BYTES)
            os.close(self._descriptor)
            self._descriptor = None


def take_lock(path: Path, name: str, patience_s: float = _A_LOOK_S) -> Lock:
    """Take the lock ``path``, which is made where it is missing.

    Args:
        path: the file.
        name: the job's, for messages.
        patience_s: how long to wait for who has it.

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
                # A mark stays: this process may die before it has told anybody. The number is for messages only: on
                # a full disk jobs can still be removed.
                with contextlib.suppress(OSError):
                    os.pwrite(descriptor, str(os.getpid()).rjust(_NUMBER_BYTES).encode(), 0)
                return Lock(descriptor)
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
        # Somebody else's file can be read alone; where only writers may lock (NFS), so can ours.
        descriptor = os.open(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _try(descriptor) else _process_in(path)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def is_marked(path: Path) -> bool:
    """Say whether the job has ended and the process that ended it died before it could tell."""
    with contextlib.suppress(OSError):
        return path.read_bytes()[_NUMBER_BYTES:] == _MARK
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
        return int(path.read_bytes()[:_NUMBER_BYTES] or b"0")
    return 0
