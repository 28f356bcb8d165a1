from __future__ import annotations

import asyncio

import pytest

from framework.exceptions import DamagedJob
from framework.frontier.store import Changes, Row, Store
from framework.http.stored import dump_value
from framework.jobs import Progress, cuts_of, is_exhausted, progress_of, size_of


def test_a_job_without_a_file_has_done_nothing(tmp_path):
    assert progress_of(tmp_path) == Progress()


def test_numbers_are_those_of_the_last_checkpoint(desk):
    live = desk.crawl()

    assert progress_of(live.folder) == Progress(pages=12, pending=3, items=7)
    assert size_of(live.folder) > 1000


def test_a_damaged_file_has_no_numbers(desk):
    live = desk.crawl()
    (live.folder / "frontier.db").write_bytes(b"no database")

    assert progress_of(live.folder) is None
    said = desk.decide().said
    assert said == ["Continuing job books-1; --new starts afresh"]


def test_cuts_are_those_of_the_last_checkpoint(desk):
    live = desk.decide()
    assert cuts_of(live.folder) == {}
    live.close()

    with desk.decide() as live:
        desk.store(live, pages=1, pending=1)
        live.opened()
        assert cuts_of(live.folder) == {}
        desk.store(live, pages=1, pending=1, cuts={"feed a.jsonl": {"offset": 12}})
        assert cuts_of(live.folder) == {"feed a.jsonl": {"offset": 12}}


def test_the_cuts_of_a_job_whose_file_is_gone_are_not_taken_for_none(desk):
    live = desk.crawl()
    (live.folder / "frontier.db").unlink()

    with pytest.raises(DamagedJob, match="missing"):
        cuts_of(live.folder)


@pytest.mark.parametrize(
    ("progress", "text"),
    [(Progress(1, 0), "1 page done, 0 pending"), (Progress(1204, 300), "1,204 pages done, 300 pending")],
)
def test_progress_in_words(progress, text):
    assert str(progress) == text


@pytest.mark.parametrize(
    ("started", "pending", "expected"), [(True, 0, True), (True, 1, False), (False, 0, False), (None, 0, False)]
)
def test_a_job_is_exhausted_when_start_is_through_and_nothing_waits(desk, started, pending, expected):
    live = desk.decide()
    assert not is_exhausted(live.folder)
    meta = {} if started is None else {"started": dump_value(started)}

    async def write():
        kept = Store(live.folder / "frontier.db")
        await kept.open()
        rows = [Row(n, n, 1, 0, b"") for n in range(1, pending + 1)]
        await kept.commit(1, Changes(rows=rows, seen=[row.identity for row in rows]), meta, {})
        await kept.close(clean=True)

    asyncio.run(write())

    assert is_exhausted(live.folder) is expected
    live.close()
