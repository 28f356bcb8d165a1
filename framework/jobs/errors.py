"""What can be wrong with a job. Mistakes of the command line are ``UsageError``, as everywhere."""

from __future__ import annotations

from pathlib import Path

from framework.exceptions import CrawlError


class JobError(CrawlError):
    """A job cannot be read, written or gone on with; the message names its folder and what to do."""


class JobBusyError(JobError):
    """Another process works on the job.

    Attributes:
        process: the id of that process; 0 where it is not known.
    """

    def __init__(self, name: str, process: int) -> None:
        who = f"process {process}" if process else "another process"
        super().__init__(f"job {name} is being worked on by {who}; wait for its end, or stop it (Ctrl-C, SIGTERM)")
        self.process = process


def job_error(doing: str, path: Path, error: OSError) -> JobError:
    """Return what an error of the file system means for a job."""
    reason = error.strerror or str(error)
    return JobError(
        f"cannot {doing} {path}: {reason}; free or mount what is missing, or name another folder (JOBS_FOLDER, JOBDIR)"
    )
