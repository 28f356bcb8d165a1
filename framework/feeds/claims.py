"""What a feed asks before it touches a file of this machine: whether the file may be this crawl's.

Place in the flow: who keeps the jobs answers (``jobs.FileClaims``); a feed asks when it begins a file, whose name is
final then, and when it goes on in one or takes one back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Claims(Protocol):
    """Whose output files are."""

    def take(self, path: Path) -> None:
        """Mark a file as this crawl's, durable when this returns, before anything is written to it; again is nothing.

        Raises:
            CrawlError: it belongs to an unfinished job.
            OSError: it cannot be noted that the file is marked.
        """

    def lost_to(self, path: Path) -> str:
        """Return who has written to a file since this crawl had marked it; ``""`` where nobody has."""


class NoClaims:
    """For feeds that are built without jobs: every file may be written."""

    def take(self, path: Path) -> None:
        """Let the file be written."""

    def lost_to(self, path: Path) -> str:
        """Say that nobody has written to it."""
        return ""
