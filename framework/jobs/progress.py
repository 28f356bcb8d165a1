"""How far a job has come, read from its file without disturbing who works on it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework import jobfiles
from framework.exceptions import CrawlError
from framework.frontier.store import StoreReader
from framework.http.stored import load_value

from .record import read_record


@dataclass(frozen=True, slots=True)
class Progress:
    """A job in numbers, as its last checkpoint has them.

    Attributes:
        pages: requests that ended with a page.
        pending: requests that wait.
        items: items delivered.
        failed: requests that failed.
    """

    pages: int = 0
    pending: int = 0
    items: int = 0
    failed: int = 0

    def __str__(self) -> str:
        pages = "1 page" if self.pages == 1 else f"{self.pages:,} pages"
        return f"{pages} done, {self.pending:,} pending"


def progress_of(folder: Path) -> Progress | None:
    """Return how far the job in ``folder`` has come; ``None`` where its file cannot be read."""
    path = folder / jobfiles.STORE
    if not path.exists():
        return Progress()
    try:
        with StoreReader(path) as reader:
            books = reader.books()
    except CrawlError:
        return None
    counts = books.counts
    return Progress(counts.get("pages", 0), books.sums["rows"].count, counts.get("items", 0), counts.get("failed", 0))


def is_exhausted(folder: Path) -> bool:
    """Say whether nothing is left of the job in ``folder``: ``start()`` is through, and no request waits."""
    try:
        with StoreReader(folder / jobfiles.STORE) as reader:
            started = reader.meta().get("started")
            return started is not None and bool(load_value(started)) and reader.books().sums["rows"].count == 0
    except CrawlError:
        return False


def cuts_of(folder: Path) -> dict[str, Any]:
    """Return where the outputs of the job in ``folder`` end by its last checkpoint: a sink's name to its cut.

    Nothing but that is read, so a job that cannot be gone on with has cuts too.

    Raises:
        CrawlError: its file is damaged, or gone.
    """
    path = folder / jobfiles.STORE
    if not path.exists() and not read_record(folder).is_stored:
        return {}
    with StoreReader(path) as reader:
        meta = reader.meta()
    cuts: dict[str, Any] = load_value(meta["cuts"]) if "cuts" in meta else {}
    return cuts


def size_of(folder: Path) -> int:
    """Return the bytes that a job takes on disk; files that go away meanwhile count nothing."""
    size_bytes = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            size_bytes += path.stat().st_size if path.is_file() else 0
    return size_bytes
