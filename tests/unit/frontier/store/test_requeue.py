"""Failed requests become pending again, with what they have delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import DamagedJob
from framework.frontier.store import Changes, FateRow, Row, Store, Totals, requeue_failed

Run = Callable[[Any], Any]


def failed(identity: int, data: bytes | None = b"form", kind: int = 4) -> FateRow:
    return FateRow(identity, kind, "timeout", "http://h/", "GET", 0, 1.0, 2.0, 0, [], data, 9, 2, identity)


async def written(path: Path, counts: dict[str, int]) -> None:
    store = Store(path)
    await store.open()
    fates = [failed(1), failed(2), failed(3, None), failed(4, None, 1)]
    await store.commit(1, Changes(rows=[Row(-3, 8, 9, 2, b"waits")], fates=fates), {}, counts)
    await store.close(clean=True)


@pytest.mark.parametrize("counts", [{"failed": 3, "done": 1}, {}])
def test_failed_requests_come_back_once(tmp_path: Path, run_real: Run, counts: dict[str, int]) -> None:
    path = tmp_path / "frontier.db"

    async def main() -> None:
        store = Store(path)
        opened = await store.open()
        assert opened.clean
        assert opened.counts == ({"failed": 1, "done": 1} if counts else {})
        rows = await store.load(9, 2, 10)
        assert rows == [Row(-3, 8, 9, 2, b"waits"), Row(-4, 1, 9, 2, b"form", 1), Row(-5, 2, 9, 2, b"form", 2)]
        assert await store.totals() == Totals(rows=3, fates={1: 1, 4: 1})
        await store.close(clean=True)

    run_real(written(path, counts))
    assert requeue_failed(path) == 2
    assert requeue_failed(path) == 0
    run_real(main())


def test_what_a_fate_tells_may_be_kept_in_the_row(tmp_path: Path, run_real: Run) -> None:
    path = tmp_path / "frontier.db"

    async def rows() -> list[Row]:
        store = Store(path)
        await store.open()
        found = await store.load(9, 2, 10)
        await store.close(clean=True)
        return found

    run_real(written(path, {}))
    requeue_failed(path, data_of=lambda fate: fate.reason.encode())

    assert [row.data for row in run_real(rows())] == [b"waits", b"timeout", b"timeout"]


def test_a_job_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedJob, match="the file is missing"):
        requeue_failed(tmp_path / "frontier.db")
