"""Commands look into a job's file, also while a crawl writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob, StoreError
from framework.frontier.store import Changes, FateRow, Row, Store, StoreReader

Run = Callable[[Any], Any]


def fate(identity: int, kind: int, reason: str = "", url: str = "http://h/", **more: Any) -> FateRow:
    values: dict[str, Any] = {"parent": 3, "found_at": float(identity), "ended_at": 2.5, "items": 1, "tries": []}
    return FateRow(identity, kind, reason, url, "GET", **(values | more))


FATES = [
    fate(1, 1, url="http://h/a"),
    fate(2, 4, "timeout", tries=[(1.0, "timed out"), (2.0, "reset \ud800")], data=b"form", host=5, priority=-1),
    fate(3, 3, "robots", url="http://h/é\ud800"),
]
REFUSED = [fate(1, 5, "offsite", url="http://h/a", items=0), fate(4, 5, "depth", items=0)]


def write(path: Path, run: Run, *changes: Changes, **options: Any) -> None:
    async def main() -> None:
        store = Store(path, **options)
        await store.open()
        for number, one in enumerate(changes, 1):
            await store.commit(number, one, {"state": b"s"}, {"failed": 1})
        await store.close(clean=True)

    run(main())


@pytest.fixture
def path(tmp_path: Path, run_real: Run) -> Path:
    path = tmp_path / "frontier.db"
    write(path, run_real, Changes([Row(1, 77, 5, 0, b"x")], [], [1, 2, 77], [*FATES, *REFUSED]))
    return path


def pending(reader: StoreReader) -> int:
    return reader.books().sums["rows"].count


def test_a_fate_is_found_by_identity(path: Path) -> None:
    with StoreReader(path) as reader:
        assert reader.fate(1) == FATES[0]
        assert reader.fate(2) == FATES[1]
        assert reader.fate(99) is None
        assert reader.refusals(1) == REFUSED[:1]
        assert reader.refusals(2) == []
        lone = reader.fate(3)
        assert lone is not None
        assert lone.url == "http://h/é\\ud800"


def test_all_that_failed_is_read_in_batches(tmp_path: Path, run_real: Run) -> None:
    many = [fate(number, 4, "timeout", data=b"form") for number in range(-1500, 1500)]
    write(tmp_path / "frontier.db", run_real, Changes(fates=[*many, fate(2000, 1)]))
    with StoreReader(tmp_path / "frontier.db") as reader:
        assert list(reader.failed_rows()) == many


def test_what_is_not_ended_is_found(path: Path) -> None:
    with StoreReader(path) as reader:
        assert pending(reader) == 1
        assert reader.is_seen(77) is True
        assert reader.is_seen(78) is False
        assert (reader.books().checkpoint, reader.books().clean, reader.books().counts) == (1, True, {"failed": 1})
        assert reader.meta() == {"state": b"s"}


def test_failed_requests_that_can_be_tried_again_are_named(path: Path) -> None:
    with StoreReader(path) as reader:
        assert list(reader.failed_rows()) == [FATES[1]]


def test_of_a_log_nobody_can_say_whether_it_holds_an_identity(tmp_path: Path, run_real: Run) -> None:
    write(tmp_path / "frontier.db", run_real, Changes(seen=[1]), seen_mode="log")
    with StoreReader(tmp_path / "frontier.db") as reader:
        assert reader.is_seen(1) is None


def test_a_file_can_be_read_while_a_crawl_writes_it(path: Path, run_real: Run) -> None:
    async def main() -> None:
        store = Store(path)
        await store.open()
        with StoreReader(path) as reader:
            await store.commit(2, Changes(gone=[1], fates=[fate(77, 1)]))
            assert pending(reader) == 0
            assert reader.fate(77) == fate(77, 1)
            await store.commit(3, Changes(rows=[Row(2, 5, 5, 5, b"")]))
            assert pending(reader) == 1
        await store.close(clean=True)

    run_real(main())


def test_what_reading_leaves_beside_the_file_goes_with_the_next_crawl(path: Path, run_real: Run) -> None:
    with StoreReader(path) as reader:
        assert pending(reader) == 1
    write(path, run_real)
    assert [file.name for file in path.parent.iterdir()] == ["frontier.db"]


def test_a_missing_file_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedJob, match="the file is missing"):
        StoreReader(tmp_path / "frontier.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t(x)").connection.close()
    with pytest.raises(DamagedJob, match="not the file of a job"):
        StoreReader(tmp_path / "other.db")


def altered(path: Path, statement: str) -> StoreReader:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    return StoreReader(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE fates SET url = 'http://h/b' WHERE identity = 1",
        "UPDATE fates SET items = 'many' WHERE identity = 1",
        "UPDATE fates SET url = x'00' WHERE identity = 1",
        "UPDATE refusals SET url = 'http://h/b' WHERE identity = 1",
        "UPDATE refusals SET url = x'00' WHERE identity = 1",
    ],
)
def test_an_altered_fate_is_refused(path: Path, statement: str) -> None:
    with altered(path, statement) as reader, pytest.raises(DamagedJob, match="of a request in it is altered"):
        _ = reader.fate(1), reader.refusals(1)


def test_altered_values_and_books_are_refused(path: Path) -> None:
    with altered(path, "UPDATE meta SET value = x'00'") as reader, pytest.raises(DamagedJob, match="value 'state'"):
        reader.meta()
    with altered(path, "UPDATE books SET crc = 1") as reader, pytest.raises(DamagedJob, match="the record of what"):
        pending(reader)
    with altered(path, "DELETE FROM books") as reader, pytest.raises(DamagedJob, match="the record of what"):
        pending(reader)


def test_a_file_of_a_newer_schema_is_refused_by_its_number(path: Path) -> None:
    with pytest.raises(StoreError, match=r"written by a newer fwk \(schema 7; this one knows 2\)"):
        altered(path, "PRAGMA user_version=7")
