from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.frontier.store import Changes, EndKind, FateRow, Row, Store, StoreSearch

Run = Callable[[Any], Any]


def fate(identity: int, kind: int, reason: str = "", url: str = "http://h/", parent: int = 1) -> FateRow:
    return FateRow(identity, kind, reason, url, "GET", parent, float(abs(identity)), 2.5, 0, [])


FATES = [
    fate(1, 1, url="http://h/shelf_1?b=2&a=1", parent=0),
    fate(2, 3, "robots", "http://h/shelf/a"),
    fate(3, 3, "robots", "http://h/shelf/b"),
    fate(4, 4, "timeout", "HTTP://H/shelf/C", parent=3),
    fate(5, 5, "depth", "http://h/shelf/a"),
    fate(6, 5, "depth", "not a url ["),
]


@pytest.fixture
def search(tmp_path: Path, run_real: Run) -> Any:
    path = tmp_path / "frontier.db"

    async def main() -> None:
        store = Store(path)
        await store.open()
        rows = [Row(1, 77, 5, 0, b"..http://h/waiting.."), Row(2, 78, 5, 0, b"..http://h/other..")]
        await store.commit(1, Changes(rows, [], [77, 78], FATES), {}, {})
        await store.close(clean=True)

    run_real(main())
    with StoreSearch(path) as search:
        yield search


def test_urls_are_compared_in_one_spelling(search: StoreSearch) -> None:
    assert search.fates_of("http://h/shelf/", str.lower, "http://h/shelf/c") == [FATES[3]]
    assert search.fates_of("http://h/shelf/a", str, "http://h/shelf/a") == [FATES[1], FATES[4]]
    assert search.fates_of("http://h/nothing", str, "http://h/nothing") == []


def test_a_url_that_has_no_other_spelling_is_itself(search: StoreSearch) -> None:
    def broken(url: str) -> str:
        raise ValueError(url)

    assert search.fates_of("", broken, "not a url [") == [FATES[5]]


def test_signs_of_a_pattern_are_signs_of_the_url(search: StoreSearch) -> None:
    assert search.urls_below("http://h/shelf_", 10) == ["http://h/shelf_1?b=2&a=1"]
    assert search.urls_below("http://h/%", 10) == []
    assert len(search.urls_below("http://h/", 2)) == 2


def test_parents_and_children_are_named(search: StoreSearch) -> None:
    assert search.urls_of([1, 2, 99]) == {1: FATES[0].url, 2: FATES[1].url}
    assert search.urls_of([]) == {}
    assert search.urls_found_by(3, 5) == ["HTTP://H/shelf/C"]


def test_pending_requests_are_found_by_identity_and_by_their_text(search: StoreSearch) -> None:
    assert [row.identity for row in search.waiting(77, ())] == [77]
    assert [row.identity for row in search.waiting(0, {"http://h/other"})] == [78]
    assert search.waiting(0, {"http://h/nothing"}) == []


def test_fates_are_read_in_batches_by_kind_and_reason(search: StoreSearch) -> None:
    def read(*chosen: Any) -> list[int]:
        return [fate.identity for batch in search.each_batch(*chosen) for fate in batch]

    assert read() == [1, 2, 3, 4, 5, 6]
    assert read(EndKind.DROPPED) == [2, 3]
    assert read(EndKind.REFUSED) == [5, 6]
    assert read(None, "depth") == [5, 6]
    assert read(EndKind.FAILED, "robots") == []


def test_many_fates_come_a_thousand_at_a_time(tmp_path: Path, run_real: Run) -> None:
    many = [fate(number, 1) for number in range(-1100, 1100)]
    many += [fate(7, 5, f"rule {number:04}") for number in range(1100)]

    async def main() -> None:
        store = Store(tmp_path / "many.db")
        await store.open()
        await store.commit(1, Changes(fates=many), {}, {})
        await store.close(clean=True)

    run_real(main())
    with StoreSearch(tmp_path / "many.db") as search:
        assert [len(batch) for batch in search.each_batch()] == [1000, 1000, 200, 1000, 100]
        assert len(search.most_frequent(2)) == 3


def test_kinds_are_counted(search: StoreSearch) -> None:
    assert search.totals() == {1: 1, 3: 2, 4: 1, 5: 2}
    assert search.most_frequent(1) == {(3, "robots"): 2, (5, "depth"): 2}


@pytest.mark.parametrize("seen_mode", ["exact", "log"])
def test_what_a_job_accepted_is_counted_in_either_way_of_keeping_identities(
    tmp_path: Path, run_real: Run, seen_mode: Any
) -> None:
    path = tmp_path / "frontier.db"

    async def main() -> None:
        store = Store(path, seen_mode=seen_mode)
        await store.open()
        await store.commit(1, Changes(seen=[7, 8, 9]), {}, {"offered": 3})
        await store.close(clean=True)

    run_real(main())

    with StoreSearch(path) as search:
        assert search.accepted() == 3
