"""A file belongs to one unfinished job, wherever that job is kept.

Place in the flow: ``choosing`` asks before it makes or continues a job, ``fromcode`` for crawls that are no jobs, and
``LiveJob`` claims the files when its run begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from framework import jobfiles
from framework.exceptions import UsageError

from .jobsfolder import JobsFolder
from .key import Key
from .marks import mark_path, marking, read_mark, unmark, write_mark
from .progress import progress_of
from .record import UNFINISHED, Record, State
from .stored import StoredJob, stored_job


def refuse_files_of_others(jobs: JobsFolder, key: Key, own: Path | None = None) -> None:
    """Refuse a file that belongs to an unfinished job other than the one in the folder ``own``.

    Raises:
        UsageError: which file, whose it is, and what to do.
    """
    files = key.files()
    if not files:
        return
    known = jobs.jobs()
    for other in known:
        if other.folder != own:
            _refuse(other, other.name, files, key)
    folders = {job.folder for job in known}
    for file, place in files.items():
        _refuse_marked(file, place, key, {own, *folders})


def claim(jobs: JobsFolder, key: Key, record: Record, folder: Path) -> list[str]:
    """Mark the files of a job as its own, before it writes to them.

    Args:
        jobs: the folder of all jobs.
        key: what is crawled.
        record: the job's, with the outputs of this run.
        folder: the job's.

    Returns:
        The places that bear its mark; where a mark cannot be written, the file has none.

    Raises:
        UsageError: another job was quicker; nothing of this run is marked then.
    """
    before = frozenset(record.marked)
    known: set[Path | None] = {folder, *(job.folder for job in jobs.jobs())}
    marked = []
    try:
        for file, place in key.files().items():
            path = mark_path(place, file)
            with marking(path.parent) as is_there:
                mark = read_mark(path)
                if mark is None or mark.id != record.id:
                    _refuse_marked(file, place, key, known)
                    if not is_there or not write_mark(path, record, folder):
                        continue
                marked.append(place)
    except UsageError:
        unmark(record, before)
        raise
    return marked + [place for place in record.marked if place in record.earlier and place not in marked]


def so_far(job: StoredJob, before: str = " (") -> str:
    """Return how far a job has come, in words; ``""`` where that cannot be told."""
    progress = progress_of(job.folder)
    if progress is None:
        return ""
    return f"{before}{progress}{')' if before == ' (' else ''}"


def _refuse_marked(file: str, place: str, key: Key, known: set[Path | None]) -> None:
    """Refuse a file that bears the mark of an unfinished job which is kept in none of the ``known`` folders."""
    mark = read_mark(mark_path(place, file))
    for folder in mark.folders if mark is not None else ():
        if folder in known or any(path is not None and _is_same(path, folder) for path in known):
            continue
        if not _is_readable(folder):
            msg = f"{place} belongs to job {mark.name if mark else ''} ({folder}), which is not yours to read"
            raise UsageError(f"{msg}; name another file")
        job = stored_job(folder, is_elsewhere=True)
        if job is not None and mark is not None and job.record.id == mark.id:
            _refuse(job, str(folder), {file: place}, key)


def _refuse(other: StoredJob, called: str, files: Mapping[str, str], key: Key) -> None:
    if other.problem:
        return
    places = other.shared_files(files)
    state = other.state
    if not places or state not in UNFINISHED:
        return
    uri = key.outputs[places[0]].uri
    shown = places[0] if Path(uri).name == Path(places[0]).name else f"{uri} ({places[0]})"
    name = other.name if called == other.name else f"{other.name} ({called})"
    msg = f"{shown} belongs to job {name}, which is {state.value}{so_far(other)}"
    if places[0] not in other.record.outputs:
        now = ", ".join(output["uri"] for output in other.record.outputs.values())
        msg += f" and goes on in {now or 'no file'}"
    if state is State.RUNNING:
        raise UsageError(f"{msg}; name another file, or wait for its end")
    advice = f"go on with it (fwk resume {called}), or give it up (fwk jobs rm {called})"
    raise UsageError(f"{msg}; {advice}, or name another file")


def _is_same(path: Path, folder: Path) -> bool:
    try:
        return path.samefile(folder)
    except OSError:
        return False


def _is_readable(folder: Path) -> bool:
    """Say whether a job in the folder could be read; ``True`` where there is none."""
    try:
        (folder / jobfiles.RECORD).open("rb").close()
    except PermissionError:
        return False
    except OSError:
        return True
    return True
