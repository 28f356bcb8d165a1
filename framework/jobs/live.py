"""A job that this process works on.

Place in the flow: ``choosing`` gives it, locked. The crawler enters it when its settings are known to be right, opens
the frontier on its folder, and calls ``end`` when everything is closed. A command has more to do between that and the
end of its process: it takes ``later``, and a process that dies there leaves a job that was killed. A new job in which
nothing was begun (a wrong setting, a plugin that cannot be built) leaves no folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from types import TracebackType
from typing import Self

from framework import jobfiles
from framework.protocols import Job
from framework.version import __version__

from .begun import release
from .errors import JobError, job_error
from .jobdir import clear
from .jobsfolder import JobsFolder
from .key import Command
from .lock import Lock
from .marks import unmark
from .moving import way_to
from .outputs import earlier_outputs, others_lines
from .owning import claim
from .pruning import prune
from .record import EXHAUSTED, Record, State, read_record
from .stored import StoredJob

_OWN_FILES = frozenset({jobfiles.LOCK, jobfiles.RECORD, f"{jobfiles.RECORD}.new"})


class LiveJob:
    """One job, locked for this process.

    Args:
        jobs: the folder of all jobs.
        folder: the job's own.
        record: what is known of it.
        lock: held; this object lets it go.
        command: what is crawled now.

    Attributes:
        is_resumed: the job goes on; ``False`` for a new one.
        said: lines for the user, before anything else is said.
        is_refused: the run came to nothing before it had begun (see ``refuse``).
        had_ended: nothing is to be done: its last process died when it had ended, and told nobody (see ``told``).
        later: takes what is to be called when this process is through; without it, that is done at ``close``.
    """

    def __init__(
        self, jobs: JobsFolder, folder: Path, record: Record, lock: Lock, command: Command, *, is_resumed: bool
    ) -> None:
        self.folder = folder
        self.record = record
        self.is_resumed = is_resumed
        self.said: list[str] = []
        self.is_refused = False
        self.had_ended = False
        self.later: Callable[[Callable[[], None]], None] | None = None
        self._jobs = jobs
        self._lock = lock
        self._command = command
        self._is_begun = False
        self._before = deepcopy(record)
        self._taken_from: list[StoredJob] = []
        self._has_ended = False

    def __repr__(self) -> str:
        return f"<LiveJob {self.name} {self.record.state}>"

    @property
    def name(self) -> str:
        """The job's name."""
        return self.record.name

    @property
    def job(self) -> Job:
        """The job as a frontier takes it."""
        return Job(name=self.name, spider=self.record.spider, folder=self.folder)

    @property
    def can_go_on(self) -> bool:
        """Whether ``fwk resume`` can go on with it, after its end."""
        return self.record.state != State.ENDED or self.record.reason != EXHAUSTED

    @property
    def must_exist(self) -> bool:
        """Whether the frontier's file has to be there: a missing one is damage, and not a new job."""
        return self.record.is_stored

    def opened(self) -> None:
        """Say that the frontier has made its file, before anything is written to an output.

        Raises:
            JobError: it cannot be noted.
        """
        if not self.record.is_stored:
            self.record.is_stored = True
            self.record.save(self.folder)

    def __enter__(self) -> Self:
        """Begin the run: from here on the job is *running*, and killed if this process dies.

        Raises:
            UsageError: another job has taken one of its files since it was chosen.
            JobError: the job's file cannot be written.
        """
        record, now = self.record, self._jobs.clock()
        outputs = self._command.key.stored_outputs
        record.taken |= others_lines(record, outputs)
        record.earlier = earlier_outputs(record, outputs)
        record.arguments, record.outputs = dict(self._command.key.arguments), outputs
        record.command, record.version = self._command.stored, __version__
        record.state, record.reason, record.ended_at = State.RUNNING, "", None
        record.begun_at = now
        record.closed, record.root = {}, way_to(self._jobs.root, self.folder)
        record.runs += 1
        with self._jobs.guarded():
            record.marked = claim(self._jobs, self._command.key, record, self.folder)
            self._take_files()
            record.save(self.folder)
            self._jobs.note(self.folder)
            if not self.is_resumed:
                prune(self._jobs)
        self._is_begun = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the job go. Without ``end`` its state stays *running*, which means killed."""
        self.close()

    def end(self, state: State | str, reason: str = "", closed: Mapping[str, tuple[str, int]] | None = None) -> None:
        """Say how the run ended.

        Args:
            state: ``ended``, ``stopped`` (by its user), ``interrupted`` (by SIGTERM) or ``failed``.
            reason: as in ``finish_reason``; ``finished`` means that nothing is left.
            closed: the files that were left in good order: place to file and length in bytes.

        Raises:
            JobError: it cannot be written; the job counts as killed then.
        """
        try:
            self._lock.mark()
        except OSError as error:
            raise job_error("note the end in", self.folder / jobfiles.LOCK, error) from error
        self.record.state, self.record.reason = State(state).value, reason
        self.record.ended_at = self._jobs.clock()
        self.record.closed = {place: list(file) for place, file in (closed or {}).items()}
        if self.record.state == State.ENDED:
            self.record.marked = []
            self.record.save(self.folder)
            unmark(self.record)
            release(self.folder, self.record.id)
        else:
            self.record.save(self.folder)
        self._has_ended = True

    def refuse(self) -> None:
        """Take back that the run was begun: something could not be opened, and nothing was crawled.

        A job that was to go on stands as it stood before. A new one is removed when it is closed.

        Raises:
            JobError: it cannot be written; the job counts as killed then.
        """
        self.is_refused = True
        for other in self._taken_from:
            with contextlib.suppress(FileNotFoundError):
                record = read_record(other.folder)
                record.taken = {place: name for place, name in record.taken.items() if name != self.name}
                record.save(other.folder)
        unmark(self.record, frozenset(self._before.marked))
        if self.is_resumed:
            is_stored = self.record.is_stored
            self.record = self._before
            self.record.is_stored = is_stored
            self.record.save(self.folder)

    def told(self) -> None:
        """Say, instead of a run, that the user was told how the last one had ended."""
        self._has_ended = True

    def close(self) -> None:
        """Let the job go; once more does nothing. A new job in which nothing is, is removed."""
        if not self.is_resumed and self.record.ended_at is None and (self.is_refused or self._is_empty()):
            self._discard()
        if self._has_ended and self.later is not None:
            self.later(self._lock.release)
        else:
            self._lock.release(is_done=self._has_ended)

    def _take_files(self) -> None:
        """Note in ended jobs whose files this one writes that they cannot go on in them: they would cut ours off."""
        files = self._command.key.files()
        for other in self._jobs.jobs():
            if other.problem or other.record.id == self.record.id:
                continue
            taken = {place: self.name for place in other.shared_files(files) if other.record.taken.get(place) is None}
            if taken:
                other.record.taken.update(taken)
                other.record.save(other.folder)
                self._taken_from.append(other)

    def _is_empty(self) -> bool:
        try:
            return {path.name for path in self.folder.iterdir()} <= _OWN_FILES
        except OSError:
            return False

    def _discard(self) -> None:
        unmark(self.record)
        release(self.folder, self.record.id)
        with contextlib.suppress(JobError, OSError):
            if self.folder.parent == self._jobs.path:
                self._jobs.delete(self.folder)
                return
            clear(self.folder, *_OWN_FILES)
            self.folder.rmdir()
