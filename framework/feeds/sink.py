"""One feed as a sink: items go into memory as they come, and to the file with each checkpoint.

Place in the flow: ``hand`` and ``seal`` run in the engine's loop and leave files to the others; ``open``, ``write`` and
``close`` do their file work in a thread. The cut that ``seal`` returns is stored with the checkpoint; after a crash
``open`` cuts the file back to it and removes the batches behind it.

Invariants: a byte is in a batch's buffer, or in a sealed piece, or in the file, and leaves each only for the next;
a piece that could not be written stays sealed. The file ends at the end of an item, or of a header or footer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from framework.exceptions import CrawlError, ExportError
from framework.protocols import Crawler

from .batch import Batch, remove_new, undo
from .journal import Journal
from .naming import Naming
from .options import Feed
from .round import FeedRound, FeedSlot, slot_of
from .writer import BatchWriter, close_file

logger = logging.getLogger(__name__)

_FAILURES_TOLD = 10
_FULL_BYTES = 32 << 20
_MANY_ITEMS = 1000
_EARLY_BYTES = 8 << 20


class FeedSink:
    """One output of items (a ``framework.protocols.Sink``).

    Args:
        feed: the options.
        naming: gives the name of each batch.
        make_batch: builds a batch of a number and a URI.
        accepts: says whether the feed takes an item; ``None`` for all.
        crawler: for its spider, stats and signals.
        feeds: shared by the feeds of the crawl.
        journal: knows what the job began with.

    Attributes:
        name: under which the cut is stored.
        item_count: items in the feed, those of the earlier runs of this job included.
        written_count: those of them that the output has taken.
        failed_count: items that could not be written in this format.
    """

    def __init__(  # noqa: PLR0913 - built in one place, from settings
        self,
        feed: Feed,
        naming: Naming,
        *,
        make_batch: Callable[[int, str], Batch],
        accepts: Callable[[Any], bool] | None,
        crawler: Crawler,
        feeds: FeedRound,
        journal: Journal,
    ) -> None:
        self.name = f"feed {feed.uri}"
        self.feed = feed
        self.item_count = 0
        self.written_count = 0
        self.failed_count = 0
        self._naming = naming
        self._make_batch = make_batch
        self._batch = make_batch(1, naming.uri(1))
        self._accepts = accepts
        self._crawler = crawler
        self._feeds = feeds
        self._journal = journal
        self._writer = BatchWriter(journal, crawler.spider, self._on_stored)
        self._is_open = False
        self._has_written = False
        self._is_given_up = False
        self._is_used = False
        # Batches that ended since the last seal, and those that are stored and will be told once they are committed.
        self._ending: list[FeedSlot] = []
        self._stored: list[FeedSlot] = []
        # Why no further batch can be begun; told by the next write, as an item's visit is not to blame.
        self._failure: Exception | None = None

    def __repr__(self) -> str:
        return f"<FeedSink {self.uri} ({self.feed.format}): {self.item_count} items, {self._batch.offset} bytes>"

    @property
    def format(self) -> str:
        """The name of the feed's format."""
        return self.feed.format

    @property
    def uri(self) -> str:
        """Where the feed is written; with batches, the last one."""
        return self._batch.uri

    @property
    def storage(self) -> Any:
        """What hands out the file."""
        return self._batch.storage

    @property
    def exporter(self) -> Any:
        """What writes the items."""
        return self._batch.exporter

    @property
    def path(self) -> Path | None:
        """The file that is written."""
        return self._batch.path

    @property
    def is_full(self) -> bool:
        """Whether so much is in memory that a checkpoint should be made now."""
        return self._batch.buffer.tell() + self._writer.size_bytes > _FULL_BYTES

    async def open(self, cut: Any) -> None:
        """Open the output, and begin it or go on in it.

        Args:
            cut: where an earlier run of this job ended, as ``seal`` returned it; ``None`` at a new job.

        Raises:
            ExportError: the output cannot be written, is shorter than the cut, or cannot be continued.
            DamagedJob: the journal is not as it was written.
        """
        await asyncio.to_thread(self._open, cut)
        self._is_open = True
        self._feeds.open_feeds += 1

    def _open(self, cut: dict[str, Any] | None) -> None:
        self.undo_behind(cut)
        if cut:
            self._is_used = True
            # The job began under this name; its time, for one, is that of its first run.
            self._naming.started = cut["time"]
            if (cut["batch"], cut["uri"]) != (self._batch.number, self.uri):
                self._batch = self._make_batch(cut["batch"], cut["uri"])
            self.item_count = self.written_count = cut["items"]
            self.failed_count = cut["failed"]
            # What ended in the last checkpoint was perhaps not told any more.
            self._stored = [slot_of(self._make_batch(number, uri), items) for number, uri, items in cut["ending"]]
        try:
            self._open_batch(self._batch, cut)
        except BaseException:
            close_file(self._batch)
            raise

    def _open_batch(self, batch: Batch, cut: dict[str, Any] | None) -> None:
        if cut:
            batch.go_on(cut, self._crawler.spider, is_given_up=self._is_given_up)
            return
        if batch.path is None or batch.path.exists():
            batch.open_output(self._crawler.spider)
        batch.begin()
        self._writer.prepare(batch)

    def undo_behind(self, cut: dict[str, Any] | None) -> None:
        """Put the files of batches behind ``cut`` back into the state in which the job found them.

        Raises:
            ExportError: one of them cannot be changed.
            DamagedJob: the journal is not as it was written.
        """
        last = cut["batch"] if cut else 0
        behind = [beginning for beginning in self._journal.load() if beginning.batch > last]
        for beginning in behind:
            batch = self._make_batch(beginning.batch, beginning.uri)
            undo(beginning, batch, self._crawler.spider)
        if behind:
            self._journal.clear()

    def hand(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Write the items of one visit into memory.

        An item that cannot be written in this format is logged, counted and left out; the others are written.
        """
        self._is_used = True
        if len(items) > _MANY_ITEMS:
            self._hand_many(identity, items)
            return
        if self.feed.batch_item_count:
            self._hand_to_batches(items)
            return
        batch, accepts = self._batch, self._accepts
        buffer, export, count = batch.buffer, batch.exporter.export_item, 0
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
                count += 1
        self.item_count += count
        batch.item_count += count

    def _hand_many(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Write the items of one visit that memory may have no room for: some of them to the file, before their cut.

        A crash cuts the file back to the last cut in any case. What goes wrong with the file is told by ``write``.
        """
        rest = iter(items)
        while chunk := list(islice(rest, _MANY_ITEMS)):
            self.hand(identity, chunk)
            if self._batch.buffer.tell() + self._writer.size_bytes > _EARLY_BYTES and self._failure is None:
                if not self._batch.is_ended:
                    self._writer.keep(self._batch, self._batch.take())
                with contextlib.suppress(CrawlError):
                    self._writer.write_early()

    def _hand_to_batches(self, items: Sequence[tuple[int, Any]]) -> None:
        for _, item in items:
            if self._failure is not None:
                return
            before = None
            try:
                if self._accepts is not None and not self._accepts(item):
                    continue
                if self._batch.is_ended and not self._begin_next():
                    return
                before = self._batch.buffer.tell()
                self._batch.exporter.export_item(item)
            except Exception as error:
                if before is not None:
                    self._batch.buffer.seek(before)
                    self._batch.buffer.truncate()
                self._tell_failure(error)
            else:
                self.item_count += 1
                self._batch.item_count += 1
                if self._batch.item_count >= self.feed.batch_item_count:
                    self._end()

    def _begin_next(self) -> bool:
        """Begin the next batch; a failure is kept for ``write``, which stops the crawl before anything is lost."""
        number = self._batch.number + 1
        try:
            uri = self._naming.uri(number)
            if uri == self.uri:
                msg = (
                    f"FEEDS[{self.feed.uri!r}]: batches {number - 1} and {number} are both called {uri}; put "
                    "%(batch_id)d into the name"
                )
                raise ExportError(msg)
            batch = self._make_batch(number, uri)
            batch.begin()
        except Exception as error:
            self._failure = error
            return False
        self._batch = batch
        return True

    def _end(self) -> None:
        """Seal the footer of a batch."""
        batch = self._batch
        try:
            batch.exporter.finish_exporting()
        except Exception as error:
            self._failure = error
            return
        batch.is_ended = True
        self._writer.keep(batch, batch.take(), is_last=True)
        self._ending.append(slot_of(batch))

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
            The cut, of JSON types: batch, offset in bytes, items, URI, and what the exporter must know to go on.
        """
        self._is_used = True
        if not self._batch.is_ended:
            self._writer.keep(self._batch, self._batch.take())
        ending, self._ending = self._ending, []
        return {
            **self._batch.cut(),
            "items": self.item_count,
            "failed": self.failed_count,
            "time": self._naming.started,
            "pieces": self._writer.piece_count,
            "ending": [[slot.batch_id, slot.uri, slot.itemcount] for slot in ending],
        }

    async def write(self, cut: Any) -> None:
        """Write what was sealed up to ``cut``, and sync it where the sink is durable.

        One checkpoint follows another: what was written before is committed now, and told.

        Raises:
            ExportError: the disk is full or broken; nothing is lost, and writing again goes on where it ended.
        """
        if self._failure is not None:
            if isinstance(self._failure, CrawlError):
                raise self._failure
            msg = f"the feed {self.feed.uri!r} cannot go on: {type(self._failure).__name__}: {self._failure}"
            raise ExportError(msg) from self._failure
        if self._has_written:
            self._journal.forget()
            await self._tell_stored()
        self._has_written = False
        await self._writer.write(cut["pieces"])
        self.written_count = cut["items"]
        self._has_written = True

    def _on_stored(self, batch: Batch) -> None:
        if self._is_given_up:
            return
        self._crawler.stats.inc_value(f"feedexport/success_count/{type(batch.storage).__name__}")
        logger.info("Stored %s feed (%d items) in: %s", self.format, batch.item_count, batch.uri)
        self._stored.append(slot_of(batch))

    async def _tell_stored(self) -> None:
        stored, self._stored = self._stored, []
        for slot in stored:
            await self._feeds.tell_slot(self._crawler, slot)

    async def close(self) -> None:
        """Write the footer and everything that is still in memory, and close the output.

        Where the crawl did not come to begin, a file is left as it was, and none is made.

        Raises:
            ExportError: something could not be written.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            await (self._finish() if self._is_used else asyncio.to_thread(self._let_go))
        except BaseException:
            self._crawler.stats.inc_value(f"feedexport/failed_count/{type(self.storage).__name__}")
            raise
        finally:
            await self._tell_stored()
            await self._feeds.leave(self._crawler)

    async def cut_back(self, cut: Any) -> None:
        """Leave just what was committed, in valid files, of a job that nobody will resume; instead of ``open``.

        Args:
            cut: of the job's last checkpoint; ``None`` where there was none.

        Raises:
            ExportError: a file cannot be cut back.
            DamagedJob: the journal is not as it was written.
        """
        # What is no file of this machine is not opened either: a footer alone would come out there.
        if cut is None or self.path is None:
            await asyncio.to_thread(self.undo_behind, cut)
        else:
            self._is_given_up = True
            await asyncio.to_thread(self._open, cut)
            await self._finish()

    async def _finish(self) -> None:
        """Write what is left, and let go of the files."""
        batch, is_wanted, was_open = self._batch, self._batch.is_wanted, self._batch.output is not None
        try:
            if is_wanted and not batch.is_ended and (batch.item_count or not batch.is_untouched):
                batch.exporter.finish_exporting()
                self._writer.keep(batch, batch.take(), is_last=True)
            await self._writer.write(self._writer.piece_count)
            self.written_count = self.item_count
            if batch.output is not None:
                await self._writer.store(batch)
                self._on_stored(batch)
        except BaseException:
            self._writer.abort(batch)
            raise
        if was_open and not is_wanted:
            await asyncio.to_thread(remove_new, batch)

    def _let_go(self) -> None:
        self._writer.abort(self._batch)
        remove_new(self._batch)
