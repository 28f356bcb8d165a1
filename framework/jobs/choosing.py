"""Which job a command is: one that goes on, or a new one.

Place in the flow: the commands and ``fromcode`` ask ``decide`` (or ``go_on``, for a job that was named) and get a
``LiveJob``, locked. The rules, for the job of the same spider, arguments and outputs: killed, interrupted or failed: it
goes on. Stopped by its user: asked on a terminal; elsewhere it is abandoned for a new one. Ended: a new one. A job in a
``JOBDIR`` goes on whenever something is left of it, as in Scrapy.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from framework import jobfiles
from framework.exceptions import CrawlError, UsageError
from framework.usercode import in_short

from .begun import release
from .errors import JobBusyError, JobError
from .jobdir import clear, folder_of
from .jobsfolder import JobsFolder
from .key import Command, Key
from .live import LiveJob
from .lock import Lock, take_lock
from .marks import lost_marks, unmark
from .outputs import closed_files
from .owning import refuse_files_of_others, so_far
from .record import CONTINUED, UNFINISHED, Record, State, read_record
from .stored import StoredJob, stored_job

Choice = Literal["auto", "resume", "new"]
Ask = Callable[[str], bool]
CutOutputs = Callable[[StoredJob], None]
"""Cuts a job's output files back to what it has committed, and closes them in good order (footers)."""


def decide(
    jobs: JobsFolder,
    command: Command,
    *,
    cut_outputs: CutOutputs,
    choice: Choice = "auto",
    jobdir: str | Path | None = None,
    ask: Ask | None = None,
) -> LiveJob:
    """Return the job that a command is, locked for this process; its ``said`` is to be told first.

    Args:
        jobs: the folder of all jobs.
        command: what is to be crawled.
        cut_outputs: called with a job that is abandoned for a new one.
        choice: ``"resume"`` (go on, or fail), ``"new"`` (give up what is unfinished), or by the rules.
        jobdir: the setting ``JOBDIR``: the job of that folder.
        ask: asks a yes-or-no question on the terminal; ``None`` where there is none.

    Raises:
        UsageError: nothing to resume; a file that belongs to another unfinished job; another spider's ``JOBDIR``.
        JobBusyError: another process works on the job.
        JobError: a job of this spider is damaged, or the file system refuses.
    """
    if jobdir is not None:
        with jobs.guarded():
            return _at(jobs, command, folder_of(jobdir), choice, cut_outputs)
    if choice == "auto" and ask is not None:
        stopped = _own_unfinished(jobs, command)
        if stopped is not None and stopped.state is State.STOPPED:
            question = f"Job {stopped.name} was stopped by Ctrl-C{so_far(stopped)}. Continue it?"
            choice = "resume" if ask(question) else "new"
    with jobs.guarded():
        return _choose(jobs, command, choice, cut_outputs)


def go_on(
    jobs: JobsFolder, job: StoredJob, command: Command, *, cut_outputs: CutOutputs, verb: str = "resume"
) -> LiveJob:
    """Return a job that was named, locked for this process, to go on; whatever its state.

    Args:
        jobs: the folder of all jobs.
        job: which.
        command: what is to be crawled.
        cut_outputs: called where the job goes on in other files than before.
        verb: the command that does this, for advice.

    Raises:
        UsageError: it is another spider's; its file belongs to another job now.
        JobBusyError: another process works on it.
        JobError: it is damaged.
    """
    with jobs.guarded():
        return _continue(jobs, job, command, cut_outputs, verb)


def abandon(jobs: JobsFolder, job: StoredJob, cut_outputs: CutOutputs) -> str:
    """Give an unfinished job up: its files are cut back to what is committed, and no longer its own.

    Returns:
        A line for the user where files could not be cut back, else nothing; the job is given up in any case.

    Raises:
        JobBusyError: a process works on it.
        JobError: it is damaged, or cannot be written.
    """
    lock = take_lock(job.folder / jobfiles.LOCK, job.name)
    is_done, note = False, ""
    try:
        record = job.record = _record_of(job)
        try:
            cut_outputs(job)
        except Exception as error:  # code of the user's is loaded: whatever is wrong, there must be a way out
            why = str(error) if isinstance(error, CrawlError) else in_short(error)
            note = f"note: the files of job {job.name} may end with items that were not committed: {why}"
        record.state, record.ended_at = State.ABANDONED.value, jobs.clock()
        record.taken |= lost_marks(record)
        record.closed, record.marked = closed_files(record), []
        record.save(job.folder)
        unmark(record)
        release(job.folder, record.id)
        is_done = True
    finally:
        lock.release(is_done=is_done)
    return note


