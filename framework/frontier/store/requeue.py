"""``requeue_failed``: failed requests become pending again, for ``fwk retry``.

Place in the flow: called while no crawl works on the job; the next one resumes it with these requests.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .checksums import Books
from .connection import connect_writer, named_errors
from .integrity import examine, is_there
from .questions import bounds
from .reading import StoreReader
from .rows import FateRow, Row
from .writing import Writer

_CACHE_KB = 16 * 1024


def requeue_failed(path: Path, count: str = "failed", *, data_of: Callable[[FateRow], bytes] | None = None) -> int:
    """Give the failed requests of a job another try, in one transaction: fates become rows, with what they delivered.

    Args:
        path: the job's file.
        count: the stored count of failed requests, which goes down by as many where it is kept.
        data_of: makes the data of a row from a fate, for what the fate tells beside it is forgotten here; without it
            the row has the fate's data.

    Returns:
        How many requests are pending again.

    Raises:
        DamagedJob: the file is not what was written.
        StoreError: it cannot be written; nothing has changed then.
    """
    with named_errors(path):
        is_there(path, must_exist=True)
        connection = connect_writer(path, _CACHE_KB)
        try:
            writer = Writer(connection, examine(connection, path), path)
            number, _ = bounds(connection)
            rows: list[Row] = []
            with StoreReader(path) as reader:
                for fate in reader.failed_rows():
                    assert fate.data is not None  # noqa: S101 - chosen for it
                    number -= 1
                    data = fate.data if data_of is None else data_of(fate)
                    rows.append(Row(number, fate.identity, fate.host, fate.priority, data, fate.delivered))

            def change(books: Books) -> None:
                writer.insert_rows(rows, books)
                writer.delete_fates([row.identity for row in rows], books)
                if count in books.counts:
                    books.counts[count] -= len(rows)

            if rows:
                writer.transact(change)
        finally:
            connection.close()
    return len(rows)
