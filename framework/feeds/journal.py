"""What a job's feed is about to begin: noted in the job's folder before a file is touched.

Place in the flow: the sink writes it in the thread, before the first byte of a file. After a crash the files of batches
that no checkpoint holds are known by it, and put back into the state in which the job found them.

The file is replaced as a whole, and carries a checksum.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from framework.exceptions import DamagedJob
from framework.jobfiles import FEED_JOURNALS
from framework.wholefile import sync_folder, write_whole


@dataclasses.dataclass(frozen=True, slots=True)
class Beginning:
    """One file that the job is about to write.

    Attributes:
        batch: the number of the batch, from 1.
        uri: where it is written.
        began_at: its length in bytes, without ``tail``, before the job wrote to it.
        existed: whether there was a file.
        tail: what stood behind ``began_at``: the footer of an earlier crawl. In Latin-1, as JSON has no bytes.
    """

    batch: int
    uri: str
    began_at: int
    existed: bool
    tail: str = ""


class Journal:
    """The beginnings of one feed that may be uncommitted.

    Args:
        folder: the folder of the job; ``None`` keeps nothing, for crawls that are not resumed.
        feed: the name of the feed.
        durable: sync what is written.
    """

    def __init__(self, folder: Path | None, feed: str, *, durable: bool = False) -> None:
        # A name on the disk need not be UTF-8: Python holds its other bytes as surrogates.
        digest = hashlib.blake2b(feed.encode(errors="surrogatepass"), digest_size=8).hexdigest()
        self.path = folder / FEED_JOURNALS / f"{digest}.json" if folder is not None else None
        self._feed = feed
        self._durable = durable
        self._noted: dict[int, Beginning] = {}

    def load(self) -> list[Beginning]:
        """Return what an earlier run of the job noted last.

        Raises:
            DamagedJob: the file is not as it was written.
        """
        if self.path is None:
            return []
        try:
            stored = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._damaged(str(error.strerror or error)) from error
        checksum, _, text = stored.partition(b"\n")
        if checksum != _checksum(text):
            raise self._damaged("its checksum is wrong")
        content: dict[str, Any] = json.loads(text)
        return [Beginning(**entry) for entry in content["begun"]]

    def add(self, beginnings: Iterable[Beginning]) -> None:
        """Note beginnings, besides those that may be uncommitted; none of earlier runs.

        Raises:
            OSError: the job's folder cannot be written.
        """
        new = {beginning.batch: beginning for beginning in beginnings if beginning.batch not in self._noted}
        if self.path is None or not new:
            return
        self._store(self.path, {**self._noted, **new})
        self._noted |= new

    def forget(self) -> None:
        """What was noted so far is committed: it need not be written again."""
        self._noted.clear()

    def clear(self) -> None:
        """Note that nothing is uncommitted; a failure does no harm, as undoing twice gives the same."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                self._store(self.path, {})

    def _store(self, path: Path, noted: Mapping[int, Beginning]) -> None:
        content = {"feed": self._feed, "begun": [dataclasses.asdict(beginning) for beginning in noted.values()]}
        text = json.dumps(content).encode()
        is_new = not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, _checksum(text) + b"\n" + text, durable=self._durable)
        if self._durable and is_new:
            sync_folder(path.parent.parent)

    def _damaged(self, why: str) -> DamagedJob:
        return DamagedJob(
            f"the job's file {self.path} ({self._feed}) is damaged: {why}; put it back, or start a new job (--new)"
        )


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)
