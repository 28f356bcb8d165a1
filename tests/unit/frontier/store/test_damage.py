"""A damaged file gives what some checkpoint held, or is refused by name: never silently less."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob, StoreError
from framework.frontier.store import Changes, FateRow, Row, Store, StoredFilter
from framework.frontier.store.rows import SeenMode

Run = Callable[[Any], Any]
Content = tuple[Any, ...]
NAME = "frontier.db"
PARTS = ("", "-wal", "-shm")
ENDS = [(True, 4000), (False, 4000), (False, 15)]
END_NAMES = ["closed", "killed", "killed with half of the log in the database"]
CUTS, FLIPS = (256, 400) if os.environ.get("ACCEPT") == "full" else (32, 60)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder in memory where there is one: thousands of jobs are opened, and each of them syncs its file."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as made:
        yield Path(made)


async def content(store: Store) -> Content:
    """Return all that a store holds, to be compared."""
    rows = [
        (row.number, row.identity, row.host, row.priority, row.data, row.delivered)
        async for batch in store.each_row()
        for row in batch
    ]
    seen = [identity async for batch in store.each_seen() for identity in batch]
    reached = [
        row.number
        for priority in await store.priorities()
        for _, rows in await store.cold_heads(priority, None, 10_000, 10_000)
        for row in rows
    ]
    assert sorted(reached) == [row[0] for row in rows]
    known = await store.known(seen)
    assert known == set(seen) or not known  # a log cannot be asked
    return tuple(rows), tuple(seen), tuple(sorted((await store.totals()).fates.items()))


async def reopened(path: Path, seen_mode: SeenMode = "exact") -> Content:
    """Open a file, return all that it holds, and leave it as a crash would."""
    store = Store(path, must_exist=True, seen_mode=seen_mode)
    opened = await store.open()
    try:
        found = await content(store)
    finally:
        await store.close(clean=False)
    return (opened.checkpoint, opened.meta, opened.counts, opened.stored_filter, *found)


def changes_of(number: int, chance: random.Random) -> Changes:
    rows = [
        Row(number * 100 + nth, chance.getrandbits(63), nth % 7, nth % 2, chance.randbytes(chance.choice([20, 90])))
        for nth in range(40)
    ]
    fates = [FateRow(row.identity, 1, "", f"http://h/{row.number}", "GET", 0, 1.0, 2.0, 1, []) for row in rows[:20]]
    refused = FateRow(number, 5, "offsite", "http://h/", "GET", 0, 1.0, 2.0, 0, [])
    gone = [(number - 1) * 100 + nth for nth in range(30)] if number > 1 else []
    return Changes(rows, gone, [row.identity for row in rows], [*fates, refused])


async def write_job(
    path: Path, checkpoints: int, *, clean: bool, seen_mode: SeenMode = "exact", log_pages: int = 4000
) -> list[Content]:
    """Write a job of some checkpoints, copied aside before it is closed; return what it held at each step."""
    chance = random.Random(checkpoints)
    store = Store(path, seen_mode=seen_mode)
    await store.open()
    assert store._connection is not None
    store._connection.execute(f"PRAGMA wal_autocheckpoint={log_pages}")
    states: list[Content] = [(0, {}, {}, None, (), (), ())]
    stored = None
    meta, counts = {}, {}
    for number in range(1, checkpoints + 1):
        changes = changes_of(number, chance)
        if seen_mode == "log" and number % 2:
            stored = f"filter {number}".encode()
            changes.stored_filter = StoredFilter(stored, store.log_end)
        meta, counts = {"state": bytes([number]) * 10, "cookies": b"the same"}, {"done": number}
        await store.commit(number, changes, meta, counts)
        states.append((number, meta, counts, stored, *await content(store)))
        await store.add(Changes(rows=[Row(number * 100 + 99, number, 3, 1, b"spilt")], seen=[number]))
        states.append((number, meta, counts, stored, *await content(store)))
    aside = path.with_name("aside")
    aside.mkdir()
    if clean:
        await store.close(clean=True)
    for file in path.parent.glob(f"{NAME}*"):
        shutil.copy(file, aside)
    await store.close(clean=clean)
    return states


def copied(source: Path, target: Path) -> Path:
    """Return a fresh copy of a job's files."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target / NAME


