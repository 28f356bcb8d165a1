"""The file of a job, for commands that look into it.

Place in the flow: ``fwk why`` and ``fwk fates`` choose a job here and open its file; a crawl may be at work on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from framework import jobfiles
from framework.exceptions import UsageError
from framework.frontier.store import EndKind, StoreSearch
from framework.frontier.store.checksums import Books
from framework.http.stored import load_value
from framework.jobs import JobsFolder, StoredJob

KINDS = {int(kind): kind.name.lower() for kind in EndKind}
"""What the numbers of fates are called, in the order of the balance."""


def file_of(job: StoredJob) -> Path | None:
    """Return the job's file; ``None`` where it has none (yet)."""
    path = job.folder / jobfiles.STORE
    return path if path.exists() else None


def newest_first(jobs: JobsFolder, name: str | None, spider: str | None = None) -> Iterator[StoredJob]:
    """Yield the job that is named; without a name all jobs that have a file, the one that was begun last first.

    Raises:
        UsageError: there is none of this name, or the one that is named has no file.
    """
    if name is not None:
        job = jobs.find(name)
        if file_of(job) is None:
            msg = f"job {job.name} has stored nothing yet: there is no {job.folder / jobfiles.STORE}"
            raise UsageError(msg)
        yield job
        return
    for job in reversed(jobs.jobs()):
        if file_of(job) is not None and spider in (None, job.record.spider):
            yield job


def open_file(job: StoredJob) -> StoreSearch:
    """Open the job's file for questions; what the last checkpoint stored is seen.

    Raises:
        DamagedJob: it is not what was written.
        StoreError: it cannot be read.
    """
    return StoreSearch(job.folder / jobfiles.STORE)


def ended_of(books: Books) -> dict[str, int]:
    """Return how many requests ended in each way, as the last checkpoint counted them, kept or not."""
    return {kind: books.counts.get(kind, 0) for kind in ("done", "replaced", "dropped", "failed")}


def not_kept(reader: StoreSearch) -> str:
    """Say, where fates are not kept, how many and why; else return nothing."""
    books = reader.books()
    ended = sum(ended_of(books).values())
    missing = ended - books.sums["fates"].count
    if missing <= 0:
        return ""
    # The weakest of all its runs: it may have another value now.
    setting = load_value(reader.meta()["fates"])
    return f"of {ended:,} requests that ended, {missing:,} have no record: the job ran with FATES = {setting!r}"


def moment(at: float) -> str:
    """Return a time of the wall clock for people: here, to the second."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def exact_moment(at: float) -> str:
    """Return a time of the wall clock for programs: UTC, ISO 8601."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
