"""One feed as a sink: items go into memory as they come, and to the file with each checkpoint.

Place in the flow: ``hand`` and ``seal`` run in the engine's loop and never touch the file; ``open``, ``write`` and
``close`` do their file work in a thread. The cut that ``seal`` returns is stored with the checkpoint; after a crash
``open`` cuts the file back to it.

Invariants: a byte is in the exporter's buffer, or in a sealed piece, or in the file, and leaves each only for the next;
a piece that could not be written stays sealed. The file ends at the end of an item, or of a header or footer.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework import signals
from framework.exceptions import ExportError
from framework.protocols import Crawler

from .continuation import Continuation, find_continuation
from .options import Feed
from .outputs import FileOutput, StreamOutput, export_error, output_for

logger = logging.getLogger(__name__)

_FAILURES_TOLD = 10


class FeedRound:
    """The feeds of one crawl that are open; the last one to close says so by signal."""

    __slots__ = ("open_feeds",)

    def __init__(self) -> None:
        self.open_feeds = 0


class FeedSink:
    """One output of items (a ``framework.protocols.Sink``).

    Args:
        feed: the options.
        uri: where to write, placeholders filled in.
        make_storage: builds the storage for a URI.
        make_exporter: builds the exporter for a binary file.
        accepts: says whether the feed takes an item; ``None`` for all.
        crawler: for its spider, stats and signals.
        feeds: shared by the feeds of the crawl.
        durable: sync the file with each write.

    Attributes:
        name: under which the cut is stored.
        uri: where the feed is written.
        path: the file, or ``None`` where it is none.
        item_count: items in the feed, those of the earlier runs of this job included.
        written_count: those of them that the output has taken.
        failed_count: items that could not be written in this format.
    """

    def __init__(  # noqa: PLR0913 - built in one place, from settings
        self,
        feed: Feed,
        uri: str,
        *,
        make_storage: Callable[[str], Any],
        make_exporter: Callable[[io.BytesIO], Any],
        accepts: Callable[[Any], bool] | None,
        crawler: Crawler,
        feeds: FeedRound,
        durable: bool = False,
    ) -> None:
        self.name = f"feed {feed.uri}"
        self.feed = feed
        self.uri = uri
        self.item_count = 0
        self.written_count = 0
        self.failed_count = 0
        self.durable = durable
        self._make_storage = make_storage
        self.storage: Any = make_storage(uri)
        self._buffer = io.BytesIO()
        self.exporter: Any = make_exporter(self._buffer)
        self._accepts = accepts
        self._crawler = crawler
        self._feeds = feeds
        self._output: FileOutput | StreamOutput | None = None
        self._sealed: deque[tuple[int, bytes]] = deque()
        self._offset = 0
        self._began_at = 0
        # A file that an earlier crawl finished is left as it is until there is something to add.
        self._is_complete = False
        self._writing = threading.Lock()

    def __repr__(self) -> str:
        return f"<FeedSink {self.uri} ({self.feed.format}): {self.item_count} items, {self._offset} bytes>"

    @property
    def format(self) -> str:
        """The name of the feed's format."""
        return self.feed.format

    @property
    def itemcount(self) -> int:
        """The same as ``item_count``, as handlers of ``feed_slot_closed`` know it from Scrapy."""
        return self.item_count

    @property
    def path(self) -> Path | None:
        """The file that is written."""
        path = getattr(self.storage, "path", None)
        return path if isinstance(path, Path) else None

    async def open(self, cut: Any) -> None:
        """Open the output, and begin it or go on in it.

        Args:
            cut: where an earlier run of this job ended, as ``seal`` returned it; ``None`` at a new job.

        Raises:
            ExportError: the output cannot be written, is shorter than the cut, or cannot be continued.
        """
        if cut and cut.get("uri", self.uri) != self.uri:
            # The job began under this name; its time, for one, is that of its first run.
            self.uri = cut["uri"]
            self.storage = self._make_storage(self.uri)
        await asyncio.to_thread(self._open_output, cut)
        self._feeds.open_feeds += 1

    def _open_output(self, cut: dict[str, Any] | None) -> None:
        shown = str(self.path or ("standard output" if self.uri in ("-", "stdout:") else self.uri))
        if cut and cut["offset"] and self.path is not None and not self.path.exists():
            msg = f"the output {shown} is gone, but this job wrote to it; put it back, or start a new job"
            raise ExportError(msg)
        is_new = self.path is not None and not self.path.exists()
        try:
            file = self.storage.open(self._crawler.spider)
            self._output = output_for(file, shown, durable=self.durable)
            if is_new and self.durable and self.path is not None:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise export_error("open", shown, error) from error
        try:
            self._begin(self._output, cut)
        except ExportError:
            self._output = None
            file.close()
            raise

    def _begin(self, output: FileOutput | StreamOutput, cut: dict[str, Any] | None) -> None:
        if cut:
            output.cut(cut["offset"])
            self._offset, self._began_at, self.item_count = cut["offset"], cut["began_at"], cut["items"]
            self.written_count = self.item_count
            if cut["offset"]:
                self._continue(cut["position"])
            else:
                self.exporter.start_exporting()
            return
        if isinstance(output, FileOutput) and self.feed.overwrite:
            output.cut(0)
        if isinstance(output, FileOutput) and output.offset:
            found = find_continuation(output, self.exporter)
            self._continue_finished(output, found)
        else:
            self.exporter.start_exporting()
        self._began_at = self._offset

    def _continue_finished(self, output: FileOutput, found: Continuation) -> None:
        self._offset = output.offset = found.offset
        self._buffer.write(found.prefix)
        if found.position is None:
            self.exporter.start_exporting()
        else:
            self._is_complete = True
            self._continue(found.position)

    def _continue(self, position: Mapping[str, Any]) -> None:
        go_on = getattr(self.exporter, "continue_exporting", None)
        if go_on is None:
            self.exporter.start_exporting()
        else:
            go_on(position)

    def hand(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Write the items of one visit into memory.

        An item that cannot be written in this format is logged, counted and left out; the others are written.
        """
        buffer, accepts, export = self._buffer, self._accepts, self.exporter.export_item
        for _, item in items:
            before = buffer.tell()
            try:
                if accepts is not None and not accepts(item):
                    continue
                export(item)
            except Exception as error:
                buffer.seek(before)
                buffer.truncate()
                self._tell_failure(error)
            else:
                self.item_count += 1

    def _tell_failure(self, error: Exception) -> None:
        self.failed_count += 1
        self._crawler.stats.inc_value("feedexport/failed_item_count")
        if self.failed_count > _FAILURES_TOLD:
            return
        trace = None if isinstance(error, ExportError) else error
        logger.error("An item is not in %s: %s", self.uri, error, exc_info=trace)
        if self.failed_count == _FAILURES_TOLD:
            logger.error("More items that cannot be written to %s are counted without a line each", self.uri)

    def seal(self) -> dict[str, Any]:
        """Close what was handed over so far.

        Returns:
            The cut, of JSON types: offset in bytes, items, URI, and what the exporter must know to go on.
        """
        # A header alone is held back where a feed without items is not wanted.
        if (self.item_count or self.feed.store_empty) and (data := self._buffer.getvalue()):
            self._buffer.seek(0)
            self._buffer.truncate()
            self._offset += len(data)
            self._sealed.append((self._offset, data))
        position = getattr(self.exporter, "position", None)
        return {
            "offset": self._offset,
            "items": self.item_count,
            "uri": self.uri,
            "began_at": self._began_at,
            "position": {} if position is None else position(),
        }

    async def write(self, cut: Any) -> None:
        """Write what was sealed up to ``cut``, and sync it where the sink is durable.

        Raises:
            ExportError: the disk is full or broken; nothing is lost, and writing again goes on where it ended.
        """
        offset, output = cut["offset"], self._output
        if output is not None and self._sealed and self._sealed[0][0] <= offset:
            await asyncio.to_thread(self._write_sealed, output, offset)
            self.written_count = cut["items"]

    def _write_sealed(self, output: FileOutput | StreamOutput, offset: int) -> None:
        # The lock and the removal here, in the thread, hold even when the waiting coroutine was cancelled.
        with self._writing:
            pieces = [piece for piece in list(self._sealed) if piece[0] <= offset]
            output.append(b"".join(data for _, data in pieces))
            for _ in pieces:
                self._sealed.popleft()

    async def close(self) -> None:
        """Write the footer and everything that is still in memory, and close the output.

        Raises:
            ExportError: something could not be written.
        """
        if self._output is None:
            return
        kind = type(self.storage).__name__
        try:
            await self._finish(self._output)
        except BaseException:
            self._crawler.stats.inc_value(f"feedexport/failed_count/{kind}")
            raise
        else:
            self._crawler.stats.inc_value(f"feedexport/success_count/{kind}")
            logger.info("Stored %s feed (%d items) in: %s", self.format, self.item_count, self.uri)
        finally:
            self._output = None
            await self._tell_closed()

    async def _finish(self, output: FileOutput | StreamOutput) -> None:
        is_empty = self.item_count == 0
        is_unwanted = is_empty and not self.feed.store_empty and self._began_at == 0
        try:
            if not is_unwanted and not (self._is_complete and is_empty):
                self.exporter.finish_exporting()
                await self.write(self.seal())
        finally:
            stored = await asyncio.to_thread(self.storage.store, output.file)
            if inspect.isawaitable(stored):
                await stored
        if is_unwanted and self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(self.path.unlink)

    async def _tell_closed(self) -> None:
        send = self._crawler.signals.send_catch_log_async
        await send(signals.feed_slot_closed, slot=self)
        self._feeds.open_feeds -= 1
        if self._feeds.open_feeds == 0:
            await send(signals.feed_exporter_closed)


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
