"""The folder of one job that a user names: the setting ``JOBDIR``."""

from __future__ import annotations

from pathlib import Path

from .checked import sync_folder
from .errors import job_error

STORED_FILES = ("frontier.db*", "inflight*", "seen*", "spool*")
"""What a frontier and its seen-set keep in a job's folder. Whatever else is there may be the user's."""


def folder_of(jobdir: str | Path) -> Path:
    """Return the folder that ``JOBDIR`` names, spelled in one way."""
    return Path(jobdir).expanduser().resolve()


def clear(folder: Path) -> None:
    """Remove what the last crawl has stored, so that a new one may begin in the folder.

    Raises:
        JobError: the file system refuses.
    """
    try:
        for pattern in STORED_FILES:
            for path in folder.glob(pattern):
                if path.is_file():
                    path.unlink()
        sync_folder(folder)
    except OSError as error:
        raise job_error("remove the old crawl from", folder, error) from error
