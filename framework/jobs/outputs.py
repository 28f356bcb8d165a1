"""Which of a job's output files are still its own.

Place in the flow: a job that is given up, or that goes on in other files, leaves in its old ones what it has committed:
the crawler cuts them back, but only those that are named here as its own. One that another job has taken over holds
that job's items behind ours, and is never opened; so does one that has grown since the job had closed it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from framework.feeds.uris import path_of, scheme_of

from .errors import JobError
from .key import place_of
from .marks import SOMEBODY, lost_marks
from .record import Record, read_record

_FEED = "feed "
"""What the name of a feed's sink has before its URI."""


def own_outputs(folder: Path) -> Callable[[str], bool]:
    """Return what says of a sink, by its name, whether the job in ``folder`` may cut that output back.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no job.
        JobError: its record is damaged.
    """
    record = read_record(folder)
    for place, output in record.outputs.items():
        # The position in it is stored under the name that it had.
        if place not in record.taken and is_moved(output["uri"], place):
            msg = f"job {record.name} was moved and writes {output['uri']} by its absolute name, which is {place} now"
            raise JobError(msg)
    others = {*record.taken, *grown(record), *lost_marks(record)}

    def is_own(name: str) -> bool:
        is_feed = name.startswith(_FEED)
        place = place_of(name.removeprefix(_FEED))[0] if is_feed else name
        return place not in others and (place in record.outputs or not is_feed)

    return is_own


def is_moved(uri: str, place: str) -> bool:
    """Say whether an output that was called ``uri`` by its absolute name is a file at another place now."""
    return scheme_of(uri) == "file" and path_of(uri).is_absolute() and place_of(uri)[0] != place


def places_of(files: Mapping[str, Path]) -> dict[str, tuple[str, int]]:
    """Return what is to be remembered of output files that were closed: place to file and length in bytes.

    Args:
        files: a feed's URI to its file.
    """
    found = {}
    for uri, path in files.items():
        with contextlib.suppress(OSError):
            file = os.path.realpath(path)
            if os.path.isfile(file):
                found[place_of(uri)[0]] = file, os.stat(file).st_size
    return found


def grown(record: Record) -> dict[str, int]:
    """Return the files that something else has written to since the job had closed them: place to bytes more.

    What was closed in good order was cut back then: to cut it again would only take away what is not the job's.
    """
    found = {}
    for place, (file, size_bytes) in record.closed.items():
        with contextlib.suppress(OSError):
            more_bytes = os.stat(file).st_size - size_bytes
            if more_bytes > 0:
                found[place] = more_bytes
    return found


def closed_files(record: Record) -> dict[str, list[Any]]:
    """Return the files of a job that is given up, as it leaves them: place to file and length in bytes."""
    found: dict[str, list[Any]] = {}
    for place, output in record.outputs.items():
        if output.get("file") == place and place not in record.taken:
            with contextlib.suppress(OSError):
                found[place] = record.closed.get(place) or [place, os.stat(place).st_size]
    return found


def others_lines(record: Record, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the files that a job leaves for those in ``outputs``, and others have written to: place to who did."""
    found = {**dict.fromkeys(grown(record), SOMEBODY), **lost_marks(record)}
    return {place: who for place, who in found.items() if place not in outputs and place not in record.taken}


def earlier_outputs(record: Record, outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the outputs in which a job has written and does not go on, and which are its own still.

    Args:
        record: as it was before this run, with what others have taken over.
        outputs: those of this run.
    """
    before = {**record.earlier, **record.outputs}
    others = {*outputs, *record.taken}
    return {place: output for place, output in before.items() if output.get("file") and place not in others}
