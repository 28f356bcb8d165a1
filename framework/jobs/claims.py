"""Whose the files are that feeds begin while a crawl runs.

Place in the flow: ``owning`` asks and marks what a command names, before the crawl; the name of a batch or a time is
known only when a feed begins the file, and then the feed asks here (``framework.feeds.claims``), by the same marks.
"""

from __future__ import annotations

import os
from pathlib import Path

from .begun import begun, is_own_mark, note_begun
from .marks import SOMEBODY, mark_path, marking, read_mark, write_mark
from .owning import refuse_marked
from .record import Record, read_record


class FileClaims:
    """Claims files for one crawl (a ``framework.feeds.claims.Claims``).

    Args:
        folder: the job's; ``None`` for a crawl that is no job, which marks nothing and is refused what others marked.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        self._known: tuple[Record, dict[str, int | None]] | None = None

    def take(self, path: Path) -> None:
        """Mark a file as this crawl's, durable when this returns; again is nothing.

        Raises:
            UsageError: it belongs to another unfinished job.
            JobError: the crawl's own job cannot be read.
            OSError: it cannot be noted in the job's folder.
        """
        place = os.path.realpath(path)
        if place in self._taken or (os.path.exists(place) and not os.path.isfile(place)):
            return
        if self._folder is None:
            refuse_marked(place, place, place)
        else:
            self._mark(place, self._folder)
        self._taken.add(place)

    def _mark(self, place: str, folder: Path) -> None:
        path = mark_path(place, place)
        record, files = self._job(folder)
        with marking(path.parent) as is_there:
            mark = read_mark(path)
            if mark is None or not is_own_mark(mark, record.id, folder):
                refuse_marked(place, place, place, frozenset({folder}))
                if not is_there or not write_mark(path, record, folder):
                    return
        if place not in record.marked and files.get(place, 0) is not None:
            note_begun(folder, place)
            files[place] = None

    def lost_to(self, path: Path) -> str:
        """Return who has written to a file since this job had marked it; ``""`` where nobody has."""
        if self._folder is None:
            return ""
        place = os.path.realpath(path)
        mark_at = mark_path(place, place)
        record, files = self._job(self._folder)
        mark = read_mark(mark_at)
        if mark is not None:
            return "" if is_own_mark(mark, record.id, self._folder) else f"job {mark.name} ({mark.folders[-1]})"
        if place not in files or not os.path.exists(place):
            return ""
        size_bytes = files[place]
        if size_bytes is None:
            return f"{SOMEBODY} (its mark {mark_at} is gone)"
        return SOMEBODY if os.stat(place).st_size > size_bytes else ""

    def _job(self, folder: Path) -> tuple[Record, dict[str, int | None]]:
        if self._known is None:
            self._known = read_record(folder), begun(folder)
        return self._known
