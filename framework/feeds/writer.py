"""The way of a feed's sealed pieces to their files.

Place in the flow: the sink keeps sealed pieces here, and has them written with each checkpoint. File work is done in a
thread; the files of batches that end are given back to their storage.

Invariants: no file is touched before it is claimed and the journal knows of it; a piece leaves memory when it is in
its file.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .batch import Batch, Piece
from .journal import Journal
from .outputs import FileOutput, StreamOutput, export_error


class BatchWriter:
    """Writes pieces in their order.

    Args:
        journal: learns what is about to begin.
        spider: what a storage's ``open`` is given.
        on_stored: called for each batch that is whole and in its place.

    Attributes:
        piece_count: pieces kept so far.
    """

    def __init__(self, journal: Journal, spider: Any, on_stored: Callable[[Batch], None]) -> None:
        self.piece_count = 0
        self._journal = journal
        self._spider = spider
        self._on_stored = on_stored
        self._sealed: deque[Piece] = deque()
        # Two counters, each changed in one thread only.
        self._bytes_kept = 0
        self._bytes_written = 0
        self._ended: deque[Batch] = deque()
        self._one_at_a_time = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """What is sealed and not written."""
        return self._bytes_kept - self._bytes_written

    def keep(self, batch: Batch, data: bytes, *, is_last: bool = False) -> None:
        """Take sealed bytes of a batch."""
        if data or is_last:
            self.piece_count += 1
            self._sealed.append(Piece(batch, self.piece_count, data, is_last, len(data)))
            self._bytes_kept += len(data)

    def prepare(self, batch: Batch) -> FileOutput | StreamOutput:
        """Open the file of a batch that begins, once the journal knows of it.

        Raises:
            ExportError: it cannot be noted or opened.
        """
        self._note([batch])
        output = batch.output or batch.open_output(self._spider)
        try:
            batch.settle()
        except BaseException:
            close_file(batch)
            raise
        return output

    def _note(self, batches: list[Batch]) -> None:
        try:
            for batch in batches:
                batch.claim()
            self._journal.add(batch.beginning() for batch in batches)
        except OSError as error:
            raise export_error("note in the job's folder", batches[0].shown, error) from error

    async def write(self, last: int) -> None:
        """Write the pieces up to the one numbered ``last``, and store the batches that end.

        Raises:
            ExportError: the disk is full or broken; what is not written stays.
        """
        while self._ended or (self._sealed and self._sealed[0].number <= last):
            while self._ended:
                await self.store(self._ended[0])
                self._on_stored(self._ended.popleft())
            await asyncio.to_thread(self._write_run, last)

    def write_early(self) -> None:
        """Write what is sealed and belongs to files of this machine, in the loop; all else waits for ``write``.

        Raises:
            ExportError: the disk is full or broken; what is not written stays.
        """
        while self._sealed and not self._ended and isinstance(self._sealed[0].batch.output, FileOutput):
            self._write_run(self.piece_count)

    def _write_run(self, last: int) -> None:
        """Write the pieces of one batch."""
        # The lock and the removal here, in the thread, hold even when the waiting coroutine was cancelled.
        with self._one_at_a_time:
            pieces = self._run(last)
            if not pieces:
                return
            batch = pieces[0].batch
            output = batch.output
            if output is None:
                self._note(self._beginning(last))
                output = self.prepare(batch)
            batch.append(output, pieces)
            for piece in pieces:
                self._sealed.popleft()
                self._bytes_written += piece.size
            if pieces[-1].is_last:
                self._ended.append(batch)

    def _run(self, last: int) -> list[Piece]:
        """Return the next pieces that belong to one batch."""
        pieces: list[Piece] = []
        # By index: the loop may append meanwhile.
        while len(pieces) < len(self._sealed):
            piece = self._sealed[len(pieces)]
            if piece.number > last or (pieces and piece.batch is not pieces[0].batch):
                break
            pieces.append(piece)
        return pieces

    def _beginning(self, last: int) -> list[Batch]:
        """Return all batches that are about to begin, so that the journal is written once for them."""
        count = min(len(self._sealed), last - self._sealed[0].number + 1)
        batches = dict.fromkeys(self._sealed[index].batch for index in range(count))
        return [batch for batch in batches if batch.output is None]

    async def store(self, batch: Batch) -> None:
        """Give the file of a batch back to its storage; again, if that fails."""
        if batch.output is None:
            return
        stored = await asyncio.to_thread(batch.storage.store, batch.output.file)
        if inspect.isawaitable(stored):
            await stored
        batch.output = None

    def abort(self, batch: Batch) -> None:
        """Let go of all files that are still open: of ``batch``, and of those with pieces that cannot be written."""
        for held in {batch, *self._ended, *(piece.batch for piece in self._sealed)}:
            close_file(held)


def close_file(batch: Batch) -> None:
    """Close the file of a batch; what is not a file belongs to its storage."""
    if isinstance(batch.output, FileOutput):
        batch.output.file.close()
    batch.output = None
