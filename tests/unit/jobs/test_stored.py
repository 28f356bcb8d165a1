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


def test_a_job_whose_process_died_before_it_told_that_it_is_finished_was_killed_and_goes_on(desk):
    live = desk.decide()
    live.__enter__()
    live.end("ended", "finished")
    live._lock.release(is_done=False)  # as the kernel does for a process that dies here

    assert desk.states() == {"books-1": "killed"}
    with desk.decide() as again:
        assert again.is_resumed
        again.end("ended", "finished")
    assert desk.states() == {"books-1": "ended"}


def test_a_job_that_was_left_is_left_still_when_going_on_fails(desk):
    with desk.decide() as live:
        live.end("ended", "finished")
        live._lock.release(is_done=False)
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


def test_a_database_counts_when_something_is_in_it(desk):
    live = desk.crawl()
    job = desk.jobs.find("books-1")
    (live.folder / "mongo").mkdir()

    assert not job.has_database
    (live.folder / "mongo" / "data.sqlite").touch()
    assert job.has_database