async def is_loud_or_right(path: Path, states: list[Content], seen_mode: SeenMode = "exact") -> bool:
    """Say whether the job was refused; if not, it must be as it was at some step."""
    try:
        found = await reopened(path, seen_mode)
    except StoreError as error:
        return str(path.parent) in str(error)
    assert found in states
    return False


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("clean", "log_pages"), ENDS, ids=END_NAMES)
def test_a_file_cut_anywhere_at_its_end_is_an_older_checkpoint_or_refused(
    run_real: Run, folder: Path, part: str, clean: bool, log_pages: int
) -> None:
    async def main() -> None:
        states = await write_job(folder / NAME, 6, clean=clean, log_pages=log_pages)
        whole = folder / "aside"
        if not (whole / (NAME + part)).exists():
            return
        size = (whole / (NAME + part)).stat().st_size
        for cut in range(max(0, size - 4096), size, 4096 // CUTS):
            path = copied(whole, folder / "copy")
            with path.with_name(NAME + part).open("r+b") as file:
                file.truncate(cut)
            await is_loud_or_right(path, states)

    run_real(main())


@pytest.mark.parametrize("part", PARTS[:2])
@pytest.mark.parametrize(("clean", "log_pages"), ENDS, ids=END_NAMES)
def test_a_flipped_bit_anywhere_is_an_older_checkpoint_or_refused(
    run_real: Run, folder: Path, part: str, clean: bool, log_pages: int
) -> None:
    async def main() -> None:
        states = await write_job(folder / NAME, 6, clean=clean, log_pages=log_pages)
        chance = random.Random(part)
        whole = folder / "aside"
        if not (whole / (NAME + part)).exists():
            return
        size = (whole / (NAME + part)).stat().st_size
        places = [*range(0, 100, 400 // FLIPS), *(chance.randrange(size) for _ in range(FLIPS))]
        refused = 0
        for place in places:
            path = copied(whole, folder / "copy")
            with path.with_name(NAME + part).open("r+b") as file:
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ (1 << chance.randrange(8))]))
            refused += await is_loud_or_right(path, states)
        if clean:
            assert refused > len(places) // 4

    run_real(main())


def test_a_file_copied_between_any_two_statements_is_a_whole_step(run_real: Run, folder: Path) -> None:
    async def main() -> None:
        path = folder / "job" / NAME
        path.parent.mkdir()
        store = Store(path)
        await store.open()
        copies: list[Path] = []

        def copy(statement: str) -> None:
            copies.append(copied(path.parent, folder / f"copy{len(copies)}"))

        assert store._connection is not None
        store._connection.set_trace_callback(copy)
        states: list[Content] = [(0, {}, {}, None, (), (), ())]
        for number in (1, 2, 3):
            meta, counts = {"state": bytes([number])}, {"done": number}
            await store.commit(number, changes_of(number, random.Random(number)), meta, counts)
            states.append((number, meta, counts, None, *await content(store)))
        await store.close(clean=True)
        found = [await reopened(copied_path) for copied_path in copies]
        assert len(copies) > 20
        assert all(one in states for one in found)
        assert [one[0] for one in found] == sorted(one[0] for one in found)

    run_real(main())


def test_a_missing_or_empty_file_is_refused(run_real: Run, folder: Path) -> None:
    path = folder / NAME
    with pytest.raises(DamagedJob, match=r"the file is missing.*--new"):
        run_real(Store(path, must_exist=True).open())
    path.with_name(NAME + "-wal").write_bytes(b"log")
    with pytest.raises(DamagedJob, match="the file is missing"):
        run_real(Store(path).open())
    path.touch()
    with pytest.raises(DamagedJob, match="the file is empty"):
        run_real(Store(path).open())
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedJob, match="the file is damaged"):
        run_real(Store(path).open())


def test_a_log_without_which_the_file_is_older_is_still_a_whole_step(run_real: Run, folder: Path) -> None:
    async def main() -> None:
        states = await write_job(folder / NAME, 3, clean=False)
        path = copied(folder / "aside", folder / "copy")
        path.with_name(NAME + "-wal").unlink()
        await is_loud_or_right(path, states)

    run_real(main())


def test_a_damaged_filter_is_refused_and_a_whole_one_comes_back(run_real: Run, folder: Path) -> None:
    async def main() -> None:
        states = await write_job(folder / NAME, 4, clean=False, seen_mode="log")
        whole = folder / "aside"
        (name,) = [file.name for file in whole.glob("*.seen-*")]
        path = copied(whole, folder / "copy")
        assert await reopened(path, "log") == states[-1]
        data = (whole / name).read_bytes()
        for bad in (data[:-1], data[:20], b"", bytes([data[0] ^ 1]) + data[1:], data[:-1] + b"!", None):
            path = copied(whole, folder / "copy")
            path.with_name(name).unlink()
            if bad is not None:
                path.with_name(name).write_bytes(bad)
            with pytest.raises(DamagedJob, match=r"\.seen-3: the file of the seen-filter"):
                await reopened(path, "log")

    run_real(main())


def test_what_a_killed_creation_left_is_in_nobodys_way(run_real: Run, folder: Path) -> None:
    async def main() -> None:
        for suffix in ("", "-wal", "-shm"):
            (folder / f"{NAME}.new{suffix}").write_bytes(b"half")
        store = Store(folder / NAME)
        assert (await store.open()).is_new
        await store.close(clean=True)

    run_real(main())
    assert [file.name for file in folder.iterdir()] == [NAME]
