from __future__ import annotations

import json
import os

import pytest

from framework.jobs.lock import take_lock


@pytest.fixture
def two_jobs(fwk, crawls):
    """Leave an ended and a killed job behind."""
    crawls.pending = 0
    fwk("crawl", "page")
    crawls.pending, crawls.end = 3, None
    fwk("crawl", "page", "-o", "items.jsonl")


def test_jobs_are_listed_with_their_numbers(fwk, two_jobs):
    ended = fwk("jobs")

    lines = ended.out.splitlines()
    assert lines[0].split() == ["JOB", "STATE", "PAGES", "PENDING", "ITEMS", "AGE", "SIZE"]
    assert lines[1].split()[:5] == ["page-1", "ended", "12", "0", "7"]
    assert lines[2].split()[:5] == ["page-2", "killed", "12", "3", "7"]
    assert lines[2].endswith("kB")
    assert len({len(line) for line in lines}) == 1


def test_why_a_job_ended_is_shown_where_something_is_left(fwk, crawls):
    crawls.end = ("ended", "closespider_pagecount")
    fwk("crawl", "page")

    assert "ended (closespider_pagecount)" in fwk("jobs").out


def test_programs_get_json(fwk, two_jobs, fresh):
    first, second = json.loads(fwk("jobs", "--json").out)

    assert (first["job"], first["state"], first["reason"]) == ("page-1", "ended", "finished")
    assert (second["pages"], second["pending"], second["items"]) == (12, 3, 7)
    assert second["outputs"] == [str(fresh / "items.jsonl")]
    assert second["process"] is None
    assert json.loads(fwk("jobs", "--json", "-s", "JOBS_FOLDER=none").out) == []


def test_no_jobs_are_no_error(fwk, project):
    assert fwk("jobs").out == "There are no jobs in .fwk/jobs.\n"


def test_a_damaged_job_and_one_elsewhere_are_listed_too(fwk, two_jobs, crawls, fresh):
    fwk("crawl", "page", "-s", "JOBDIR=crawl")
    (fresh / ".fwk/jobs/page-1/job.json").write_text("")
    (fresh / ".fwk/jobs/page-2/frontier.db").write_text("")

    ended = fwk("jobs")

    assert ended.out.splitlines()[1].split()[:6] == ["page-1", "damaged", "12", "0", "7", "?"]
    assert "page-2  killed       ?        ?      ?" in ended.out
    assert "page-3 is in crawl" in ended.out
    assert f"note: {fresh / '.fwk/jobs/page-1/job.json'} is damaged" in ended.out


def test_rm_removes_jobs_and_cuts_the_files_of_unfinished_ones(fwk, two_jobs, crawls, fresh):
    ended = fwk("jobs", "rm", "page-1", "page-2", "page-1")

    assert (ended.code, ended.out) == (0, "Removed job page-1.\nRemoved job page-2.\n")
    assert crawls.cut == [("page-2", {})]
    assert [path.name for path in (fresh / ".fwk/jobs").iterdir() if path.is_dir()] == []


def test_rm_of_all_that_are_over_leaves_the_others(fwk, two_jobs, crawls, fresh):
    assert fwk("jobs", "rm", "--all-ended").out == "Removed job page-1.\n"
    assert crawls.cut == []


def test_a_database_is_only_removed_with_its_own_option(fwk, two_jobs, fresh):
    database = fresh / ".fwk/jobs/page-1/mongo"
    database.mkdir()
    (database / "data.sqlite").touch()

    assert fwk("jobs", "rm", "--all-ended").out == ""
    ended = fwk("jobs", "rm", "page-1")
    assert (ended.code, "fwk jobs rm page-1 --data" in ended.err) == (2, True)
    assert fwk("jobs", "rm", "--data", "page-1").code == 0


def test_files_that_cannot_be_cut_are_no_reason_to_keep_a_job(fwk, two_jobs, fresh):
    (fresh / "spiders/page.py").unlink()

    ended = fwk("jobs", "rm", "page-2")

    assert ended.code == 0
    assert "note: the files of job page-2 may end with items that were not committed:" in ended.err


def test_a_running_job_is_not_removed(fwk, two_jobs, fresh):
    lock = take_lock(fresh / ".fwk/jobs/page-2/lock", "page-2")

    ended = fwk("jobs", "rm", "page-2")

    lock.release()
    assert ended.code == 1
    assert "job page-2 is being worked on by process" in ended.err


@pytest.mark.parametrize("arguments", [[], ["page-1", "--all-ended"]])
def test_rm_takes_names_or_all(fwk, two_jobs, arguments):
    ended = fwk("jobs", "rm", *arguments)

    assert ended.code == 2
    assert "names of jobs, or --all-ended" in ended.err


def test_on_a_full_disk_jobs_can_still_be_removed(fwk, two_jobs, crawls, fresh, monkeypatch):
    def fail(*args):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        for name in ("write", "pwrite", "fsync"):
            patch.setattr(os, name, fail)
        ended = fwk("jobs", "rm", "page-1", "page-2")

    assert (ended.code, ended.out) == (0, "Removed job page-1.\nRemoved job page-2.\n")
    assert "note: cannot write" in ended.err
    assert crawls.cut == [("page-2", {})]
    assert [path.name for path in (fresh / ".fwk/jobs").iterdir() if path.is_dir()] == []
