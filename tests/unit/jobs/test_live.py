from __future__ import annotations

import pytest

from framework.jobs import JobError, Record


def test_a_run_is_noted_when_it_begins_and_when_it_ends(desk):
    with desk.decide() as live:
        record = desk.jobs.find("books-1").record
        assert (record.state, record.runs, record.ended_at) == ("running", 1, None)
        assert record.begun_at > record.created_at
        live.end("ended", "finished")

    record = desk.jobs.find("books-1").record
    assert (record.state, record.reason) == ("ended", "finished")
    assert record.ended_at > record.begun_at
    assert not live.can_go_on
    assert repr(live) == "<LiveJob books-1 ended>"


def test_a_crash_leaves_a_killed_job(desk):
    live = desk.crawl()

    assert desk.states() == {"books-1": "killed"}
    assert live.can_go_on


@pytest.mark.parametrize("jobdir", [None, "crawl"])
def test_a_new_job_in_which_nothing_was_begun_leaves_nothing(desk, jobdir):
    live = desk.decide(jobdir=jobdir)
    live.close()
    live.close()

    assert not live.folder.exists()
    assert desk.states() == {}


def test_a_job_that_goes_on_keeps_its_state_until_it_has_begun(desk):
    desk.crawl(end=("failed", "failed"))

    desk.decide().close()

    assert desk.states() == {"books-1": "failed"}


def test_what_cannot_be_discarded_is_left(desk, monkeypatch):
    live = desk.decide()
    monkeypatch.setattr("shutil.rmtree", _fail)
    live.close()

    other = desk.decide()
    monkeypatch.setattr(type(live.folder), "iterdir", _fail)
    other.close()
    monkeypatch.undo()

    assert other.folder.exists()


def _fail(*args, **kwargs):
    raise OSError(13, "Permission denied")


def test_the_frontiers_file_must_be_there_once_it_was_made(desk):
    with desk.decide() as live:
        assert not live.must_exist
        live.opened()
        (live.folder / "frontier.db").touch()

    with desk.decide() as live:
        assert live.must_exist
        live.opened()


def test_an_end_that_cannot_be_written_is_an_error_and_leaves_a_killed_job(desk, monkeypatch):
    def fail(*args):
        raise JobError("the disk is full")

    with desk.decide() as live:
        (live.folder / "frontier.db").touch()
        monkeypatch.setattr(Record, "save", fail)
        with pytest.raises(JobError, match="full"):
            live.end("ended", "finished")

    assert desk.states() == {"books-1": "killed"}


def test_an_end_whose_mark_cannot_be_written_is_an_error_and_leaves_a_killed_job(desk, full_disk):
    with desk.decide() as live:
        (live.folder / "frontier.db").touch()
        full_disk("pwrite")
        with pytest.raises(JobError, match=r"cannot note the end in .*lock: No space left"):
            live.end("ended", "finished")

    assert desk.states() == {"books-1": "killed"}


def test_a_command_lets_go_of_an_ended_job_later_and_of_one_that_has_not_ended_at_once(desk):
    acts = []
    with desk.decide() as live:
        live.later = acts.append
        (live.folder / "frontier.db").touch()
    assert (acts, desk.states()) == ([], {"books-1": "killed"})

    with desk.decide() as live:
        live.later = acts.append
        live.end("ended", "finished")
    live.close()

    assert desk.states() == {"books-1": "running"}
    for act in acts:
        act()
    assert desk.states() == {"books-1": "ended"}


def test_old_jobs_are_removed_when_a_new_one_begins_and_not_when_one_goes_on(desk):
    desk.jobs.keep = 1
    desk.crawl(end=("ended", "finished"))
    desk.crawl(end=("ended", "finished"))
    assert list(desk.states()) == ["books-1", "books-2"]

    desk.crawl()
    assert list(desk.states()) == ["books-2", "books-3"]
    desk.crawl(end=("ended", "finished"))

    assert list(desk.states()) == ["books-2", "books-3"]


@pytest.mark.parametrize("jobdir", [None, "crawl"])
def test_a_new_job_that_was_refused_leaves_nothing(desk, jobdir):
    with desk.decide(jobdir=jobdir) as live:
        desk.store(live, pages=0, pending=0)
        live.opened()
        live.refuse()

    assert not live.folder.exists()
    assert desk.states() == {}


@pytest.mark.parametrize("end", [("stopped", "shutdown"), ("ended", "closespider_itemcount"), None])
def test_a_refused_job_stands_as_it_stood_before(desk, end):
    desk.crawl(end=end)
    before = desk.jobs.find("books-1").record
    state = desk.states()

    with desk.decide(choice="resume") as live:
        live.refuse()

    assert live.is_refused
    assert desk.states() == state
    assert desk.jobs.find("books-1").record == before


def test_a_refused_job_has_taken_no_file(desk):
    desk.crawl(end=("ended", "closespider_itemcount"))

    with desk.decide() as live:
        assert desk.jobs.find("books-1").record.taken
        live.refuse()

    assert desk.jobs.find("books-1").record.taken == {}
    assert desk.states() == {"books-1": "ended"}
