"""``Store``: the file of a job's pending requests, known identities and fates, with its threads.

Place in the flow: the frontier spills with ``add``, makes checkpoints with ``commit`` and asks with ``known``, ``load``
and ``cold_heads``. Writing happens in one thread of the store's own, in the order of the calls; reading has a
connection and a thread of its own and sees only what has been committed. A temporary store has one connection, and so
one thread, for both.

A cancelled call is carried to its end before ``CancelledError`` is raised: half a transaction could be neither kept nor
undone. What the promises after a power cut rest on is told in ``connection``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from framework.exceptions import StoreError

from . import questions
from .checksums import Books
from .connection import beside, connect_reader, connect_temporary, connect_writer, create, named_errors, shorten_log
from .failing import take_forms
from .filters import read_filter, remove_other_filters, write_filter
from .integrity import examine, is_there, read_meta
from .pooled import PooledQuestion
from .rows import Changes, Opened, Row, SeenMode, Totals
from .threads import StoreThread
from .writing import Writer

AnswerT = TypeVar("AnswerT")
_CACHE_KB = 32 * 1024
_LOG_MAX_BYTES = 128 << 20
_SEEN_A_BATCH = 10_000
_ROWS_A_BATCH = 1000


class Store:
    """One SQLite file that holds what a crawl must not lose.

    Args:
        path: the file; ``None`` for an unnamed temporary one that ends with the store. It is made when it is needed.
        seen_mode: ``"exact"`` keeps identities in a table that ``known`` asks (the settings ``SEEN = exact`` and
            ``bloom+verify``), ``"log"`` in a log that only ``each_seen`` reads (``SEEN = bloom``).
        must_exist: a missing file is damage, and not a new job.
        cache_kb: memory for pages of the file, of both connections together.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        seen_mode: SeenMode = "exact",
        must_exist: bool = False,
        cache_kb: int = _CACHE_KB,
    ) -> None:
        self.path = path
        self._seen_mode = seen_mode
        self._must_exist = must_exist
        self._cache_kb = cache_kb
        self._writing = StoreThread("fwk-store-writer")
        self._reading = StoreThread("fwk-store-reader") if path is not None else self._writing
        self._connection: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._log_end = 0
        self._known = PooledQuestion(lambda wanted: self._ask(set[int], questions.known, wanted))

    def __repr__(self) -> str:
        return f"<Store {self.path or 'temporary'}>"

    @property
    def log_end(self) -> int:
        """Return how many identities have been handed to ``add`` and ``commit`` in the mode ``"log"``, ever."""
        return self._log_end

    # -- opening and closing -------------------------------------------------------------------------------------

    async def open(self, meta: Mapping[str, bytes] | None = None) -> Opened:
        """Check the file, or make a new one, and return what the last checkpoint held.

        Args:
            meta: values of a file in which nothing is yet; it has them before its first checkpoint.

        Raises:
            DamagedJob: the file is cut, altered or missing.
            StoreError: it cannot be used: it belongs to a newer fwk or another way of keeping identities, disk full.
        """
        if self.path is None:
            return Opened()
        try:
            opened = await self._write(self._open, self.path, meta or {})
        except BaseException:
            await self.close(clean=False)
            raise
        return opened

    def _open(self, path: Path, meta: Mapping[str, bytes]) -> Opened:
        is_new = not is_there(path, must_exist=self._must_exist)
        if is_new:
            create(path, self._seen_mode)
        self._connection = connection = connect_writer(path, self._cache_kb // 2)
        books = examine(connection, path)
        if books.seen_mode != self._seen_mode:
            kept = "bloom" if books.seen_mode == "log" else "exact or bloom+verify"
            msg = f"{path}: this job was begun with SEEN = {kept} and cannot go on with another: set SEEN back."
            raise StoreError(msg)
        opened = self._opened(connection, path, books, is_new=is_new)
        self._writer = Writer(connection, books, path)
        self._writer.remember_meta(opened.meta)
        self._log_end = books.log_end
        remove_other_filters(path, books.filter_name)
        is_empty = not (opened.checkpoint or opened.pending_rows or opened.seen)
        if is_empty:
            opened.meta = dict(meta)
        self._writer.mark(is_clean=False, meta=opened.meta if is_empty else {})
        self._reader = connect_reader(path, self._cache_kb // 2)
        return opened

    def _opened(self, connection: sqlite3.Connection, path: Path, books: Books, *, is_new: bool) -> Opened:
        lowest, highest = questions.bounds(connection)
        return Opened(
            is_new=is_new,
            checkpoint=books.checkpoint,
            meta=read_meta(connection, path),
            counts=dict(books.counts),
            pending_rows=books.sums["rows"].count,
            lowest=lowest,
            highest=highest,
            seen=questions.seen_count(connection, _seen_table(self._seen_mode)),
            stored_filter=read_filter(path, books.filter_name),
            clean=books.clean,
        )

    async def close(self, *, clean: bool) -> None:
        """Close the file; ``clean`` leaves the mark that everything has been stored. Closing twice does nothing.

        Raises:
            StoreError: the mark could not be written; the file is closed all the same.
        """
        try:
            if self._reader is not None:
                await self._reading.do(self._reader.close)
            if self._connection is not None:
                await self._write(self._close, clean)
        finally:
            self._reader = self._connection = self._writer = None
            self._reading.close()
            self._writing.close()

    def _close(self, clean: bool) -> None:
        connection, writer = self._connection, self._writer
        assert connection is not None  # noqa: S101 - asked by the caller
        try:
            if clean and writer is not None and self.path is not None:
                writer.mark(is_clean=True)
                shorten_log(connection)
        finally:
            connection.close()

    # -- writing -------------------------------------------------------------------------------------------------

    async def add(self, changes: Changes) -> None:
        """Make changes durable before any checkpoint does: what spills, or is known early.

        A ``stored_filter`` belongs to a checkpoint and is not looked at here.

        Raises:
            StoreError: nothing of them is stored.
        """
        log_start = self._hand_over(changes)
        await self._write(self._add, changes, log_start)

    def _add(self, changes: Changes, log_start: int) -> None:
        writer = self._made_writer()

        def change(books: Books) -> None:
            writer.apply(changes, books, log_start)
            books.clean = False

        writer.transact(change)
        self._bound_log()

    async def commit(
        self, number: int, changes: Changes, meta: dict[str, bytes] | None = None, counts: dict[str, int] | None = None
    ) -> None:
        """Make a checkpoint: all of it, synced, or nothing. A number that is not above the last one does nothing.

        Only a store with a path has checkpoints: what a temporary one holds is told to it by :meth:`add`.

        Args:
            number: the checkpoint's number.
            changes: what to write.
            meta: values to put in place of those of the same name; others stay.
            counts: all counts.

        Raises:
            StoreError: nothing of it is stored.
        """
        log_start = self._hand_over(changes)
        await self._write(self._commit, number, changes, meta or {}, counts or {}, log_start)

    def _commit(
        self, number: int, changes: Changes, meta: dict[str, bytes], counts: dict[str, int], log_start: int
    ) -> None:
        path, connection, writer = self.path, self._connection, self._writer
        assert path is not None and connection is not None and writer is not None  # noqa: S101, PT018 - it is open
        if number <= writer.books.checkpoint:
            return
        name = ""
        stored_filter = changes.stored_filter
        if stored_filter is not None:
            name = write_filter(path, number, stored_filter.data)

        def change(books: Books) -> None:
            take_forms(connection, path, changes.fates)
            writer.apply(changes, books, log_start)
            if stored_filter is not None:
                writer.truncate_log(stored_filter.upto, books)
                books.filter_name = name
            writer.put_meta(meta, books)
            books.checkpoint = number
            books.counts = counts
            books.clean = False

        writer.transact(change)
        if stored_filter is not None:
            remove_other_filters(path, name)
        self._bound_log()

    def _hand_over(self, changes: Changes) -> int:
        """Give the identities their places in the log, in the order of the calls."""
        start = self._log_end
        if self._seen_mode == "log":
            self._log_end += len(changes.seen)
        return start

    def _made_writer(self) -> Writer:
        """Return the writer; that of a temporary store is made now."""
        if self._writer is None:
            self._connection = connect_temporary(self._cache_kb)
            self._writer = Writer(self._connection, None, None, self._writing.serve)
            self._writer.books.seen_mode = self._seen_mode
        return self._writer

    def _bound_log(self) -> None:
        """Start the log anew when readers have kept SQLite from doing so for long."""
        if self.path is None or self._connection is None:
            return
        if beside(self.path, "-wal").stat().st_size > _LOG_MAX_BYTES:
            shorten_log(self._connection)

    # -- reading -------------------------------------------------------------------------------------------------

    async def known(self, identities: Sequence[int]) -> set[int]:
        """Return which of the identities have been committed or added.

        A temporary store answers between the statements of a long write, and may know identities of it already.
        """
        if self.path is not None:
            return await self._known.which(identities)

        def ask() -> set[int]:
            return questions.known(self._connection, identities) if self._connection else set()

        return await self._writing.do_between(self._naming_errors(ask))

    async def load(
        self,
        host: int,
        priority: int,
        limit: int,
        *,
        below: int | None = None,
        above: int | None = None,
        newest_first: bool = True,
    ) -> list[Row]:
        """Return the next rows of a host and priority in order of their numbers.

        Args:
            host: the host's hash.
            priority: rows of this priority only.
            limit: at most so many.
            below: only numbers below this one.
            above: only numbers above this one.
            newest_first: highest numbers first, else lowest first.

        Raises:
            DamagedJob: one of them is not what was written.
        """

        def question(connection: sqlite3.Connection) -> list[Row]:
            return questions.rows_of_host(
                connection, self.path, host, priority, limit, below=below, above=above, newest_first=newest_first
            )

        return await self._ask(list, question)

    async def row(self, number: int) -> Row | None:
        """Return the row of a number, where there is one.

        Raises:
            DamagedJob: it is not what was written.
        """
        found = await self._ask(list[Row], questions.rows_by_number, self.path, [number])
        return found[0] if found else None

    async def cold_heads(
        self, priority: int, after_host: int | None, hosts: int, rows: int, *, newest_first: bool = True
    ) -> list[tuple[int, list[Row]]]:
        """Return hosts that have rows of a priority, ascending, with the first rows of each: in one question.

        Args:
            priority: rows of this priority only.
            after_host: only hosts above this one; ``None``: all.
            hosts: at most so many hosts,
            rows: and so many rows of each.
            newest_first: highest numbers first, else lowest first.

        Raises:
            DamagedJob: one of the rows is not what was written.
        """

        def question(connection: sqlite3.Connection) -> list[tuple[int, list[Row]]]:
            heads = []
            for host in questions.hosts(connection, priority, after_host, hosts):
                head = questions.rows_of_host(
                    connection, self.path, host, priority, rows, below=None, above=None, newest_first=newest_first
                )
                heads.append((host, head))
            return heads

        return await self._ask(list, question)

    async def priorities(self) -> list[int]:
        """Return the priorities that have rows, highest first."""
        return await self._ask(list, questions.priorities)

    async def each_seen(self) -> AsyncIterator[list[int]]:
        """Yield the identities that are in the file, up to 10,000 at a time; those of a stored filter are not."""
        if self._seen_mode == "log":
            position = 0
            while True:
                position, batch = await self._ask(
                    lambda: (0, list[int]()), questions.log_after, position, _SEEN_A_BATCH
                )
                if not batch:
                    return
                yield batch
        last = None
        while batch := await self._ask(list, questions.seen_after, last, _SEEN_A_BATCH):
            yield batch
            last = batch[-1]

    async def each_row(self) -> AsyncIterator[list[Row]]:
        """Yield all rows by ascending number, up to 1,000 at a time.

        Raises:
            DamagedJob: one of them is not what was written.
        """
        last = None
        while batch := await self._ask(list[Row], self._rows_after, last):
            yield batch
            last = batch[-1].number

    def _rows_after(self, connection: sqlite3.Connection, number: int | None) -> list[Row]:
        return questions.rows_after(connection, self.path, number, _ROWS_A_BATCH)

    async def totals(self) -> Totals:
        """Count what the tables hold now."""
        return await self._ask(Totals, questions.totals, _seen_table(self._seen_mode))

    # -- threads -------------------------------------------------------------------------------------------------

    async def _ask(self, nothing: Callable[[], AnswerT], question: Callable[..., AnswerT], *args: Any) -> AnswerT:
        """Ask the reader; a temporary store that holds nothing yet is not made for it."""

        def ask() -> AnswerT:
            connection = self._connection if self.path is None else self._reader
            return nothing() if connection is None else question(connection, *args)

        return await self._reading.do(self._naming_errors(ask))

    async def _write(self, work: Callable[..., AnswerT], *args: Any) -> AnswerT:
        return await self._writing.do(self._naming_errors(partial(work, *args)))

    def _naming_errors(self, work: Callable[[], AnswerT]) -> Callable[[], AnswerT]:
        def named() -> AnswerT:
            with named_errors(self.path):
                return work()

        return named


def _seen_table(seen_mode: SeenMode) -> str:
    return "seen_log" if seen_mode == "log" else "seen"