# -- by spider, arguments and outputs --------------------------------------------------------------------------------


def _choose(jobs: JobsFolder, command: Command, choice: Choice, cut_outputs: CutOutputs) -> LiveJob:
    _refuse_damaged(jobs, command)
    own = _own_unfinished(jobs, command)
    if choice == "resume":
        found = own or _ended_with_a_rest(jobs, command)
        if found is None:
            msg = f"there is no job of this command to resume: {command.key.spider!r} with the same arguments and "
            raise UsageError(f"{msg}outputs; fwk jobs lists what there is, fwk resume JOB goes on with any")
        return _continue(jobs, found, command, cut_outputs)
    if own is None or (choice == "new" and own.state is State.RUNNING):
        return _new(jobs, command)
    if choice == "auto" and own.state is State.RUNNING:
        raise JobBusyError(own.name, own.process or 0)
    if choice == "auto" and own.state in CONTINUED:
        return _after_death(jobs, own, command, cut_outputs)
    return _new_after(jobs, own, command, cut_outputs)


def _own_unfinished(jobs: JobsFolder, command: Command) -> StoredJob | None:
    """Return the unfinished job of the command, one that can go on before one that a process works on."""
    own = [job for job in jobs.jobs() if not job.is_elsewhere and job.is_of(command.key) and job.state in UNFINISHED]
    return max(own, key=lambda job: (job.state is not State.RUNNING, job.record.begun_at), default=None)


def _ended_with_a_rest(jobs: JobsFolder, command: Command) -> StoredJob | None:
    own = [job for job in jobs.jobs() if not job.is_elsewhere and job.is_of(command.key) and job.can_go_on]
    return own[-1] if own else None


def _refuse_damaged(jobs: JobsFolder, command: Command) -> None:
    """Refuse to choose while a job that may be the command's own cannot be read."""
    stem = jobs.new_name(command.key.spider).rpartition("-")[0]
    for job in jobs.jobs():
        if job.problem and job.folder.name.rpartition("-")[0] == stem:
            job.refuse_damage()


def _new_after(jobs: JobsFolder, own: StoredJob, command: Command, cut_outputs: CutOutputs) -> LiveJob:
    """Abandon a job for a new one of the same command."""
    progress, was = so_far(own), "stopped by Ctrl-C" if own.state is State.STOPPED else own.state.value
    refuse_files_of_others(jobs, command.key, own.folder)
    note = abandon(jobs, own, cut_outputs)
    live = _new(jobs, command)
    file = " -o FILE" if command.key.files() else ""
    live.said += [
        f"Job {own.name} was {was}{progress}; it is given up for the new job {live.name}. "
        f"To continue it after all: fwk resume {own.name}{file}",
        *filter(None, [note]),
    ]
    return live


def _new(jobs: JobsFolder, command: Command) -> LiveJob:
    refuse_files_of_others(jobs, command.key)
    record = _record_for(jobs, command)
    notes = [_lost(job) for job in jobs.jobs() if _is_lost(job, command.key)]
    folder, lock = jobs.create(record)
    live = LiveJob(jobs, folder, record, lock, command, is_resumed=False)
    live.said += notes
    return live


def _is_lost(job: StoredJob, key: Key) -> bool:
    """Say whether an unfinished job may be the command's own, from a folder that was moved."""
    record = job.record
    folder = str(record.command.get("folder", ""))
    is_alike = not job.problem and record.spider == key.spider and record.arguments == dict(key.arguments)
    return is_alike and job.state in UNFINISHED and folder != "" and not Path(folder).exists()


def _lost(job: StoredJob) -> str:
    return (
        f"note: job {job.name} of this spider was begun in {job.record.command['folder']}, which is gone: where that "
        "was moved, it cannot go on here; this is a new job"
    )


def _record_for(jobs: JobsFolder, command: Command, name: str = "") -> Record:
    key = command.key
    return Record(
        name=name,
        id=uuid.uuid4().hex,
        spider=key.spider,
        arguments=dict(key.arguments),
        outputs=key.stored_outputs,
        command=command.stored,
        created_at=jobs.clock(),
    )


