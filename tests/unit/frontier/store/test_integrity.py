"""A file that is well-formed and yet not what was written is refused when it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob, StoreError
from framework.frontier.store import Changes, FateRow, Row, Store
from framework.frontier.store.integrity import examine

Run = Callable[[Any], Any]


@pytest.fixture
def path(tmp_path: Path, run_real: Run) -> Path:
    path = tmp_path / "frontier.db"

    async def main() -> None:
        store = Store(path)
        await store.open()
        rows = [Row(number, number * 3, number % 5, 0, b"data") for number in range(500)]
        fates = [FateRow(1, kind, "x", "http://h/", "GET", 0, 1.0, 2.0, 0, []) for kind in (1, 5)]
        await store.commit(1, Changes(rows, [], [row.identity for row in rows], fates), {"a": b"1", "b": b"2"})
        await store.close(clean=True)

    run_real(main())
    return path


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM rows WHERE number = 7", "table 'rows'"),
        ("UPDATE rows SET crc = crc + 1 WHERE number = 7", "table 'rows'"),
        ("DELETE FROM seen_young WHERE identity = 3", "table 'seen_young'"),
        ("UPDATE seen_young SET identity = 4 WHERE identity = 3", "table 'seen_young'"),
        ("INSERT INTO seen VALUES (4)", "table 'seen'"),
        ("UPDATE by_host_young SET host = host + 1 WHERE number = 7", "lists of its hosts"),
        ("DELETE FROM by_host_young WHERE number = 7", "lists of its hosts"),
        ("INSERT INTO seen_log VALUES (1, 1)", "table 'seen_log'"),
        ("DELETE FROM fates", "table 'fates'"),
        ("DELETE FROM refusals", "table 'refusals'"),
        ("DELETE FROM meta WHERE name = 'a'", "table 'meta'"),
        ("UPDATE meta SET value = x'00' WHERE name = 'a'", "value 'a' is altered"),
        ("DELETE FROM books", "the record of what it holds"),
        ("DROP TABLE by_host", "its tables are not those of a job"),
        ("PRAGMA application_id = 0", "this is not the file of a job"),
    ],
)
def test_what_somebody_has_changed_is_refused(path: Path, run_real: Run, statement: str, message: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(DamagedJob, match=message) as caught:
        run_real(Store(path).open())
    assert str(path) in str(caught.value)


def test_a_job_of_an_older_fwk_is_refused_by_its_schema(path: Path, run_real: Run) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()

    with pytest.raises(
        StoreError, match=r"older fwk \(schema 1; this one knows 2\): end it with that version"
    ) as caught:
        run_real(Store(path).open())

    assert not isinstance(caught.value, DamagedJob)


def test_a_list_of_a_host_that_does_not_fit_is_found_in_small_and_in_large_files(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert examine(connection, path).checkpoint == 1
    assert examine(connection, path, full_check_bytes=0).checkpoint == 1
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'by_host_young'").fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    place = page * 4096 - 4  # inside the first entry of the table, whose cells fill the page from its end
    content[place] ^= 1
    path.write_bytes(content)
    for full_check_bytes in (0, 1 << 20):
        connection = sqlite3.connect(path)
        with pytest.raises(DamagedJob, match=r"lists|damaged"):
            examine(connection, path, full_check_bytes)
        connection.close()
