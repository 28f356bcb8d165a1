"""A file belongs to one unfinished job, wherever that job is kept.

Place in the flow: ``choosing`` asks before it makes or continues a job, ``fromcode`` for crawls that are no jobs, and
``LiveJob`` claims the files when its run begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from framework import jobfiles
from framework.exceptions import UsageError

from .begun import begun
from .jobsfolder import JobsFolder
from .key import Key
from .marks import mark_path, marking, read_mark, unmark, write_mark
from .progress import progress_of
from .record import UNFINISHED, Record, State
from .stored import StoredJob, stored_job

_NOBODY: Final[Mapping[Path, str]] = MappingProxyType({})


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
            _refuse(other, files, key)
    names = {job.folder: job.name for job in known}
    for file, place in files.items():
        refuse_marked(file, place, key.outputs[place].uri, frozenset({own} if own else ()), names)


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
    names = {job.folder: job.name for job in jobs.jobs()}
    marked = []
    try:
        for file, place in key.files().items():
            path = mark_path(place, file)
            with marking(path.parent) as is_there:
                mark = read_mark(path)
                if mark is None or mark.id != record.id:
                    refuse_marked(file, place, key.outputs[place].uri, frozenset({folder}), names)
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


def refuse_marked(
    file: str, place: str, uri: str, own: frozenset[Path] = frozenset(), names: Mapping[Path, str] = _NOBODY
) -> None:
    """Refuse a file that bears the mark of an unfinished job.

    Args:
        file: what identifies it (see ``key.Output``).
        place: where it is.
        uri: as it is to be written now.
        own: the folder of the job that asks.
        names: of jobs that may be called by them: folder to name.

    Raises:
        UsageError: whose it is, and what to do.
    """
    mark = read_mark(mark_path(place, file))
    for folder in mark.folders if mark is not None else ():
        if folder in own or any(_is_same(mine, folder) for mine in own):
            continue
        if not _is_readable(folder):
            msg = f"{place} belongs to job {mark.name if mark else ''} ({folder}), which is not yours to read"
            raise UsageError(f"{msg}; name another file")
        job = stored_job(folder, is_elsewhere=True)
        if job is None or mark is None or job.record.id != mark.id:
            continue
        if job.shared_files({file: place}) or place in begun(folder):
            _refuse_place(job, names.get(folder, str(folder)), place, uri)


def _refuse(other: StoredJob, files: Mapping[str, str], key: Key) -> None:
    places = [] if other.problem else other.shared_files(files)
    if places:
        _refuse_place(other, other.name, places[0], key.outputs[places[0]].uri)


def _refuse_place(other: StoredJob, called: str, place: str, uri: str) -> None:
    state = other.state
    if state not in UNFINISHED:
        return
    shown = place if Path(uri).name == Path(place).name else f"{uri} ({place})"
    name = other.name if called == other.name else f"{other.name} ({called})"
    msg = f"{shown} belongs to job {name}, which is {state.value}{so_far(other)}"
    if place not in other.record.outputs:
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
