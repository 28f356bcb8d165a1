"""Removing jobs: the oldest when a new one begins, and those that a user names.

Place in the flow: ``LiveJob`` prunes when a new job begins; ``fwk jobs rm`` removes.
"""

from __future__ import annotations

import contextlib

from framework import jobfiles
from framework.exceptions import UsageError

from .errors import JobError
from .jobdir import clear
from .jobsfolder import JobsFolder
from .lock import take_lock
from .record import State
from .stored import StoredJob

_OVER = frozenset({State.ENDED, State.ABANDONED})


def prune(jobs: JobsFolder) -> list[str]:
    """Remove ended and abandoned jobs beyond ``jobs.keep``, the oldest first; return their names.

    Kept are jobs that the same command would continue, those that hold results, and those in a ``JOBDIR``. One that
    cannot be removed now is left for the next time.
    """
    over = [job for job in jobs.jobs() if not job.is_elsewhere and job.state in _OVER]
    over.sort(key=lambda job: job.record.ended_at or 0.0, reverse=True)
    removed = []
    for job in over[jobs.keep :]:
        if not job.results:
            with contextlib.suppress(JobError):
                _delete(jobs, job)
                removed.append(job.name)
    return removed


def remove(jobs: JobsFolder, job: StoredJob, *, with_data: bool = False) -> None:
    """Remove one job. In a ``JOBDIR``, which may hold more, only what is the job's.

    Args:
        jobs: the folder of all jobs.
        job: which; one that is unfinished is to be abandoned first.
        with_data: also results that it holds: a database, items that could not be stored.

    Raises:
        UsageError: it holds results.
        JobBusyError: a process works on it.
        JobError: the file system refuses.
    """
    if job.results and not with_data:
        msg = f"job {job.name} holds {job.results}; to remove that too: fwk jobs rm {job.name} --data"
        raise UsageError(msg)
    _delete(jobs, job)


def _delete(jobs: JobsFolder, job: StoredJob) -> None:
    lock = take_lock(job.folder / jobfiles.LOCK, job.name)
    try:
        if not job.is_elsewhere:
            jobs.delete(job.folder)
            return
        left = (jobfiles.DATABASE, jobfiles.DEAD_LETTERS, jobfiles.FIELDS, jobfiles.RECORD, jobfiles.LOCK)
        clear(job.folder, *left)
        with contextlib.suppress(OSError):
            job.folder.rmdir()
    finally:
        lock.release()
