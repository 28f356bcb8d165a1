"""Marks beside output files, and who has written to a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobsFolder
from framework.jobs.marks import lost_marks, mark_path, read_mark


def test_a_mark_lies_where_no_placeholder_has_a_say():
    assert mark_path("/a/items.jsonl", "/a/items.jsonl") == Path("/a/.items.jsonl.fwk")
    batches = mark_path("/a/b/%(name)s/x-%(batch_id)d.jsonl", "/a/b/books/x-%(batch_id)d.jsonl")
    assert batches.parent == Path("/a/b")
    moved = mark_path("/c/%(name)s/x-%(batch_id)d.jsonl", "/c/books/x-%(batch_id)d.jsonl")
    assert moved.name == batches.name, "a project that is moved takes its marks along"
    assert mark_path("/a/b/%(name)s/x-%(batch_id)d.jsonl", "/a/b/poems/x-%(batch_id)d.jsonl") != batches
    assert len(mark_path("/a/" + "x" * 250, "/a/" + "x" * 250).name) < 100


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[1]"])
def test_a_mark_that_is_not_whole_says_nothing(tmp_path, content):
    (tmp_path / ".items.jsonl.fwk").write_bytes(content)

    assert read_mark(tmp_path / ".items.jsonl.fwk") is None


def test_the_mark_is_there_while_the_job_can_go_on(desk):
    mark = desk.folder / ".items.jsonl.fwk"

    live = desk.crawl()
    assert read_mark(mark).id == live.record.id
    assert live.folder in read_mark(mark).folders
    desk.crawl(end=("stopped", "shutdown"))
    assert mark.exists()
    desk.crawl(choice="resume", end=("ended", "finished"))
    assert not mark.exists()


def test_two_jobs_that_begin_at_once_in_two_folders_do_not_get_one_file(desk):
    first, second = desk.decide(), None
    jobs, desk.jobs = desk.jobs, JobsFolder(desk.folder / "other", clock=desk.clock)
    second = desk.decide(desk.command("poems", feeds={"more.jsonl": {}, "items.jsonl": {}}))
    with first, pytest.raises(UsageError, match=r"items.jsonl belongs to job books-1 \(.*\), which is running"), second:
        pass

    second.close()
    assert not (desk.folder / ".more.jsonl.fwk").exists()
    assert desk.states() == {}
    assert [job.name for job in jobs.jobs()] == []


def test_where_no_mark_can_be_written_the_crawl_goes_on_without(desk):
    (desk.folder / ".items.jsonl.fwk.new").mkdir()

    live = desk.crawl()

    assert live.record.marked == []
    assert desk.crawl().is_resumed


def test_a_file_without_its_mark_is_refused_until_the_folder_is_gone(desk):
    feeds = {"out/items.jsonl": {}}
    live = desk.crawl(desk.command(feeds=feeds))
    mark = desk.folder / "out" / ".items.jsonl.fwk"
    mark.unlink()

    with pytest.raises(UsageError, match=r"taken over by something else \(its mark .* is gone\).*-o FILE"):
        desk.decide(desk.command(feeds=feeds))
    mark.parent.rmdir()
    assert lost_marks(live.record) == {}
    assert lost_marks(dataclasses.replace(live.record, marked=["nowhere"])) == {}
