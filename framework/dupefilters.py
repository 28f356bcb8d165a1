"""Scrapy's duplicate filters, for ``DUPEFILTER_CLASS``.

By default the frontier's seen-set (``SEEN``) finds duplicates. A ``RFPDupeFilter`` whose fingerprints alone are changed
goes on using it; a class that decides for itself is asked about each request without ``dont_filter`` instead.

Place in the flow: ``crawler.py`` builds the class, asks :func:`roles_of` what it is for, and gives what decides for
itself to the frontier (``frontier.seen.own``).
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from framework.exceptions import DamagedJob, StoreError
from framework.http import Request
from framework.http.fingerprint import RequestFingerprinter

_FILE_NAME = "requests.seen"


class BaseDupeFilter:
    """Filters nothing: with it every request is fetched, however often it was before."""

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Build it for a crawl."""
        return cls()

    def request_seen(self, request: Request) -> bool:
        """Say whether the request is a duplicate: never."""
        return False

    def open(self) -> Any:
        """Get ready; may be a coroutine function."""

    def close(self, reason: str) -> Any:
        """End with the crawl; may be a coroutine function."""

    def log(self, request: Request, spider: Any) -> None:
        """Tell of a duplicate. The engine logs and counts them in any case."""


class RFPDupeFilter(BaseDupeFilter):
    """Filters requests whose fingerprint came before.

    A subclass may change ``request_fingerprint`` (or give ``__init__`` another fingerprinter), or ``request_seen``.
    What it remembers survives with the job: new fingerprints are appended to ``requests.seen`` in the job's folder, in
    a thread; a checkpoint stores how long the synced file is, and itself holds what is not in it yet.

    Args:
        path: folder of the file; ``None``: nothing is stored.
        debug: kept for subclasses; the engine obeys ``DUPEFILTER_DEBUG``.
        fingerprinter: says which requests are the same; default: as ``REQUEST_FINGERPRINTER_CLASS`` by default.
    """

    def __init__(self, path: str | None = None, debug: bool = False, *, fingerprinter: Any = None) -> None:
        self.path = path
        self.debug = debug
        self.fingerprinter = RequestFingerprinter() if fingerprinter is None else fingerprinter
        self.fingerprints: set[str] = set()
        self._unstored: list[str] = []
        self._stored_bytes = 0
        self._writer: ThreadPoolExecutor | None = None
        self._writing: tuple[Future[int], int] | None = None

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Build it for a crawl, with its fingerprinter, and its folder where ``JOBDIR`` names one."""
        settings = crawler.settings
        return cls(
            settings.get("JOBDIR"), settings.getbool("DUPEFILTER_DEBUG"), fingerprinter=crawler.request_fingerprinter
        )

    def request_fingerprint(self, request: Request) -> str:
        """Give the text that is the same for requests that are the same."""
        fingerprint: bytes = self.fingerprinter.fingerprint(request)
        return fingerprint.hex()

    def request_seen(self, request: Request) -> bool:
        """Say whether the request's fingerprint came before, and remember it."""
        fingerprint = self.request_fingerprint(request)
        if fingerprint in self.fingerprints:
            return True
        self.fingerprints.add(fingerprint)
        if self.path is not None:
            self._unstored.append(fingerprint)
        return False

    # -- across a stop (protocols.Stateful) ------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any] | None:
        """Return what the checkpoint stores: the length of the file in bytes, and the lines that are to come behind it.

        Raises:
            StoreError: the file cannot be written; nothing is lost by that.
        """
        if self.path is None:
            return None
        self._take_written()
        lines = "".join(f"{fingerprint}\n" for fingerprint in self._unstored)
        snapshot = {"bytes": self._stored_bytes, "lines": lines}
        if lines and self._writing is None:
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, "dupefilter")
            written = self._writer.submit(_write_at, self._file, self._stored_bytes, lines.encode())
            self._writing = written, len(self._unstored)
        return snapshot

    def _take_written(self) -> None:
        """Count what the thread has written and synced by now."""
        if self._writing is None or not self._writing[0].done():
            return
        (written, count), self._writing = self._writing, None
        try:
            self._stored_bytes = written.result()
        except OSError as error:
            msg = f"{self._file}: the fingerprints of DUPEFILTER_CLASS cannot be stored: {error}; mend it, then resume"
            raise StoreError(msg) from error
        del self._unstored[:count]

    def restore(self, snapshot: dict[str, Any] | None) -> None:
        """Remember what the checkpoint held.

        Raises:
            DamagedJob: the file is missing or shorter.
        """
        if snapshot is None or self.path is None:
            return
        size = snapshot["bytes"]
        data = b""
        if size:
            with contextlib.suppress(FileNotFoundError):  # told below
                data = self._file.read_bytes()[:size]
        if len(data) < size:
            msg = (
                f"{self._file} has {len(data)} bytes and must have {size}: it was cut or removed since the last "
                "checkpoint; restore it from a copy, or start a new job (fwk crawl --new)"
            )
            raise DamagedJob(msg)
        self._unstored = snapshot["lines"].splitlines()
        self.fingerprints.update(data.decode().splitlines(), self._unstored)
        self._stored_bytes = size

    @property
    def _file(self) -> Path:
        return Path(str(self.path), _FILE_NAME)


def _write_at(file: Path, offset_bytes: int, data: bytes) -> int:
    """Write and sync; return the new length. What stood behind the offset is in ``data``, or in no checkpoint."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with open(descriptor, "r+b") as stream:
        stream.truncate(offset_bytes)
        stream.seek(offset_bytes)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return offset_bytes + len(data)


class _Fingerprints:
    """The fingerprints of a dupefilter, for the frontier."""

    def __init__(self, dupefilter: RFPDupeFilter) -> None:
        self._dupefilter = dupefilter

    def fingerprint(self, request: Request) -> bytes:
        """Give what the dupefilter's own method gives; bytes of any length."""
        text: Any = self._dupefilter.request_fingerprint(request)
        return text if isinstance(text, bytes) else str(text).encode()


_DECIDES = ("request_seen", "log", "open", "close")


def roles_of(dupefilter: Any, fingerprinter: Any) -> tuple[Any, Any | None]:
    """Say what a ``DUPEFILTER_CLASS`` is for: ``(fingerprinter for the frontier, filter to ask or None)``.

    Args:
        dupefilter: built from the setting.
        fingerprinter: of ``REQUEST_FINGERPRINTER_CLASS``.
    """
    kind = type(dupefilter)
    if not isinstance(dupefilter, RFPDupeFilter) or any(
        getattr(kind, name) is not getattr(RFPDupeFilter, name) for name in _DECIDES
    ):
        return fingerprinter, dupefilter
    if kind.request_fingerprint is RFPDupeFilter.request_fingerprint:
        return dupefilter.fingerprinter, None
    return _Fingerprints(dupefilter), None
