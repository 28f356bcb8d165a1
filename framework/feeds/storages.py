"""Where a feed's bytes go: a file on this machine, or standard output.

Place in the flow: chosen by the URI's scheme through ``FEED_STORAGES``. A storage hands out a file to write to and
takes it back at the end; this is the shape of Scrapy's storages, so that those of others fit.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from .uris import path_of

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]


class FeedStorage(Protocol):
    """A place for feeds. It is built as ``Storage(uri, feed_options=options)``, or by ``from_crawler``.

    A storage whose ``open`` returns an ``io.FileIO`` of a regular file is written in place and cut back after a crash.
    To any other the feed is written as a stream, in which items may come twice after a crash.
    """

    def open(self, spider: Any) -> BinaryIO:
        """Return a binary file to write to; it blocks, and is called in a thread."""
        ...

    def store(self, file: BinaryIO) -> Any:
        """Take the finished file (upload it, close it); it blocks, and is called in a thread."""
        ...


class FileFeedStorage:
    """A file, named by a path or a ``file://`` URI. Its folders are made.

    Args:
        uri: the path or URI, without placeholders.
        feed_options: the options of the feed.

    Raises:
        SettingsError: the URI names no file of this machine.
    """

    def __init__(self, uri: str, *, feed_options: Mapping[str, Any] | None = None) -> None:
        self.path: Path = path_of(uri)
        self.feed_options = feed_options

    def open(self, spider: Any) -> BinaryIO:
        """Open the file for reading and writing, without changing it; make it where it is missing.

        Until it is closed it is locked: a second crawl that wrote to it would destroy the items of the first.

        Raises:
            OSError: it cannot be made or written, or another crawl is writing it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        # Unbuffered: what is written is in the kernel's hands, and a failed write leaves nothing behind in Python.
        return io.FileIO(descriptor, "r+")

    def store(self, file: BinaryIO) -> None:
        """Close the file."""
        file.close()


def _lock(descriptor: int) -> None:
    if fcntl is None or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return  # a pipe or device takes many writers
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(errno.EBUSY, "another crawl is writing it") from error
    except OSError:
        return  # a file system without locks, such as some network folders


class StdoutFeedStorage:
    """Standard output, named ``-`` or ``stdout:``. After a crash, items may be printed again.

    Args:
        uri: ``-`` or ``stdout:``.
        feed_options: the options of the feed.
    """

    def __init__(
        self, uri: str = "-", _stdout: BinaryIO | None = None, *, feed_options: Mapping[str, Any] | None = None
    ) -> None:
        self._stdout = _stdout
        self.feed_options = feed_options

    def open(self, spider: Any) -> BinaryIO:
        """Return standard output.

        Raises:
            OSError: this process was started without one.
        """
        if self._stdout is not None:
            return self._stdout
        if sys.stdout is None:
            raise OSError(errno.EBADF, "it is closed")
        return sys.stdout.buffer

    def store(self, file: BinaryIO) -> None:
        """Write out what is buffered; standard output stays open."""
        file.flush()
