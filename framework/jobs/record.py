"""What ``job.json`` says of a job: whose it is, what it writes, and how it stands. Data only.

Place in the flow: written when a job is made, begins, ends or is abandoned; read by every command that asks for jobs.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from framework import jobfiles
from framework.version import __version__

from .checked import read_checked, write_checked
from .errors import JobError
from .moving import inward, outward

SCHEMA = 1
EXHAUSTED = "finished"
"""The reason of a crawl that ended because nothing was left."""


class State(StrEnum):
    """How a job stands. ``KILLED`` and ``DAMAGED`` are found out, never written."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"
    FAILED = "failed"
    ENDED = "ended"
    ABANDONED = "abandoned"
    KILLED = "killed"
    DAMAGED = "damaged"


CONTINUED = frozenset({State.KILLED, State.INTERRUPTED, State.FAILED})
"""What the same command continues without asking."""

UNFINISHED = CONTINUED | {State.STOPPED, State.RUNNING}
"""What owns its output files."""


@dataclass(slots=True)
class Record:
    """The content of ``job.json``.

    Attributes:
        name: ``<spider>-<n>``.
        id: unique everywhere, for documents of sinks that many jobs write to; a new crawl in one folder has a new one.
        spider: the spider's name.
        arguments: the spider's, secrets masked.
        outputs: place to what is written there, as ``key.Output`` gives it.
        command: what was called, for ``fwk resume``: kind, target, pairs, given, withheld, folder.
        created_at, begun_at, ended_at: seconds of the wall clock; ``begun_at`` is that of the last run.
        state, reason: how it stands, and why it ended.
        runs: how often it was begun.
        is_stored: the frontier's file was made; when it is missing now, something is lost.
        taken: files of this job that another job has written to since: place to that job's name.
        earlier: outputs of earlier runs in which it does not go on, as ``outputs``: theirs is what it has committed.
        marked: places of its files that bear its mark (see ``marks``).
        closed: its files as the last run has left them in good order: place to file and length in bytes.
        home: the job's folder when this was written; another than where it lies now if it was moved or copied.
        root: the way from the job's folder to the root of its project, ``""`` where it lies outside. Paths inside of
            the project are stored relative to it, and are absolute here.
        version: of fwk, at the last run.
        schema: of this file.
    """

    name: str
    id: str
    spider: str
    arguments: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    command: dict[str, Any] = field(default_factory=dict)
    created_at: float = 0.0
    begun_at: float = 0.0
    ended_at: float | None = None
    state: str = State.RUNNING
    reason: str = ""
    runs: int = 0
    is_stored: bool = False
    taken: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, dict[str, Any]] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)
    closed: dict[str, list[Any]] = field(default_factory=dict)
    home: str = ""
    root: str = ""
    version: str = __version__
    schema: int = SCHEMA

    def save(self, folder: Path) -> None:
        """Write it into the job's folder, all or nothing.

        Raises:
            JobError: the file system refuses.
        """
        self.home = str(folder)
        content = asdict(self)
        write_checked(folder / jobfiles.RECORD, inward(content, _root_of(folder, self.root)) if self.root else content)


def read_record(folder: Path) -> Record:
    """Return the record of the job in ``folder``.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no job.
        JobError: it is damaged, or of a newer fwk.
    """
    path = folder / jobfiles.RECORD
    content = read_checked(path)
    schema = content.get("schema")
    if not isinstance(schema, int) or schema > SCHEMA:
        version = content.get("version", "a newer version")
        msg = f"{path} was written by fwk {version} in a newer form (schema {schema}); go on with that version"
        raise JobError(msg)
    root = str(content.get("root", ""))
    try:
        record = _record_from(outward(content, _root_of(folder, root)) if root else content, path)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"{path} is damaged: {error}"
        raise JobError(msg) from None
    _leave_to_original(record, folder)
    return record


def _root_of(folder: Path, root: str) -> str:
    return os.path.normpath(folder / root)


def _leave_to_original(record: Record, folder: Path) -> None:
    """Note in a copy of a job that what both of them write stays the original's."""
    if record.home in ("", str(folder)):
        return
    home = Path(record.home)
    # A job that was moved, or that is reached by another way, is no copy.
    with contextlib.suppress(OSError, JobError):
        if home.samefile(folder):
            return
        # Its folder is entered as little as possible: of the original only what it writes counts.
        content = read_checked(home / jobfiles.RECORD)
        if content.get("id") != record.id:
            return
        there = outward(content, _root_of(home, str(content["root"]))) if content.get("root") else content
        shared = [place for place in there.get("outputs", {}) if _is_elsewhere(place, record.outputs.get(place, {}))]
        record.taken |= {place: f"{there['name']} ({home})" for place in shared if place not in record.taken}


def _is_elsewhere(place: str, output: Mapping[str, Any]) -> bool:
    """Say whether an output lies outside of the job's folder, where a copy of the job would change it."""
    return bool(output.get("file")) or (place == "mongodb" and not str(output["uri"]).startswith("embedded"))


def _record_from(content: Mapping[str, Any], path: Path) -> Record:
    known = {field.name for field in fields(Record)}
    try:
        return Record(**{name: value for name, value in content.items() if name in known})
    except TypeError as error:
        msg = f"{path} is damaged: {error}"
        raise JobError(msg) from None
