from __future__ import annotations

import pytest

from framework.exceptions import UsageError
from framework.jobs import JobBusyError, prune, remove


def test_the_oldest_that_are_over_go_and_what_can_go_on_stays(desk):
    desk.jobs.keep = 100
    desk.crawl(end=("ended", "finished"))
    desk.crawl(end=("ended", "closespider_itemcount"))
    desk.crawl(end=("stopped", "shutdown"))
    desk.crawl(desk.command("poems", {}), end=("failed", "failed"))
    desk.crawl(choice="new")
    desk.jobs.keep = 1

    assert prune(desk.jobs) == ["books-2", "books-1"]
    assert desk.states() == {"books-3": "abandoned", "poems-1": "failed", "books-4": "killed"}


def test_a_database_dead_letters_and_a_jobdir_are_never_pruned(desk):
    desk.jobs.keep = 0
    refused = desk.decide()
    with refused:
        (refused.folder / "dead-letters.jsonl").write_text("{}\n")
        refused.end("ended", "finished")
    first = desk.decide()
    with first:
        (first.folder / "mongo").mkdir()
        (first.folder / "mongo" / "data.sqlite").touch()
        first.end("ended", "finished")
    desk.crawl(end=("ended", "finished"), jobdir="crawl")

    assert prune(desk.jobs) == []


def test_what_cannot_be_removed_now_is_left_for_the_next_time(desk, monkeypatch):
    desk.jobs.keep = 100
    desk.crawl(end=("ended", "finished"))
    desk.jobs.keep = 0
    monkeypatch.setattr(type(desk.folder), "rename", _fail)

    assert prune(desk.jobs) == []


def _fail(*args, **kwargs):
    raise OSError(13, "Permission denied")


def test_a_job_is_removed_by_name_and_its_database_only_on_demand(desk):
    live = desk.crawl()
    (live.folder / "mongo").mkdir()
    (live.folder / "mongo" / "data.sqlite").touch()
    job = desk.jobs.find("books-1")

    with pytest.raises(UsageError, match=r"holds a database.*fwk jobs rm books-1 --data"):
        remove(desk.jobs, job)
    remove(desk.jobs, job, with_data=True)

    assert not live.folder.exists()


@pytest.mark.parametrize("jobdir", [None, "crawl"])
def test_dead_letters_are_removed_only_on_demand(desk, jobdir):
    live = desk.crawl(jobdir=jobdir)
    (live.folder / "dead-letters.jsonl").write_text("{}\n")
    job = desk.jobs.find(live.name)

    with pytest.raises(UsageError, match=r"holds items that could not be stored.*fwk jobs rm books-1 --data"):
        remove(desk.jobs, job)
    assert (live.folder / "dead-letters.jsonl").exists()
    remove(desk.jobs, job, with_data=True)

    assert not live.folder.exists()


def test_a_running_job_is_not_removed(desk):
    with desk.decide(), pytest.raises(JobBusyError):
        remove(desk.jobs, desk.jobs.find("books-1"))


def test_of_a_jobdir_only_what_is_the_jobs_is_removed(desk):
    for files in ([], ["mine.txt"]):
        live = desk.crawl(jobdir="crawl")
        (live.folder / "mongo").mkdir()
        for name in files:
            (live.folder / name).touch()
        remove(desk.jobs, desk.jobs.find(live.name))

        left = [path.name for path in live.folder.iterdir()] if live.folder.exists() else []
        assert left == files
