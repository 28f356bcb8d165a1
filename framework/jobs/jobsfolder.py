"""The folder of all jobs: what is in it, new jobs, and the jobs that lie elsewhere (``JOBDIR``).

Place in the flow: ``choosing`` looks for jobs here and makes them. A new job is built in a folder with a name of its
own and renamed when it is whole, so that a job that is found is complete. Who chooses or makes a job holds the lock of
this folder: two commands that are called at the same time do not choose the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from framework import jobfiles
from framework.components import did_you_mean
from framework.exceptions import UsageError
from framework.wholefile import sync_folder

from .checked import make_folder, read_checked, write_checked
from .errors import JobError, job_error
from .lock import Lock, take_lock
from .moving import way_to
from .record import Record
from .stored import StoredJob, stored_job

_ELSEWHERE = "elsewhere.json"
_PATIENCE_S = 10.0
_NUMBER = re.compile(r"-(\d+)$")
_UNFIT = re.compile(r"[^\w.-]+")
_NAME_MAX = 100
GONE = ".gone-"
_NEW = ".new-"


class JobsFolder:
    """All jobs of a project.

    Args:
        path: the folder (``JOBS_FOLDER``); it is made when the first job is.
        keep: ended jobs that are kept (``JOBS_KEEP``).
        clock: the wall clock, in seconds.
        root: the folder of the project; jobs inside of it can be moved and copied with it.
    """

    def __init__(
        self, path: Path, *, keep: int = 20, clock: Callable[[], float] = time.time, root: Path | None = None
    ) -> None:
        self.path = path
        self.root = root
        self.keep = keep
        self.clock = clock

    # -- looking ---------------------------------------------------------------------------------------------------

    def jobs(self) -> list[StoredJob]:
        """Return all jobs, the one that was begun last at the end.

        Raises:
            JobError: the list of jobs elsewhere is damaged.
        """
        found = [stored_job(folder) for folder in self._folders()]
        found += [stored_job(folder, is_elsewhere=True) for folder in self._elsewhere()]
        known = [job for job in found if job is not None]
        names = Counter(job.name for job in known)
        for job in known:
            if names[job.name] > 1:  # somebody has copied a job: each is called like its folder
                job.record.name = job.folder.name
        return sorted(known, key=lambda job: (job.record.begun_at, job.record.created_at, job.name))

    def find(self, name: str) -> StoredJob:
        """Return a job by its name, or by its folder.

        Raises:
            UsageError: there is none.
        """
        jobs = self.jobs()
        for job in reversed(jobs):
            if job.name == name:
                return job
        given = stored_job(Path(name).absolute(), is_elsewhere=True) if name else None
        if given is not None:
            return given
        names = [job.name for job in jobs]
        hint = did_you_mean(name, names) or ("; fwk jobs lists them" if names else f"; {self.path} has none")
        msg = f"there is no job {name!r}{hint}"
        raise UsageError(msg)

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self.path.iterdir() if path.is_dir() and not path.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise job_error("read", self.path, error) from error

    def _elsewhere(self) -> list[Path]:
        path = self.path / _ELSEWHERE
        try:
            folders = read_checked(path).get("folders", [])
            return [Path(os.path.normpath(self.path / folder)) for folder in folders]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except JobError as error:
            msg = f"{error}; it only lists the jobs that have a JOBDIR: remove it, they are noted again when they go on"
            raise JobError(msg) from error

    # -- making ----------------------------------------------------------------------------------------------------

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let nobody else choose or make a job in this folder meanwhile.

        Raises:
            JobError: the folder cannot be made or locked.
        """
        self._make()
        lock = take_lock(self.path / ".lock", f"folder {self.path}", _PATIENCE_S)
        try:
            yield
        finally:
            lock.release()

    def _make(self) -> None:
        if self.path.is_dir():
            return
        try:
            make_folder(self.path)
            # Jobs are no part of anybody's repository.
            ignored = self.path.parent if self.path.parent.name == ".fwk" else self.path
            (ignored / ".gitignore").write_text("*\n", encoding="ascii")
        except OSError as error:
            raise job_error("make the folder of jobs", self.path, error) from error

    def create(self, record: Record) -> tuple[Path, Lock]:
        """Make the folder of a new job, which is called ``record.name`` from now on, and lock it; call when guarded.

        Raises:
            JobError: the file system refuses.
        """
        self._sweep()
        record.name = self.new_name(record.spider)
        aside, folder = self.path / f"{_NEW}{record.name}", self.path / record.name
        try:
            aside.mkdir(mode=0o700)
            lock = take_lock(aside / jobfiles.LOCK, record.name)
        except OSError as error:
            raise job_error("make the job", folder, error) from error
        record.root = way_to(self.root, folder)
        try:
            record.save(aside)
            aside.rename(folder)
            sync_folder(self.path)
        except OSError as error:
            lock.release()
            raise job_error("make the job", folder, error) from error
        except JobError:
            lock.release()
            raise
        return folder, lock

    def create_at(self, folder: Path, record: Record, lock: Lock | None = None) -> Lock:
        """Make a new job in a folder that was named (``JOBDIR``), and lock it; call when guarded.

        Args:
            folder: it is made where it is missing.
            record: it gets a name where it has none.
            lock: that of the folder's job, where one is held.

        Raises:
            JobError: the file system refuses, or another process works there.
        """
        try:
            make_folder(folder, 0o700)
        except OSError as error:
            raise job_error("make the job folder", folder, error) from error
        record.name = record.name or self.new_name(record.spider)
        held = lock or take_lock(folder / jobfiles.LOCK, record.name)
        record.root = way_to(self.root, folder)
        try:
            record.save(folder)
            self.note(folder)
        except JobError:
            held.release()
            raise
        return held

    def note(self, folder: Path) -> None:
        """Remember a job that is not in this folder; those that are gone are forgotten."""
        if folder.parent == self.path.resolve():
            return
        noted = self._elsewhere()
        if folder not in noted:
            there = [path for path in (*noted, folder) if stored_job(path) is not None]
            write_checked(self.path / _ELSEWHERE, {"folders": [self._shown(path) for path in there]})

    def _shown(self, folder: Path) -> str:
        """Return how a folder is noted: inside of the project in a way that survives its move."""
        is_inside = way_to(self.root, folder) and way_to(self.root, self.path)
        return os.path.relpath(folder, self.path) if is_inside else str(folder)

    def new_name(self, spider: str) -> str:
        """Return the name of a new job of a spider: one number above those that there are."""
        stem = _UNFIT.sub("_", spider).lstrip(".-")[:_NAME_MAX] or "spider"
        names = {folder.name for folder in self._folders()} | {job.name for job in self.jobs()}
        numbers = [int(found[1]) for name in names if (found := _NUMBER.search(name)) and name[: found.start()] == stem]
        return f"{stem}-{max(numbers, default=0) + 1}"

    # -- removing --------------------------------------------------------------------------------------------------

    def delete(self, folder: Path) -> None:
        """Delete a job's folder, whose lock the caller holds. A crash leaves it whole, or under a name to be swept.

        Raises:
            JobError: the file system refuses.
        """
        gone = folder.with_name(f"{GONE}{folder.name}")
        try:
            folder.rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise job_error("remove the job", folder, error) from error

    def _sweep(self) -> None:
        """Remove what processes left that died while they made or removed a job; nobody is at it, for we guard."""
        with contextlib.suppress(OSError):
            for folder in self.path.iterdir():
                if folder.name.startswith((_NEW, GONE)):
                    shutil.rmtree(folder, ignore_errors=True)
