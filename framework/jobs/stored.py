"""A job as it lies on disk, seen from outside: its record, or what is wrong with it, and how it stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from framework import jobfiles
from framework.exceptions import UsageError

from .errors import JobError
from .key import Key, Output
from .lock import holder_of, is_marked
from .marks import SOMEBODY, lost_marks
from .outputs import grown, is_moved
from .record import EXHAUSTED, Record, State, read_record

_TOLD = frozenset({State.ENDED, State.STOPPED})
"""Ends after which the same command does not go on, if it was told so."""


@dataclass(slots=True)
class StoredJob:
    """One job on disk.

    Attributes:
        folder: where it is kept.
        record: what ``job.json`` says; an empty one, with the folder's name, where it cannot be read.
        problem: why it cannot be read, ``""`` where it can.
        is_elsewhere: it is in a ``JOBDIR`` outside of the folder of all jobs.
    """

    folder: Path
    record: Record
    problem: str = ""
    is_elsewhere: bool = False

    @property
    def name(self) -> str:
        """The job's name."""
        return self.record.name

    @property
    def process(self) -> int | None:
        """The process that works on it now (0: it is not known which), or ``None``."""
        return holder_of(self.folder / jobfiles.LOCK)

    @property
    def state(self) -> State:
        """How it stands now: a job that says ``running`` and has no process was killed.

        So was one whose process died between its end and the process's own: whoever gave the command was not told,
        and gives it again.
        """
        if self.problem:
            return State.DAMAGED
        if self.process is not None:
            return State.RUNNING
        state = State(self.record.state)
        if state is State.RUNNING or (state in _TOLD and is_marked(self.folder / jobfiles.LOCK)):
            return State.KILLED
        return state

    @property
    def had_ended(self) -> bool:
        """Whether it was killed when it had ended: it is as if nothing had happened, but for its command's end."""
        return self.record.state == State.ENDED and self.state is State.KILLED

    @property
    def can_go_on(self) -> bool:
        """Whether something is left of it to crawl, as far as its record tells."""
        state = self.state
        if state is State.ENDED:
            return self.record.reason != EXHAUSTED
        return state not in (State.RUNNING, State.DAMAGED)

    @property
    def results(self) -> str:
        """What the job holds that is a result and not a means, in words; nothing where there is none."""
        database, letters = self.folder / jobfiles.DATABASE, self.folder / jobfiles.DEAD_LETTERS
        found = []
        if database.is_dir() and any(database.iterdir()):
            found.append(f"a database with its items ({database})")
        if letters.is_file() and letters.stat().st_size:
            found.append(f"items that could not be stored ({letters})")
        return " and ".join(found)

    def is_of(self, key: Key) -> bool:
        """Say whether the job is what a command with this key crawls."""
        record = self.record
        return (
            not self.problem
            and record.spider == key.spider
            and record.arguments == dict(key.arguments)
            and record.outputs == key.stored_outputs
        )

    def refuse_damage(self) -> None:
        """Refuse a job that cannot be read.

        Raises:
            JobError: what is wrong, and how to give it up.
        """
        if self.problem:
            msg = f"{self.problem}. To give the job {self.name} up: fwk jobs rm {self.name}"
            raise JobError(msg)

    def refuse_key(self, key: Key, verb: str = "resume") -> None:
        """Refuse what this job cannot go on with.

        Args:
            key: what is to be crawled now.
            verb: the command that goes on with it, for advice.

        Raises:
            UsageError: another spider, or other arguments; a file under another name or in another format; a file
                that was taken over, or that something else has written to.
        """
        record = self.record
        self.refuse_crawl(key)
        job = self.folder if self.is_elsewhere else self.name
        for place, output in key.outputs.items():
            old = record.outputs.get(place)
            self._refuse_others_lines(place, output, verb)
            if place in record.earlier:  # its position in it is not stored any more
                msg = f"{output.uri} holds what job {self.name} wrote before it went on in another file, and it cannot "
                raise UsageError(f"{msg}go back to it; go on in that one (fwk {verb} {job}), or name a new file")
            # The feed would not find its place again, and begin the file anew.
            if old is not None and is_moved(old["uri"], place):
                msg = (
                    f"job {self.name} was moved, and its output {output.uri} was called {old['uri']} when it began; "
                    f"move it back to go on, or give it up: fwk jobs rm {self.name}"
                )
                raise UsageError(msg)
            if old is not None and (old["uri"], old["format"]) != (output.uri, output.format):
                msg = (
                    f"job {self.name} writes {place} as {old['uri']} in the format {old['format']}; write it so again, "
                    "or name another file"
                )
                raise UsageError(msg)

    def _refuse_others_lines(self, place: str, output: Output, verb: str) -> None:
        """Refuse a file that holds what somebody else wrote behind this job's end: to go on in it would cut that off.

        Raises:
            UsageError: who did, and what to do.
        """
        record = self.record
        # A copy of a JOBDIR has the name of the original.
        job = self.folder if self.is_elsewhere else self.name
        advice = f"give it another file: fwk {verb} {job} -o FILE"
        taken = {**lost_marks(record), **record.taken}.get(place)
        if taken is not None:
            if not output.file:
                advice = f"begin anew (--new), or give it up: fwk jobs rm {self.name}"
            who = taken if taken.startswith(SOMEBODY) else f"job {taken}"
            msg = f"{output.uri} was taken over by {who}, so job {self.name} cannot go on in it; {advice}"
            raise UsageError(msg)
        more = grown(record)
        if place in more:
            msg = f"{output.uri} has grown by {more[place]:,} bytes since job {self.name} had closed it"
            size_bytes = record.closed[place][1]
            msg += f", and they would be cut off; move what is behind byte {size_bytes:,} elsewhere, or {advice}"
            raise UsageError(msg)

    def refuse_crawl(self, key: Key) -> None:
        """Refuse another spider, or other arguments for it.

        Raises:
            UsageError: what is another, and what to do.
        """
        record = self.record
        advice = "name another JOBDIR"
        if record.spider != key.spider:
            if not self.is_elsewhere:
                advice = f"call the spider {record.spider!r} again, or give the job up: fwk jobs rm {self.name}"
            msg = f"job {self.name} ({self.folder}) is one of the spider {record.spider!r}, not of {key.spider!r}"
            raise UsageError(f"{msg}; {advice}")
        # Those of a program are objects too, which may look another way each time.
        names = {**record.arguments, **key.arguments} if record.command.get("kind") != "code" else ()
        for name in names:
            if record.arguments.get(name) != key.arguments.get(name):
                msg = (
                    f"job {self.name} ({self.folder}) was begun without this argument {name!r}, or with another value; "
                    f"that is a crawl of its own: {advice}"
                )
                raise UsageError(msg)

    def shared_files(self, files: Mapping[str, str]) -> list[str]:
        """Return the places of those of ``files`` (see ``Key.files``) that this job writes, and no other since."""
        taken = self.record.taken
        outputs = {**self.record.earlier, **self.record.outputs}
        own = {output.get("file") for place, output in outputs.items() if place not in taken}
        return [place for file, place in files.items() if file in own]


def stored_job(folder: Path, *, is_elsewhere: bool = False) -> StoredJob | None:
    """Return the job in a folder, or ``None`` where there is none."""
    empty = Record(name=folder.name, id="", spider="", state=State.DAMAGED)
    try:
        return StoredJob(folder, read_record(folder), is_elsewhere=is_elsewhere)
    except (FileNotFoundError, NotADirectoryError):
        if not (folder / jobfiles.STORE).exists():
            return None
        return StoredJob(folder, empty, f"{folder / jobfiles.RECORD} is gone", is_elsewhere)
    except Exception as error:  # whatever is wrong with one job must not hide the others
        return StoredJob(folder, empty, str(error), is_elsewhere)
