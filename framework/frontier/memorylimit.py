"""How many requests and hosts may be in memory, from the memory that the crawl may use.

Place in the flow: ``crawler.py`` asks once, when it builds the frontier. The limit is the setting ``MEMORY_LIMIT``, or
that of the container (cgroup version 2 or 1), or 1,024 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

MB: Final = 1_000_000
DEFAULT_LIMIT_BYTES: Final = 1024 * MB
CGROUP_FILES: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

_PROCESS_BYTES: Final = 160 * MB
"""What a crawl needs beside its backlog: interpreter, libraries, responses in flight, the store's cache, filters."""
_ENTRY_BYTES: Final = 2_500
"""Of a pending request, with its host, some meta, and its share of what awaits a checkpoint."""
_SHARE: Final = 0.5
"""Of the rest, for the backlog: filters grow with what was seen, and freed memory does not come back at once."""
_FEWEST: Final = 1_000
_MOST: Final = 100_000
_ENDLESS_BYTES: Final = 1 << 60
"""What cgroup version 1 says of a group without a limit is above this."""


def memory_limit_bytes(limit_mb: int | None, cgroup_files: Sequence[Path] = CGROUP_FILES) -> int:
    """Return the memory that the crawl should stay under.

    Args:
        limit_mb: the setting ``MEMORY_LIMIT``; ``None`` asks the container.
        cgroup_files: where the container's limit is told, the first that tells one counts.
    """
    if limit_mb is not None:
        return limit_mb * MB
    for file in cgroup_files:
        try:
            limit_bytes = int(file.read_text("ascii"))
        except (OSError, ValueError):  # not there, or "max"
            continue
        if 0 < limit_bytes < _ENDLESS_BYTES:
            return limit_bytes
    return DEFAULT_LIMIT_BYTES


def in_memory_max(limit_bytes: int) -> int:
    """Return how many pending requests and hosts may be in memory under a limit."""
    room_bytes = int((limit_bytes - _PROCESS_BYTES) * _SHARE)
    return min(_MOST, max(_FEWEST, room_bytes // _ENTRY_BYTES))
