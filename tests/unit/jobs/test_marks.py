"""Marks beside output files, and who has written to a file."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
from pathlib import Path

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobsFolder
from framework.jobs.marks import lost_marks, mark_path, marking, read_mark


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


def test_a_name_that_is_no_text_has_a_mark_too():
    name = os.fsdecode(b"/a/\xff.jsonl")

    assert os.fsencode(mark_path(name, name)) == b"/a/.\xff.jsonl.fwk"
    assert mark_path(f"/a/{name[3:]}%(x)s", name).parent == Path("/a")


@contextlib.contextmanager
def locked(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_a_folder_that_somebody_else_keeps_locked_is_not_waited_for_without_end(desk):
    with (
        locked(desk.folder),
        pytest.raises(UsageError, match=rf"another process has locked the folder {desk.folder} for 0.05 s"),
        marking(desk.folder, patience_s=0.05),
    ):
        pass

    with marking(desk.folder) as is_there:
        assert is_there


def test_a_job_in_a_locked_folder_is_not_begun(desk, monkeypatch):
    monkeypatch.setattr("time.monotonic", iter(range(1000)).__next__)
    live = desk.decide()

    with locked(desk.folder), pytest.raises(UsageError, match="has locked the folder"), live:
        pass
    live.close()
    assert desk.states() == {}
    assert not (desk.folder / ".items.jsonl.fwk").exists()
    assert desk.crawl().record.marked == [str(desk.folder / "items.jsonl")]


def test_where_a_folder_cannot_be_locked_files_are_marked_all_the_same(desk, monkeypatch):
    real = fcntl.flock

    def only_files(descriptor, how):
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(95, os.strerror(95))
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", only_files)

    assert desk.crawl().record.marked == [str(desk.folder / "items.jsonl")]


def test_where_the_folder_cannot_be_made_there_is_no_mark(desk):
    (desk.folder / "out").write_text("a file")

    live = desk.crawl(desk.command(feeds={"out/items.jsonl": {}}))

    assert live.record.marked == []


def test_a_mark_of_another_job_names_it_until_the_file_is_nobodys(desk):
    live = desk.crawl()
    (desk.folder / ".fwk").rename(desk.folder / "away")
    jobs, desk.jobs = desk.jobs, JobsFolder(desk.folder / "other", clock=desk.clock)
    second = desk.crawl(desk.command("poems"))
    (desk.folder / "away").rename(desk.folder / ".fwk")
    desk.jobs = jobs

    assert lost_marks(live.record) == {str(desk.folder / "items.jsonl"): f"poems-1 ({second.folder})"}
    with pytest.raises(UsageError, match=rf"taken over by job poems-1 \({second.folder}\), so job books-1 cannot"):
        desk.decide()
