from __future__ import annotations

from types import SimpleNamespace

import pytest

from framework.exceptions import ExportError
from framework.jobrun import JobRun, cut_back
from framework.settings import Settings


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
    settings = Settings({"WARN_FILL_RATE": 0})
    crawler = SimpleNamespace(finish_reason="failed", job=SimpleNamespace(folder=tmp_path), settings=settings)
    warnings = JobRun(crawler).warnings()
    (tmp_path / "frontier.db").write_bytes(b"no database at all, and long enough to be seen as none")

    assert warnings == [
        "of the whole job 0 pages and 0 items are stored; what came after the last checkpoint is crawled again"
    ]
    assert "cannot be read" in JobRun(crawler).warnings()[0]
    crawler.finish_reason = "finished"
    assert JobRun(crawler).warnings() == []
