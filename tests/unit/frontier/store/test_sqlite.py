"""The store keeps what it was given, all or nothing, and says so when it cannot."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob, StoreError
from framework.frontier.store import Changes, FateRow, Opened, Row, Store, StoredFilter, Totals
from framework.frontier.store import connection as connection_module
from framework.frontier.store import sqlite as store_module

Run = Callable[[Any], Any]


def row(number: int, host: int = 1, priority: int = 0, data: bytes = b"data", delivered: int = 0) -> Row:
    return Row(number, number * 7919, host, priority, data, delivered)


def fate(identity: int, kind: int = 1, reason: str = "", **more: Any) -> FateRow:
    return FateRow(identity, kind, reason, f"http://h/{identity}", "GET", 0, 1.5, 2.5, 1, [], **more)


@asynccontextmanager
async def opened(path: Path | None, *, clean: bool = True, **options: Any) -> AsyncIterator[Store]:
    store = Store(path, **options)
    await store.open()
    try:
        yield store
    finally:
        await store.close(clean=clean)


async def all_rows(store: Store) -> list[Row]:
    return [row async for batch in store.each_row() for row in batch]


async def all_seen(store: Store) -> list[int]:
    return [identity async for batch in store.each_seen() for identity in batch]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "frontier.db"


@pytest.fixture(params=["file", "temporary"])
def either(request: pytest.FixtureRequest, path: Path) -> Path | None:
    return path if request.param == "file" else None


def test_a_new_store_is_empty(run_real: Run, either: Path | None) -> None:
    async def main() -> None:
        store = Store(either)
        assert await store.open() == Opened()
        assert await store.known([1, 2]) == set()
        assert await store.load(1, 0, 10) == []
        assert await store.cold_heads(0, None, 10, 10) == []
        assert await store.priorities() == []
        assert await all_rows(store) == []
        assert await all_seen(store) == []
        assert await store.totals() == Totals()
        await store.close(clean=True)

    run_real(main())


def test_rows_come_back_as_they_were_given(run_real: Run, either: Path | None) -> None:
    extremes = [
        Row(-(2**63), 2**63 - 1, -(2**63), 2**63 - 1, b""),
        Row(2**63 - 1, -(2**63), 2**63 - 1, -(2**63), bytes(range(256)) * 100, 7),
    ]

    async def main() -> None:
        async with opened(either) as store:
            await store.add(Changes(rows=extremes))
            assert await all_rows(store) == extremes
            assert await store.load(2**63 - 1, -(2**63), 5) == extremes[1:]

    run_real(main())


def test_rows_of_a_host_come_in_order_and_within_bounds(run_real: Run, either: Path | None) -> None:
    async def main() -> None:
        async with opened(either) as store:
            await store.add(Changes(rows=[row(number, host=number % 2, priority=number % 3) for number in range(60)]))

            async def numbers(**bounds: Any) -> list[int]:
                return [found.number for found in await store.load(1, 0, 3, **bounds)]

            assert await numbers() == [57, 51, 45]
            assert await numbers(below=45) == [39, 33, 27]
            assert await numbers(newest_first=False) == [3, 9, 15]
            assert await numbers(above=15, newest_first=False) == [21, 27, 33]
            assert await numbers(above=15, below=27) == [21]

    run_real(main())


def test_hosts_and_priorities_are_found(run_real: Run, either: Path | None) -> None:
    async def main() -> None:
        async with opened(either) as store:
            rows = [row(number, host=(number % 10) - 5, priority=(number % 4) - 2) for number in range(200)]
            await store.add(Changes(rows=rows))
            assert await store.priorities() == [1, 0, -1, -2]
            assert [host for host, _ in await store.cold_heads(0, None, 3, 1)] == [-5, -3, -1]
            assert [host for host, _ in await store.cold_heads(0, -1, 3, 1)] == [1, 3]
            assert await store.cold_heads(9, None, 3, 1) == []

    run_real(main())


def test_what_is_added_takes_rows_away_and_knows_identities(run_real: Run, either: Path | None) -> None:
    async def main() -> None:
        async with opened(either) as store:
            rows = [row(number) for number in range(3000)]
            await store.add(Changes(rows=rows, seen=[one.identity for one in rows]))
            await store.add(Changes(gone=list(range(2990)), fates=[fate(1), fate(2, 4, "timeout")]))
            assert [one.number for one in await all_rows(store)] == list(range(2990, 3000))
            assert await store.known([7919, 7919 * 2999, 5]) == {7919, 7919 * 2999}
            assert len(await store.known([one.identity for one in rows])) == 3000
            assert await all_seen(store) == [one.identity for one in rows]
            assert await store.totals() == Totals(rows=10, seen=3000, fates={1: 1, 4: 1})

    run_real(main())


def test_what_was_committed_is_there_at_the_next_opening(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path) as store:
            await store.add(Changes(rows=[row(-2), row(5)], seen=[-2 * 7919]))
            await store.commit(3, Changes(), {"state": b"1", "cookies": b"c"}, {"done": 4})
            await store.commit(4, Changes(rows=[row(6)]), {"state": b"2"}, {"done": 5})
        again = Store(path, must_exist=True)
        assert await again.open() == Opened(
            is_new=False,
            checkpoint=4,
            meta={"state": b"2", "cookies": b"c"},
            counts={"done": 5},
            pending_rows=3,
            lowest=-2,
            highest=6,
            seen=1,
        )
        await again.commit(5, Changes(), {"state": b"2", "cookies": b"d"}, {})
        await again.close(clean=False)
        last = Store(path)
        found = await last.open()
        assert (found.meta, found.clean) == ({"state": b"2", "cookies": b"d"}, False)
        await last.close(clean=True)

    run_real(main())


@pytest.mark.parametrize("seen_mode", ["exact", "log"])
@pytest.mark.parametrize("first", [Changes(rows=[row(1)]), Changes(seen=[7])], ids=["rows", "seen"])
def test_the_values_of_an_empty_store_stay_when_something_is_in_it(
    run_real: Run, path: Path, seen_mode: Any, first: Changes
) -> None:
    async def main() -> None:
        for value in (b"1", b"2"):  # the first of these processes stores nothing
            store = Store(path, seen_mode=seen_mode)
            found = await store.open({"made by": value})
            assert (found.meta, found.is_new) == ({"made by": value}, value == b"1")
            await store.close(clean=False)
        for value in (b"3", b"4"):
            store = Store(path, seen_mode=seen_mode)
            assert (await store.open({"made by": value})).meta == {"made by": b"3"}
            if value == b"3":
                await store.add(first)
            await store.close(clean=True)
        store = Store(path, seen_mode=seen_mode)
        await store.open({"made by": b"5"})
        await store.commit(1, Changes(), {"made by": b"6"})
        await store.close(clean=True)
        store = Store(path, seen_mode=seen_mode)
        assert (await store.open({"made by": b"7"})).meta == {"made by": b"6"}
        await store.close(clean=True)

    run_real(main())


def test_a_store_that_is_at_work_is_not_clean_even_before_its_first_write(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path, clean=False):
            pass
        store = Store(path)
        assert not (await store.open()).clean
        await store.close(clean=True)
        store = Store(path)
        assert (await store.open()).clean
        await store.close(clean=True)

    run_real(main())


def test_a_checkpoint_is_made_once(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path) as store:
            await store.commit(1, Changes(rows=[row(1)], seen=[1]), {}, {"done": 1})
            await store.commit(1, Changes(rows=[row(1)], seen=[1]), {}, {"done": 2})
            assert await store.totals() == Totals(rows=1, seen=1)

    run_real(main())


def test_identities_and_fates_that_are_there_already_do_no_harm(run_real: Run, either: Path | None) -> None:
    async def main() -> None:
        async with opened(either) as store:
            first = fate(8, 5, "offsite")
            await store.add(Changes(seen=[1, 2, 2], fates=[fate(8), fate(8), first, fate(8, 5, "depth")]))
            await store.add(Changes(seen=[2, 3, 1], fates=[fate(8, 4, "reset"), first, fate(9, 5, "offsite")]))
            assert await all_seen(store) == [1, 2, 3]
            assert await store.totals() == Totals(seen=3, fates={4: 1, 5: 3})
        if either is not None:
            async with opened(either) as store:
                assert (await store.totals()).seen == 3

    run_real(main())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (Changes(rows=[row(1)], seen=[5]), DamagedJob),
        (Changes(seen=[5], gone=[77]), DamagedJob),
        (Changes(seen=[5], fates=[fate(2**70)]), Exception),
    ],
    ids=["a number twice", "a row that is not there", "a number too large"],
)
def test_a_checkpoint_that_cannot_be_made_leaves_nothing(
    run_real: Run, path: Path, changes: Changes, error: type[Exception]
) -> None:
    async def main() -> None:
        async with opened(path) as store:
            await store.commit(1, Changes(rows=[row(1)]), {"state": b"1"})
            with pytest.raises(error):
                await store.commit(2, changes, {"state": b"2"})
            assert await store.totals() == Totals(rows=1)
            await store.commit(2, Changes(seen=[6]), {"state": b"2"})
        store = Store(path)
        found = await store.open()
        assert (found.checkpoint, found.meta, found.seen) == (2, {"state": b"2"}, 1)
        await store.close(clean=True)

    run_real(main())


def test_a_temporary_store_says_when_its_rows_do_not_fit(run_real: Run) -> None:
    async def main() -> None:
        async with opened(None) as store:
            await store.add(Changes(rows=[row(1)]))
            with pytest.raises(DamagedJob, match="the temporary file of pending requests"):
                await store.add(Changes(rows=[row(1)]))

    run_real(main())


def test_a_temporary_store_makes_no_thread_and_no_file_before_it_is_needed(run_real: Run) -> None:
    async def main() -> None:
        threads = threading.active_count()
        store = Store(None)
        await store.open()
        assert threading.active_count() == threads
        assert repr(store) == "<Store temporary>"
        await store.close(clean=True)

    run_real(main())


def test_no_thread_is_left_and_closing_twice_does_nothing(run_real: Run, path: Path) -> None:
    async def main() -> None:
        before = set(threading.enumerate())
        async with opened(path) as store:
            await store.known([1])
            assert str(path) in repr(store)
        await store.close(clean=True)
        assert set(threading.enumerate()) == before

    run_real(main())


def test_all_files_are_the_owners_alone(run_real: Run, path: Path) -> None:
    async def main() -> None:
        old = os.umask(0)
        try:
            async with opened(path, seen_mode="log") as store:
                await store.commit(1, Changes(seen=[1], stored_filter=StoredFilter(b"filter", 0)))
                modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        finally:
            os.umask(old)
        assert modes == dict.fromkeys(
            ["frontier.db", "frontier.db-wal", "frontier.db-shm", "frontier.db.seen-1"], 0o600
        )

    run_real(main())


def test_a_cancelled_checkpoint_is_made_to_its_end(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path) as store:
            rows = [row(number) for number in range(2000)]
            task = asyncio.ensure_future(store.commit(1, Changes(rows=rows)))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await store.totals()).rows == 2000

    run_real(main())


def test_the_error_of_a_cancelled_checkpoint_is_not_lost(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path) as store:
            task = asyncio.ensure_future(store.commit(1, Changes(gone=[1])))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(DamagedJob, match="1 pending requests"):
                await task

    run_real(main())


def test_a_log_gives_its_identities_in_order_and_a_filter_takes_their_place(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path, seen_mode="log") as store:
            await store.commit(1, Changes(seen=[9, 8, 9]))
            mark = store.log_end
            await store.add(Changes(seen=[7]))
            assert await all_seen(store) == [9, 8, 9, 7]
            await store.commit(2, Changes(seen=[6], stored_filter=StoredFilter(b"holds 9 8", mark)))
            assert await all_seen(store) == [7, 6]
            assert await store.totals() == Totals(seen=2)
            await store.commit(3, Changes(stored_filter=StoredFilter(b"holds all", store.log_end)))
            assert [file.name for file in path.parent.glob("*.seen-*")] == ["frontier.db.seen-3"]
            await store.commit(4, Changes(seen=[5]))
        (path.parent / "frontier.db.seen-99").write_bytes(b"of a checkpoint that was not made")
        store = Store(path, seen_mode="log")
        found = await store.open()
        assert (found.stored_filter, found.seen, store.log_end) == (b"holds all", 1, 6)
        assert not (path.parent / "frontier.db.seen-99").exists()
        await store.close(clean=True)

    run_real(main())


def test_a_temporary_log_is_not_kept(run_real: Run) -> None:
    async def main() -> None:
        async with opened(None, seen_mode="log") as store:
            assert await all_seen(store) == []
            await store.add(Changes(seen=[1]))
            assert await all_seen(store) == []

    run_real(main())


def test_another_way_of_keeping_identities_is_refused_by_name(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path, seen_mode="log"):
            pass
        with pytest.raises(StoreError, match="begun with SEEN = bloom and"):
            await Store(path).open()
        other = path.with_name("other.db")
        async with opened(other):
            pass
        with pytest.raises(StoreError, match="begun with SEEN = exact or bloom"):
            await Store(other, seen_mode="log").open()

    run_real(main())


def test_the_log_of_the_file_is_started_anew_when_it_has_grown(
    run_real: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        monkeypatch.setattr(store_module, "_LOG_MAX_BYTES", 50_000)
        async with opened(path) as store:
            await store.add(Changes(rows=[row(number) for number in range(2000)]))
            assert (path.parent / "frontier.db-wal").stat().st_size == 0

    run_real(main())


def test_a_reader_never_sees_half_a_transaction(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path) as store:
            for number in range(1, 6):
                rows = [row(number * 10_000 + nth) for nth in range(3000)]
                commit = asyncio.ensure_future(store.commit(number, Changes(rows=rows)))
                while not commit.done():
                    assert (await store.totals()).rows % 3000 == 0
                await commit

    run_real(main())


def test_what_is_known_can_be_asked_while_a_temporary_store_writes(run_real: Run) -> None:
    async def main() -> None:
        async with opened(None) as store:
            await store.add(Changes(seen=[1]))
            write = asyncio.ensure_future(store.add(Changes(rows=[row(number) for number in range(20_000)])))
            assert await store.known([1, 2]) == {1}
            await write
            with pytest.raises(OverflowError):
                await store.known([2**80])

    run_real(main())


def test_a_disk_that_is_full_is_named_and_nothing_is_stored(
    run_real: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with opened(path) as store:
            await store.commit(1, Changes(rows=[row(1)]))
            assert store._connection is not None
            (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
            store._connection.execute(f"PRAGMA max_page_count={pages}").fetchone()
            with pytest.raises(StoreError, match="the disk is full: make room") as caught:
                await store.commit(2, Changes(rows=[row(2, data=b"x" * 1_000_000)]))
            assert not isinstance(caught.value, DamagedJob)
            assert await store.totals() == Totals(rows=1)
            store._connection.execute("PRAGMA max_page_count=1000000").fetchone()

    run_real(main())


def test_a_file_that_another_process_holds_is_named(run_real: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        monkeypatch.setattr(connection_module, "_BUSY_S", 0.0)
        async with opened(path) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"database is locked \(SQLITE_BUSY\)"):
                await store.commit(1, Changes(rows=[row(1)]))
            other.close()
            await store.commit(1, Changes(rows=[row(1)]))

    run_real(main())


def test_a_folder_that_is_missing_is_named(run_real: Run, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*No such file or directory"):
        run_real(Store(tmp_path / "nowhere" / "frontier.db").open())


def test_rows_that_are_altered_behind_the_stores_back_are_refused(run_real: Run, path: Path) -> None:
    async def main() -> None:
        async with opened(path, clean=False) as store:
            await store.commit(1, Changes(rows=[row(number) for number in range(5)]))
            other = sqlite3.connect(path)
            other.execute("UPDATE rows SET data = x'00' WHERE number = 3")
            other.commit()
            with pytest.raises(DamagedJob, match=r"altered \(row 3\)"):
                await all_rows(store)
            other.execute("UPDATE rows SET host = 1.5 WHERE number = 3")
            other.commit()
            with pytest.raises(DamagedJob, match="altered"):
                await all_rows(store)
            other.execute("PRAGMA writable_schema=ON")
            other.execute("UPDATE sqlite_schema SET sql = replace(sql, 'crc INTEGER NOT NULL', 'crc INTEGER')")
            other.commit()
            other.close()
            other = sqlite3.connect(path)
            other.execute("UPDATE rows SET crc = NULL WHERE number = 3")
            other.commit()
            other.close()
            with pytest.raises(DamagedJob, match="altered"):
                await all_rows(store)

    run_real(main())
