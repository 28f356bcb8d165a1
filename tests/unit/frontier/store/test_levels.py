"""Young records and old ones answer every question together, wherever the border is."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.frontier.store import Changes, Row, Store
from framework.frontier.store import levels as levels_module
from framework.frontier.store import writing as writing_module
from framework.frontier.store.integrity import examine

Run = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def small_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing_module, "YOUNG_MAX", 25)
    monkeypatch.setattr(levels_module, "_A_STEP", 7)


@pytest.fixture(params=["file", "temporary"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "frontier.db" if request.param == "file" else None


def counts(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        tables = ("seen", "seen_young", "by_host", "by_host_young")
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    finally:
        connection.close()


def rows_of(numbers: range) -> list[Row]:
    return [Row(n, n * 7919 % 1009, n % 3, n % 2, b"%d" % n) for n in numbers]


def test_rows_are_found_by_host_and_priority_in_both_levels(run_real: Run, path: Path | None) -> None:
    chosen = random.Random(7)
    gone = chosen.sample(range(100), 40)

    async def main() -> None:
        store = Store(path)
        await store.open()
        for start in range(0, 100, 10):
            await store.add(Changes(rows=rows_of(range(start, start + 10))))
        await store.add(Changes(gone=gone[:20]))
        await store.add(Changes(rows=rows_of(range(100, 110)), gone=gone[20:]))
        left = [row for row in rows_of(range(110)) if row.number not in gone]

        for host in range(4):
            for priority in range(2):
                of_host = [row for row in left if (row.host, row.priority) == (host, priority)]
                assert await store.load(host, priority, 1000) == of_host[::-1]
                assert await store.load(host, priority, 5, newest_first=False) == of_host[:5]
                assert (
                    await store.load(host, priority, 5, below=60) == [row for row in of_host if row.number < 60][:-6:-1]
                )
                above = await store.load(host, priority, 5, above=60, newest_first=False)
                assert above == [row for row in of_host if row.number > 60][:5]
        assert await store.priorities() == [1, 0]
        assert [host for host, _ in await store.cold_heads(1, None, 10, 2)] == [0, 1, 2]
        assert [host for host, _ in await store.cold_heads(1, 0, 10, 2)] == [1, 2]
        assert (await store.totals()).rows == len(left)
        await store.close(clean=True)

    run_real(main())
    if path is not None:
        assert 0 < counts(path)["by_host_young"] <= 25 < counts(path)["by_host"]
        connection = sqlite3.connect(path)
        examine(connection, path)
        connection.close()


def test_identities_are_known_in_both_levels_and_counted_once(run_real: Run, path: Path | None) -> None:
    identities = [n * 83_798_737_199_239_919 - 2**62 for n in random.Random(3).sample(range(110), 110)]

    async def main() -> None:
        store = Store(path)
        await store.open()
        for start in range(0, 110, 10):
            await store.add(Changes(seen=identities[start : start + 10]))
        await store.add(Changes(seen=identities[:5]))  # old ones, in the young table for a while

        assert await store.known([*identities, 1, 2, 3]) == set(identities)
        assert [number async for batch in store.each_seen() for number in batch] == sorted(identities)
        assert (await store.totals()).seen == 110

        await store.add(Changes(seen=[*identities[20:50], 5]))  # and now they meet

        assert [number async for batch in store.each_seen() for number in batch] == sorted([*identities, 5])
        assert (await store.totals()).seen == 111
        await store.close(clean=True)

    run_real(main())
    if path is not None:
        assert counts(path)["seen"] + counts(path)["seen_young"] == 111
        connection = sqlite3.connect(path)
        examine(connection, path)
        connection.close()


def test_a_store_that_is_opened_again_knows_how_many_are_young(run_real: Run, tmp_path: Path) -> None:
    path = tmp_path / "frontier.db"

    async def run(numbers: range) -> int:
        store = Store(path)
        found = await store.open()
        await store.add(Changes(rows=rows_of(numbers), seen=list(numbers)))
        await store.close(clean=True)
        return found.seen

    assert [run_real(run(range(start, start + 10))) for start in range(0, 40, 10)] == [0, 10, 20, 30]
    assert counts(path) == {"seen": 30, "seen_young": 10, "by_host": 30, "by_host_young": 10}
