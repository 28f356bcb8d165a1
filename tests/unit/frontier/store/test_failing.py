"""Failed requests take over the stored form of their row, in the transaction in which it goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob
from framework.frontier.store import Changes, FateRow, Row, Store, StoreReader

Run = Callable[[Any], Any]
COUNT = 261


def failed(row: Row) -> FateRow:
    return FateRow(row.identity, 4, "timeout", "http://h/", "GET", 0, 1.0, 2.0, 0, [], delivered=3, row=row.number)


def test_a_fate_gets_what_its_row_held(tmp_path: Path, run_real: Run) -> None:
    rows = [Row(number, number * 7919, number % 5, number % 3, b"form %d" % number) for number in range(1, COUNT)]
    kept = rows.pop()

    async def main() -> None:
        store = Store(tmp_path / "frontier.db")
        await store.open()
        await store.commit(1, Changes(rows=[*rows, kept]))
        own = FateRow(5, 4, "timeout", "http://h/", "GET", 0, 1.0, 2.0, 0, [], b"its own")
        await store.commit(2, Changes(gone=[row.number for row in rows], fates=[*map(failed, rows), own]))
        assert await store.row(kept.number) == kept
        assert await store.row(rows[0].number) is None
        await store.close(clean=True)

    run_real(main())
    with StoreReader(tmp_path / "frontier.db") as reader:
        found = {fate.identity: fate for fate in reader.failed_rows()}

    assert found.pop(5).data == b"its own"
    assert {(fate.identity, fate.data, fate.host, fate.priority, fate.delivered) for fate in found.values()} == {
        (row.identity, row.data, row.host, row.priority, 3) for row in rows
    }


def test_a_row_that_was_altered_is_not_taken_over(tmp_path: Path, run_real: Run) -> None:
    row = Row(1, 7, 2, 0, b"form")

    async def main() -> None:
        store = Store(tmp_path / "frontier.db")
        await store.open()
        await store.commit(1, Changes(rows=[row]))
        with sqlite3.connect(tmp_path / "frontier.db") as other:
            other.execute("UPDATE rows SET data = CAST('firm' AS BLOB)")
        other.close()
        with pytest.raises(DamagedJob, match="a pending request in it is altered"):
            await store.commit(2, Changes(gone=[1], fates=[failed(row)]))
        await store.close(clean=False)

    run_real(main())
