"""The shop's own record of what it was asked: the oracle that tests compare a crawler against.

An entry is added when a request *arrives*, so that one which is never answered is there too, and completed when its
answer is known. Entries may be read from another thread while the shop serves.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, TextIO

from framework.fastjson import orjson

RawHeaders = tuple[tuple[bytes, bytes], ...]

_HEADER_PAIRS_SHARED: Final = 20_000


class LogEntry:
    """One request that the shop saw.

    `at` is wall time (`time.time()`), `monotonic_at` and `ended_at` are `time.perf_counter()`, all in seconds;
    `ended_at` is 0.0 while the request is open. `path` is the raw target with its query, `host` the Host header.
    `status` is 0 until an answer begins, for good when none does. `body_bytes` counts the body sent, as sent.
    """

    __slots__ = (
        "at",
        "body_bytes",
        "ended_at",
        "host",
        "method",
        "monotonic_at",
        "path",
        "peer",
        "raw_headers",
        "status",
    )

    def __init__(self, method: str, path: str, raw_headers: RawHeaders) -> None:
        self.method = method
        self.path = path
        self.raw_headers = raw_headers
        self.host = ""
        self.peer: tuple[str, int] | None = None
        self.at = 0.0
        self.monotonic_at = 0.0
        self.ended_at = 0.0
        self.status = 0
        self.body_bytes = 0

    def __repr__(self) -> str:
        return f"<{self.method} {self.host}{self.path} {self.status}>"

    @property
    def remote(self) -> str:
        """The client's address, without its port."""
        return self.peer[0] if self.peer else ""

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case; repeated ones are joined by a comma and a space."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.raw_headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", "surrogateescape")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def to_dict(self) -> dict[str, Any]:
        """Give the entry as it stands in the log file."""
        return {
            "at": self.at,
            "monotonic_at": self.monotonic_at,
            "ended_at": self.ended_at,
            "method": self.method,
            "path": self.path,
            "host": self.host,
            "remote": self.remote,
            "status": self.status,
            "body_bytes": self.body_bytes,
            "headers": {k: v.encode("utf-8", "replace").decode() for k, v in self.headers.items()},
        }


class RequestLog:
    """Every request that the shop saw, in the order of arrival."""

    def __init__(self) -> None:
        self._entries: list[LogEntry] = []
        self._pairs: dict[tuple[bytes, bytes], tuple[bytes, bytes]] = {}
        self._file: TextIO | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self._entries.copy())

    def __getitem__(self, index: int) -> LogEntry:
        return self._entries[index]

    def __repr__(self) -> str:
        return f"<RequestLog of {len(self)} requests>"

    def add(self, entry: LogEntry) -> None:
        """Record a request that has arrived; header lines that were seen before are shared, not kept again."""
        pairs = self._pairs
        if len(pairs) > _HEADER_PAIRS_SHARED:
            pairs.clear()
        entry.raw_headers = tuple([pairs.setdefault(pair, pair) for pair in entry.raw_headers])
        self._entries.append(entry)

    def end(self, entry: LogEntry, ended_at: float) -> None:
        """Record that a request's answer is done, and write its line if there is a log file."""
        entry.ended_at = ended_at
        if self._file is not None:
            self._file.write(orjson.dumps(entry.to_dict()).decode() + "\n")

    def open_file(self, path: str) -> None:
        """Write each request from now on as a line of JSON, at the end of this file; a line is out once written."""
        self._file = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by close_file

    def close_file(self) -> None:
        """Close the log file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def clear(self) -> None:
        """Forget every entry."""
        self._entries.clear()

    def paths(self, host: str | None = None) -> list[str]:
        """Give the targets (with query) in the order of arrival, of one Host header or of all."""
        return [entry.path for entry in self._of(host)]

    def count(self, prefix: str = "") -> int:
        """Count the requests whose target is `prefix` or starts with it."""
        return sum(entry.path.startswith(prefix) for entry in self)

    def between(self, host: str | None = None) -> list[float]:
        """Give the seconds between each two neighbouring arrivals at a host (as in its Host header), or at all."""
        times = sorted(entry.monotonic_at for entry in self._of(host))
        return [later - earlier for earlier, later in pairwise(times)]

    def smallest_gap(self, host: str | None = None) -> float:
        """Give the smallest of `between`, in seconds; infinity when there are fewer than two requests."""
        return min(self.between(host), default=float("inf"))

    def peak_concurrency(self, host: str | None = None) -> int:
        """Give the largest number of requests of a host, or of all, that were open at one moment."""
        changes = [(entry.monotonic_at, 1) for entry in self._of(host)]
        changes += [(entry.ended_at, -1) for entry in self._of(host) if entry.ended_at]
        open_now = peak = 0
        for _, change in sorted(changes):
            open_now += change
            peak = max(peak, open_now)
        return peak

    def _of(self, host: str | None) -> list[LogEntry]:
        return [entry for entry in self if host is None or entry.host == host]
