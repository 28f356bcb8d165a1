"""Whose a file is, of the jobs of one folder and of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobsFolder


@pytest.fixture
def elsewhere(desk):
    """Let jobs be kept in another folder from now on."""

    def move():
        desk.jobs = JobsFolder(desk.folder / "other", clock=desk.clock)

    return move


def test_a_damaged_job_of_another_spider_holds_no_file_up(desk):
    damaged = desk.crawl()
    (damaged.folder / "job.json").write_bytes(b"?")

    assert desk.crawl(desk.command("poems")).record.marked == damaged.record.marked


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize(("feeds", "now"), [({"rest.jsonl": {}}, "rest.jsonl"), ({}, "no file")])
def test_the_file_that_a_job_began_with_is_refused_with_where_it_goes_on(desk, elsewhere, is_elsewhere, feeds, now):
    first = desk.crawl(desk.command(feeds={"items.jsonl": {}}), jobdir="mine")
    desk.crawl(desk.command(feeds=feeds), jobdir="mine")
    if is_elsewhere:
        elsewhere()

    with pytest.raises(UsageError, match=rf"items.jsonl belongs to job .*killed .* and goes on in {now}; go on"):
        desk.crawl(desk.command("poems"))
    assert (desk.folder / ".items.jsonl.fwk").exists()
    assert first.record.name == "books-1"


def test_a_job_that_is_not_ours_to_read_keeps_its_file(desk, elsewhere, monkeypatch):
    other = desk.crawl()
    elsewhere()
    real = Path.open

    def guarded(path, *args, **kwargs):
        if path.parent == other.folder:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", guarded)

    with pytest.raises(UsageError, match=rf"belongs to job books-1 \({other.folder}\), which is not yours"):
        desk.crawl(desk.command("poems"))
    assert desk.states() == {}
