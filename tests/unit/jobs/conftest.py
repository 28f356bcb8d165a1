from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.frontier.store import Changes, Row, Store
from framework.http.stored import dump_value
from framework.jobs import Command, JobsFolder, Key, LiveJob, StoredJob, decide, feed_outputs, stored_arguments
from framework.settings import Settings


class Desk:
    """A user's folder with jobs in it: gives commands, ends them, kills them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.jobs = JobsFolder(folder / ".fwk" / "jobs", clock=self.clock)
        self.cut: list[str] = []
        self.asked: list[str] = []

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def command(self, spider: str = "books", feeds: dict[str, Any] | None = None, **arguments: str) -> Command:
        settings = Settings({"FEEDS": {"items.jsonl": {}} if feeds is None else feeds})
        key = Key(spider, stored_arguments(arguments), feed_outputs(settings, spider, arguments))
        return Command(key, "crawl", spider, folder=str(self.folder))

    def decide(self, command: Command | None = None, *, answer: bool | None = None, **how: Any) -> LiveJob:
        """Decide as the command line does; ``answer`` is what the user says on a terminal."""

        def ask(question: str) -> bool:
            self.asked.append(question)
            assert answer is not None
            return answer

        return decide(
            self.jobs,
            command or self.command(),
            cut_outputs=self.cut_outputs,
            ask=None if answer is None else ask,
            **how,
        )

    def cut_outputs(self, job: StoredJob) -> None:
        self.cut.append(job.name)

    def crawl(
        self, command: Command | None = None, end: tuple[str, str] | None = None, pending: int = 3, **how: Any
    ) -> LiveJob:
        """Run a crawl that stores something and ends as ``end`` says; without it, it is killed."""
        live = self.decide(command, **how)
        with live:
            store(live.folder, pages=12, pending=pending)
            live.opened()
            if end is not None:
                live.end(*end)
        return live

    def store(self, live: LiveJob, **numbers: Any) -> None:
        store(live.folder, **numbers)

    def states(self) -> dict[str, str]:
        return {job.name: job.state.value for job in self.jobs.jobs()}


def store(folder: Path, *, pages: int, pending: int, items: int = 7, cuts: dict[str, Any] | None = None) -> None:
    """Write a frontier's file with these numbers."""
    meta = {} if cuts is None else {"cuts": dump_value(cuts)}

    async def write() -> None:
        kept = Store(folder / "frontier.db")
        opened = await kept.open()
        rows = [Row(opened.highest + n, opened.highest + n, 1, 0, b"") for n in range(1, pending + 1)]
        changes = Changes(rows=rows, seen=[row.identity for row in rows])
        await kept.commit(opened.checkpoint + 1, changes, meta, {"pages": pages, "items": items})
        await kept.close(clean=True)

    asyncio.run(write())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path.resolve())


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let one function of ``os`` fail from now on, as on a full disk."""

    def fill(name: str) -> None:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(os, name, fail)

    return fill
