"""How far a job has come, read from its file without disturbing who works on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Progress:
    """A job in numbers.

    Attributes:
        pages: requests that ended with a page.
        pending: requests that wait.
        items: items delivered.
    """

    pages: int = 0
    pending: int = 0
    items: int = 0

    def __str__(self) -> str:
        pages = "1 page" if self.pages == 1 else f"{self.pages:,} pages"
        return f"{pages} done, {self.pending:,} pending"


def progress_of(folder: Path) -> Progress | None:
    """Return how far the job in ``folder`` has come; ``None`` where nothing can be read."""
    return Progress() if not (folder / "frontier.db").exists() else None


def size_of(folder: Path) -> int:
    """Return the bytes that a job takes on disk."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