# -- going on --------------------------------------------------------------------------------------------------------


def _after_death(jobs: JobsFolder, job: StoredJob, command: Command, cut_outputs: CutOutputs) -> LiveJob:
    """Go on with a job for the same command as before; where only its process had still to end, say that it is over."""
    is_over = job.had_ended and job.is_of(command.key)
    live = _continue(jobs, job, command, cut_outputs)
    if is_over:
        live.had_ended = True
        live.said = [
            f"Job {job.name} had ended ({live.record.reason}) when its process was killed: nothing is left to do; "
            "--new starts afresh"
        ]
    return live


def _continue(
    jobs: JobsFolder, job: StoredJob, command: Command, cut_outputs: CutOutputs, verb: str = "resume"
) -> LiveJob:
    job.refuse_damage()
    job.refuse_key(command.key, verb)
    refuse_files_of_others(jobs, command.key, job.folder)
    lock = take_lock(job.folder / jobfiles.LOCK, job.name)
    try:
        record = job.record = _record_of(job)
        job.refuse_key(command.key, verb)  # another process may have had it until now
        was = "" if record.state != State.ABANDONED else ", which was given up"
        said = f"Continuing job {job.name}{was}{so_far(job, ': ')}; --new starts afresh"
        if set(record.outputs) - set(command.key.outputs):
            cut_outputs(job)  # nothing will write to them again
    except BaseException:
        lock.release(is_done=False)
        raise
    live = LiveJob(jobs, job.folder, record, lock, command, is_resumed=True)
    live.said.append(said)
    return live


def _record_of(job: StoredJob) -> Record:
    """Return the record as it is now that the lock is held."""
    try:
        record = read_record(job.folder)
        record.name = job.name  # that of its folder
        return record
    except FileNotFoundError:
        msg = f"job {job.name} is gone: {job.folder} was removed meanwhile"
        raise JobError(msg) from None


# -- in a JOBDIR -----------------------------------------------------------------------------------------------------


def _at(jobs: JobsFolder, command: Command, folder: Path, choice: Choice, cut_outputs: CutOutputs) -> LiveJob:
    """Return the job of a folder that was named: it goes on if something is left of it."""
    job = stored_job(folder, is_elsewhere=True)
    if job is None:
        if choice == "resume":
            msg = f"JOBDIR {folder} holds no job to resume; leave --resume out to begin one there"
            raise UsageError(msg)
        refuse_files_of_others(jobs, command.key, folder)
        record = _record_for(jobs, command)
        lock = jobs.create_at(folder, record)
        return LiveJob(jobs, folder, record, lock, command, is_resumed=False)
    if job.problem:
        msg = f"{job.problem}. To begin anew, remove the folder {folder} or name another JOBDIR"
        raise JobError(msg)
    if job.state is State.RUNNING:
        raise JobBusyError(job.name, job.process or 0)
    if choice != "new" and job.can_go_on:
        go = _after_death if choice == "auto" else _continue
        return go(jobs, job, command, cut_outputs)
    if choice == "resume":
        msg = f"job {job.name} in JOBDIR {folder} has ended and nothing is left of it; leave --resume out to crawl anew"
        raise UsageError(msg)
    return _anew(jobs, job, command, cut_outputs)


def _anew(jobs: JobsFolder, job: StoredJob, command: Command, cut_outputs: CutOutputs) -> LiveJob:
    """Begin a new crawl in the folder of one that is over, under its name."""
    if job.record.spider != command.key.spider:
        job.refuse_crawl(command.key)
    refuse_files_of_others(jobs, command.key, job.folder)
    said = []
    if job.state in UNFINISHED:
        said.append(f"Job {job.name} was {job.state.value}{so_far(job)}; it is given up for a new crawl in its folder")
        said += filter(None, [abandon(jobs, job, cut_outputs)])
    lock: Lock = take_lock(job.folder / jobfiles.LOCK, job.name)
    record = _record_for(jobs, command, job.name)
    try:
        # First what was stored, then the record: a crash in between leaves a job that is over.
        clear(job.folder)
    except BaseException:
        lock.release()
        raise
    jobs.create_at(job.folder, record, lock)
    live = LiveJob(jobs, job.folder, record, lock, command, is_resumed=False)
    live.said += said
    return live
