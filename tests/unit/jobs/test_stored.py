from __future__ import annotations

import pytest

from framework.jobs import JobError
from framework.jobs.choosing import go_on
from framework.jobs.stored import stored_job


def test_a_folder_without_a_job_is_none(tmp_path):
    assert stored_job(tmp_path) is None


def test_a_store_without_its_record_is_damage(tmp_path):
    (tmp_path / "frontier.db").touch()

    job = stored_job(tmp_path)

    assert job.state == "damaged"
    assert not job.can_go_on
    with pytest.raises(JobError, match=r"job.json is gone. To give the job .* up: fwk jobs rm"):
        job.refuse_damage()


@pytest.mark.parametrize(
    ("end", "state", "can_go_on"),
    [
        (None, "killed", True),
        (("interrupted", "shutdown"), "interrupted", True),
        (("stopped", "shutdown"), "stopped", True),
        (("failed", "failed"), "failed", True),
        (("ended", "closespider_itemcount"), "ended", True),
        (("ended", "finished"), "ended", False),
    ],
)
def test_states_tell_whether_a_job_can_go_on(desk, end, state, can_go_on):
    desk.crawl(end=end)

    job = desk.jobs.find("books-1")

    assert (job.state, job.can_go_on) == (state, can_go_on)


@pytest.mark.parametrize("end", [("ended", "finished"), ("ended", "closespider_itemcount")])
def test_a_job_whose_process_died_before_it_told_that_it_had_ended_was_killed_and_had_ended(desk, end):
    die_untold(desk, end)

    assert desk.states() == {"books-1": "killed"}
    assert desk.jobs.find("books-1").had_ended
    again = desk.decide()
    assert (again.name, again.had_ended) == ("books-1", True)
    assert again.said == [
        f"Job books-1 had ended ({end[1]}) when its process was killed: nothing is left to do; --new starts afresh"
    ]
    again.told()
    again.close()
    assert desk.states() == {"books-1": "ended"}


def die_untold(desk, end, **how):
    """Run a crawl whose process dies when the job has ended."""
    with desk.decide(**how) as live:
        live.opened()
        live.end(*end)
        live._lock.release(is_done=False)  # as the kernel does
    return live


def test_one_that_dies_while_it_is_told_is_told_again(desk):
    die_untold(desk, ("ended", "finished"))
    desk.decide()._lock.release(is_done=False)

    again = desk.decide()

    assert again.had_ended
    again.close()
    assert desk.states() == {"books-1": "killed"}


def test_a_stop_that_nobody_was_told_of_goes_on(desk):
    die_untold(desk, ("stopped", "shutdown"))

    assert desk.states() == {"books-1": "killed"}
    live = desk.crawl()
    assert (live.name, live.had_ended) == ("books-1", False)


def test_an_ended_job_whose_resume_dies_before_it_begins_is_as_it_was(desk):
    desk.crawl(end=("ended", "closespider_itemcount"))

    desk.decide(choice="resume")._lock.release(is_done=False)

    assert desk.states() == {"books-1": "ended"}


def test_resume_and_another_command_do_not_take_a_killed_job_for_one_that_is_over(desk):
    die_untold(desk, ("ended", "closespider_itemcount"), jobdir="crawl")
    for choice, command in (("resume", desk.command()), ("auto", desk.command(feeds={"more.csv": {}}))):
        live = desk.decide(command, jobdir="crawl", choice=choice)
        assert (live.is_resumed, live.had_ended) == (True, False)
        live.close()

    live = desk.decide(jobdir="crawl")
    assert live.had_ended
    live.close()


def test_a_job_that_was_left_is_left_still_when_going_on_fails(desk):
    live = die_untold(desk, ("ended", "finished"))
    record = live.folder / "job.json"
    kept = record.read_bytes()
    job = desk.jobs.find("books-1")
    record.unlink()
    with pytest.raises(JobError, match="gone"):
        go_on(desk.jobs, job, desk.command(), cut_outputs=desk.cut_outputs)
    record.write_bytes(kept)

    assert desk.states() == {"books-1": "killed"}


def test_a_job_that_a_process_works_on_is_running(desk):
    with desk.decide() as live:
        job = desk.jobs.find(live.name)
        assert (job.state, job.can_go_on) == ("running", False)


def test_a_database_and_dead_letters_count_when_something_is_in_them(desk):
    live = desk.crawl()
    job = desk.jobs.find("books-1")
    (live.folder / "mongo").mkdir()
    (live.folder / "dead-letters.jsonl").touch()

    assert not job.results
    (live.folder / "mongo" / "data.sqlite").touch()
    assert job.results == f"a database with its items ({live.folder / 'mongo'})"
    (live.folder / "dead-letters.jsonl").write_text("{}\n")
    assert job.results.endswith(f" and items that could not be stored ({live.folder / 'dead-letters.jsonl'})")
