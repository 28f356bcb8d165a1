"""Files that a feed begins under names which are known only then: marked, noted, and let go when the job is over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framework.exceptions import UsageError
from framework.jobs import FileClaims, abandon


@pytest.fixture
def job(desk):
    """Return an unfinished job that names no file beforehand."""
    return desk.crawl(desk.command(feeds={"b-%(batch_time)s.jsonl": {}}))


@pytest.fixture
def file(desk):
    return desk.folder / "b-1.jsonl"


def give_up(desk, job):
    [stored] = [other for other in desk.jobs.jobs() if other.name == job.name]
    abandon(desk.jobs, stored, desk.cut_outputs)


def begin(job, file, text="a\n"):
    FileClaims(job.folder).take(file)
    file.write_text(text)


def test_a_file_is_marked_once_and_is_not_lost(desk, job, file):
    claims = FileClaims(job.folder)
    claims.take(file)
    claims.take(file)
    begin(job, file)

    assert (desk.folder / ".b-1.jsonl.fwk").exists()
    assert (job.folder / "begun").read_text().count("b-1.jsonl") == 2, "one line: the way and the name"
    assert FileClaims(job.folder).lost_to(file) == ""


def test_a_file_of_another_job_is_refused_until_that_is_given_up(desk, job, file):
    begin(job, file)
    other = desk.crawl(desk.command("poems", feeds={}))

    for folder in (other.folder, None):
        with pytest.raises(UsageError, match="belongs to job books-1"):
            FileClaims(folder).take(file)
    assert FileClaims(None).lost_to(file) == ""
    with pytest.raises(UsageError, match=r"b-1.jsonl belongs to job books-1, which is killed"):
        desk.crawl(desk.command("poems", feeds={"b-1.jsonl": {}}))
    give_up(desk, job)
    assert not (desk.folder / ".b-1.jsonl.fwk").exists()
    FileClaims(other.folder).take(file)
    assert FileClaims(job.folder).lost_to(file).startswith(f"job poems-1 ({other.folder}")


def test_a_file_whose_mark_is_gone_was_written_to_by_something_else(desk, job, file):
    begin(job, file)
    (desk.folder / ".b-1.jsonl.fwk").unlink()

    assert FileClaims(job.folder).lost_to(file).startswith("something else (its mark ")
    file.unlink()
    assert FileClaims(job.folder).lost_to(file) == "", "who opens it tells that it is gone"


@pytest.mark.parametrize(("more", "who"), [("", ""), ("b\n", "something else")])
def test_a_file_of_a_job_that_was_given_up_is_its_own_until_it_has_grown(desk, job, file, more, who):
    begin(job, file)
    give_up(desk, job)
    with file.open("a") as out:
        out.write(more)

    assert FileClaims(job.folder).lost_to(file) == who
    give_up(desk, job)
    assert FileClaims(job.folder).lost_to(file) == who
    if not who:
        FileClaims(job.folder).take(file)
        give_up(desk, job)
        assert not (desk.folder / ".b-1.jsonl.fwk").exists(), "it was marked again, and let go again"


def test_a_line_that_was_half_written_harms_no_other(desk, job, file):
    begin(job, file)
    begun = job.folder / "begun"
    begun.write_bytes(begun.read_bytes()[:-4])

    assert FileClaims(job.folder).lost_to(file) == ""
    second = desk.folder / "b-2.jsonl"
    begin(job, second)
    (desk.folder / ".b-2.jsonl.fwk").unlink()
    assert FileClaims(job.folder).lost_to(second).startswith("something else")


def test_what_is_no_file_is_not_marked(desk, job):
    FileClaims(job.folder).take(Path(os.devnull))

    assert not (job.folder / "begun").exists()


def test_where_no_mark_can_be_written_the_file_has_none(desk, job):
    blocked = desk.folder / "blocked"
    blocked.write_text("")

    FileClaims(job.folder).take(blocked / "b-1.jsonl")

    assert not (job.folder / "begun").exists()
