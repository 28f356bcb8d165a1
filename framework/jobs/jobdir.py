"""The folder of one job that a user names: the setting ``JOBDIR``."""

from __future__ import annotations

import shutil
from pathlib import Path

from framework import jobfiles
from framework.wholefile import sync_folder

from .errors import job_error


def folder_of(jobdir: str | Path) -> Path:
    """Return the folder that ``JOBDIR`` names, spelled in one way."""
    return Path(jobdir).expanduser().resolve()


def clear(folder: Path, *more: str) -> None:
    """Remove what the last crawl has stored, so that a new one may begin in the folder.

    What else is there stays: results (an embedded database, refused documents), and what the user put there.

    Args:
        folder: the job's.
        more: names of what else to remove.

    Raises:
        JobError: the file system refuses.
    """
    try:
        for path in [path for pattern in (*jobfiles.OF_ONE_CRAWL, *more) for path in folder.glob(pattern)]:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        sync_folder(folder)
    except OSError as error:
        raise job_error("remove the old crawl from", folder, error) from error
