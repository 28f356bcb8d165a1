from __future__ import annotations

from types import SimpleNamespace

import pytest

from framework.exceptions import ExportError
from framework.frontier.store import Changes, Store
from framework.jobrun import JobRun, cut_back
from framework.protocols import FrontierView
from framework.settings import Settings

VIEW = FrontierView(8, 0, 0, 0, 8, 0, 0, 0, 0, 1)


def crawler_of(folder, *, reason="finished", runs=1, wants_items=True):
    """Return what a run looks at: a crawl of eight pages with an item."""
    return SimpleNamespace(
        finish_reason=reason,
        job=SimpleNamespace(folder=folder, record=SimpleNamespace(runs=runs)),
        settings=Settings({"WARN_FILL_RATE": 0, "WARN_NO_ITEMS": wants_items}),
        stats=SimpleNamespace(get_stats=lambda: {"response_received_count": 8, "item_scraped_count": 1}),
    )


class Output:
    def __init__(self, name, error=None):
        self.name, self.error, self.cuts = name, error, []

    async def cut_back(self, cut):
        self.cuts.append(cut)
        if self.error is not None:
            raise self.error


class Plain:
    name = "plain"


def test_every_output_is_cut_back_and_what_cannot_be_is_told_at_the_end(run):
    first, second = Output("first", ExportError("the first is gone")), Output("second")
    third = Output("third", ExportError("the third is gone"))

    with pytest.raises(ExportError, match="the first is gone; the third is gone"):
        run(cut_back([first, Plain(), second, third], {"second": 12, "third": {"offset": 3}}))

    assert (first.cuts, second.cuts, third.cuts) == ([None], [12], [{"offset": 3}])


def test_outputs_that_can_all_be_cut_back_raise_nothing(run):
    output = Output("one")

    run(cut_back([output], {}))

    assert output.cuts == [None]


def test_a_run_that_failed_says_what_of_it_is_stored(tmp_path):
    crawler = crawler_of(tmp_path, reason="failed")
    warnings = JobRun(crawler).warnings(VIEW)
    (tmp_path / "frontier.db").write_bytes(b"no database at all, and long enough to be seen as none")

    assert warnings == [
        "of the whole job 0 pages and 0 items are stored; what came after the last checkpoint is crawled again"
    ]
    assert "cannot be read" in JobRun(crawler).warnings(VIEW)[0]
    crawler.finish_reason = "finished"
    assert JobRun(crawler).warnings(VIEW) == []


@pytest.mark.parametrize(
    ("runs", "items", "reason", "wants_items", "said"),
    [
        (2, 0, "finished", True, ["8 pages crawled by the whole job and no item"]),
        (2, 0, "closespider_pagecount", True, ["8 pages crawled by the whole job and no item"]),
        (2, 3, "finished", True, []),
        (2, 0, "shutdown", True, []),
        (2, 0, "finished", False, []),
        (1, 0, "finished", True, []),  # the verdict on the run says it
    ],
)
def test_a_job_of_several_runs_without_an_item_is_told(run, tmp_path, runs, items, reason, wants_items, said):
    async def crawl() -> None:
        store = Store(tmp_path / "frontier.db")
        await store.open()
        await store.commit(1, Changes(), counts={"pages": 8, "items": items})
        await store.close(clean=True)

    run(crawl())
    crawler = crawler_of(tmp_path, reason=reason, runs=runs, wants_items=wants_items)

    assert [warning.partition(":")[0] for warning in JobRun(crawler).warnings(VIEW)] == said


def test_a_job_that_has_fetched_nothing_is_not_asked_for_items(tmp_path):
    assert JobRun(crawler_of(tmp_path, runs=2)).warnings(VIEW) == []
