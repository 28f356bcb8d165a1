"""Which job a command is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from framework.exceptions import CrawlError, UsageError
from framework.jobs import JobBusyError, JobError, StoredJob, abandon, go_on, own_outputs, places_of

STOPPED = ("stopped", "shutdown")
LIMIT = ("ended", "closespider_pagecount")
EXHAUSTED = ("ended", "finished")


def test_a_first_command_is_a_new_job(desk):
    live = desk.crawl()

    assert (live.name, live.is_resumed, live.said) == ("books-1", False, [])
    assert live.job.folder == desk.jobs.path / "books-1"
    assert (live.job.name, live.job.spider) == ("books-1", "books")


@pytest.mark.parametrize("end", [None, ("interrupted", "shutdown"), ("failed", "failed")])
def test_the_same_command_goes_on_with_a_job_that_did_not_come_to_its_end(desk, end):
    desk.crawl(end=end)

    live = desk.crawl()

    assert (live.name, live.is_resumed) == ("books-1", True)
    assert live.said == ["Continuing job books-1: 12 pages done, 3 pending; --new starts afresh"]
    assert live.record.runs == 2
    assert desk.cut == []


@pytest.mark.parametrize(
    "other", [{"spider": "poems"}, {"category": "poetry"}, {"feeds": {"other.jsonl": {}}}, {"feeds": {}}]
)
def test_another_spider_argument_or_output_is_another_job(desk, other):
    desk.crawl(desk.command(feeds={}) if "feeds" not in other else desk.command())
    other.setdefault("feeds", {})

    live = desk.decide(desk.command(**other))

    assert not live.is_resumed
    live.close()


@pytest.mark.parametrize("end", [EXHAUSTED, LIMIT])
def test_a_job_that_has_ended_is_followed_by_a_new_one(desk, end):
    desk.crawl(end=end)

    live = desk.crawl()

    assert (live.name, live.is_resumed, live.said) == ("books-2", False, [])


# -- the user's own stop ---------------------------------------------------------------------------------------------


def test_after_ctrl_c_a_terminal_is_asked_and_yes_goes_on(desk):
    desk.crawl(end=STOPPED)

    live = desk.crawl(answer=True)

    assert desk.asked == ["Job books-1 was stopped by Ctrl-C (12 pages done, 3 pending). Continue it?"]
    assert (live.name, live.is_resumed) == ("books-1", True)


def test_after_ctrl_c_no_means_a_new_job(desk):
    desk.crawl(end=STOPPED)

    live = desk.crawl(answer=False)

    assert (live.name, live.is_resumed) == ("books-2", False)
    assert desk.states() == {"books-1": "abandoned", "books-2": "killed"}


def test_without_a_terminal_the_stopped_job_is_given_up_and_the_way_back_is_said(desk):
    desk.crawl(end=STOPPED)

    live = desk.crawl()

    assert (live.name, desk.cut) == ("books-2", ["books-1"])
    assert live.said == [
        "Job books-1 was stopped by Ctrl-C (12 pages done, 3 pending); it is given up for the new job books-2. "
        "To continue it after all: fwk resume books-1 -o FILE"
    ]


def test_nobody_is_asked_where_nothing_was_stopped(desk):
    desk.crawl(answer=True)
    desk.crawl(answer=True)

    assert desk.asked == []


# -- --resume and --new ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [None, STOPPED, LIMIT])
def test_resume_goes_on_with_whatever_can(desk, end):
    desk.crawl(end=end)

    live = desk.crawl(choice="resume")

    assert (live.name, live.is_resumed) == ("books-1", True)


@pytest.mark.parametrize("end", [EXHAUSTED, ...])
def test_resume_with_nothing_to_resume_is_an_error(desk, end):
    if end is not ...:
        desk.crawl(end=end)

    with pytest.raises(UsageError, match="no job of this command to resume"):
        desk.decide(choice="resume")


def test_new_gives_up_what_could_go_on(desk):
    desk.crawl()

    live = desk.crawl(choice="new")

    assert (live.name, desk.cut) == ("books-2", ["books-1"])
    assert "Job books-1 was killed (12 pages done" in live.said[0]


@pytest.mark.parametrize("jobdir", [None, "crawl"])
@pytest.mark.parametrize(
    ("error", "said"), [(CrawlError("the disk is broken"), "the disk is broken"), (KeyError("x"), "KeyError: 'x'")]
)
def test_a_job_whose_files_cannot_be_cut_is_given_up_all_the_same_and_that_is_said(desk, jobdir, error, said):
    desk.crawl(end=STOPPED, jobdir=jobdir)

    def fail(job: StoredJob) -> None:
        raise error

    desk.cut_outputs = fail
    live = desk.crawl(end=EXHAUSTED, jobdir=jobdir, choice="new")

    assert not live.is_resumed
    assert "is given up for" in live.said[0]
    note = f"note: the files of job books-1 may end with items that were not committed: {said}"
    assert live.said[1].startswith(note)
    assert desk.states() == ({"books-1": "ended"} if jobdir else {"books-1": "abandoned", "books-2": "ended"})


def test_a_job_is_not_given_up_for_one_that_cannot_begin(desk):
    shared = {"items.jsonl": {}, "more.jsonl": {}}
    desk.crawl(desk.command(feeds={"more.jsonl": {}}), end=STOPPED)
    with pytest.raises(UsageError, match="belongs to job books-1"):
        desk.decide(desk.command(feeds=shared), choice="new")
    assert desk.cut == []


# -- one process a job, one job a file -------------------------------------------------------------------------------


def test_a_second_process_on_one_job_is_refused_by_name(desk):
    with desk.decide(), pytest.raises(JobBusyError, match="job books-1 is being worked on by process"):
        desk.decide()


def test_new_begins_beside_a_running_job_that_writes_no_file(desk):
    command = desk.command(feeds={})

    with desk.decide(command), desk.decide(command, choice="new") as second:
        assert second.name == "books-2"
        with pytest.raises(JobBusyError):
            desk.decide(command)


def test_a_file_belongs_to_one_unfinished_job(desk):
    desk.crawl()

    with pytest.raises(UsageError, match=r"items.jsonl belongs to job books-1, which is killed \(12 pages.*resume"):
        desk.decide(desk.command(spider="poems"))
    desk.crawl(end=EXHAUSTED)
    desk.crawl(desk.command(spider="poems"))


def test_a_running_job_keeps_its_file(desk):
    with desk.decide(), pytest.raises(UsageError, match="which is running"):
        desk.decide(desk.command(spider="poems"))
    with desk.decide(), pytest.raises(UsageError, match="which is running"):
        desk.decide(choice="new")


@pytest.mark.parametrize("end", [LIMIT, STOPPED])
def test_a_job_does_not_go_on_in_a_file_that_another_has_written_to_since(desk, end):
    desk.crawl(end=end)
    desk.crawl(end=EXHAUSTED)

    with pytest.raises(UsageError, match=r"taken over by job books-2.*fwk resume books-1 -o FILE"):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(), cut_outputs=desk.cut_outputs)


def test_a_job_that_lost_its_file_goes_on_in_another(desk):
    desk.crawl(end=LIMIT)
    desk.crawl(end=EXHAUSTED)
    command = desk.command(feeds={"rest.jsonl": {}})

    with go_on(desk.jobs, desk.jobs.find("books-1"), command, cut_outputs=desk.cut_outputs) as live:
        live.end(*EXHAUSTED)

    assert live.is_resumed
    assert desk.cut == ["books-1"]
    assert desk.states() == {"books-1": "ended", "books-2": "ended"}


def test_going_on_with_a_job_that_was_given_up_says_so(desk):
    desk.crawl(desk.command(feeds={}), end=STOPPED)
    desk.crawl(desk.command(feeds={}), end=EXHAUSTED)

    job = desk.jobs.find("books-1")
    live = go_on(desk.jobs, job, desk.command(feeds={}), cut_outputs=desk.cut_outputs)

    assert live.said == ["Continuing job books-1, which was given up: 12 pages done, 3 pending; --new starts afresh"]
    live.close()


@pytest.mark.parametrize(
    ("feeds", "said"),
    [({"./items.jsonl": {}}, "as items.jsonl"), ({"items.jsonl": {"format": "csv"}}, "in the format jsonlines")],
)
def test_a_job_that_was_named_does_not_write_its_file_under_another_name_or_in_another_format(desk, feeds, said):
    desk.crawl(end=LIMIT)

    with pytest.raises(UsageError, match=said):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(feeds=feeds), cut_outputs=desk.cut_outputs)
    desk.crawl(choice="resume")  # its lock is free


def test_the_advice_is_the_command_that_was_given(desk):
    desk.crawl(end=LIMIT)
    desk.crawl(end=EXHAUSTED)

    with pytest.raises(UsageError, match="fwk retry books-1 -o FILE"):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(), cut_outputs=desk.cut_outputs, verb="retry")


@pytest.mark.parametrize("end", [STOPPED, LIMIT, ("interrupted", "shutdown")])
def test_a_file_that_has_grown_since_the_job_closed_it_is_not_cut(desk, end):
    file = desk.folder / "items.jsonl"
    with desk.decide() as live:
        desk.store(live, pages=12, pending=3)
        live.opened()
        file.write_text("ours\n")
        live.end(*end, places_of({"items.jsonl": Path("items.jsonl")}))
    own = own_outputs(live.folder)
    assert own("feed items.jsonl")
    with file.open("a") as more:
        more.write("another's\n")

    with pytest.raises(
        UsageError, match=r"items.jsonl has grown by 10 bytes.*behind byte 5.*fwk resume books-1 -o FILE"
    ):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(), cut_outputs=desk.cut_outputs)
    assert not own_outputs(live.folder)("feed items.jsonl")
    file.write_text("ours\n")
    go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(), cut_outputs=desk.cut_outputs).close()


def test_the_file_of_a_job_that_was_killed_may_have_grown(desk):
    with desk.decide() as live:
        desk.store(live, pages=12, pending=3)
        live.opened()
        live.end(*STOPPED, {})
    desk.crawl(choice="resume")

    assert desk.jobs.find("books-1").record.closed == {}
    desk.crawl()


def test_what_another_job_has_taken_over_and_what_is_not_the_jobs_is_not_cut(desk):
    feeds = {"items.jsonl": {}, "more.csv": {}}
    desk.crawl(desk.command(feeds=feeds), end=LIMIT)
    desk.crawl(end=EXHAUSTED)

    own = own_outputs(desk.jobs.path / "books-1")

    assert (own("feed items.jsonl"), own("feed more.csv"), own("feed other.csv")) == (False, True, False)


def test_another_spiders_job_is_refused(desk):
    desk.crawl()

    with pytest.raises(UsageError, match=r"one of the spider 'books', not of 'poems'; call the spider 'books' again"):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command("poems", {}), cut_outputs=desk.cut_outputs)


def test_a_job_that_is_removed_meanwhile_is_refused(desk):
    desk.crawl()
    job = desk.jobs.find("books-1")
    (job.folder / "job.json").unlink()

    with pytest.raises(JobError, match="was removed meanwhile"):
        abandon(desk.jobs, job, desk.cut_outputs)


# -- damage ----------------------------------------------------------------------------------------------------------


def test_nothing_is_chosen_while_a_job_of_the_spider_cannot_be_read(desk):
    desk.crawl()
    (desk.jobs.path / "books-1" / "job.json").write_text("{")

    for choice in ("auto", "new", "resume"):
        with pytest.raises(JobError, match=r"job.json is damaged.*fwk jobs rm books-1"):
            desk.decide(choice=choice)
    with pytest.raises(JobError, match="fwk jobs rm books-1"):
        go_on(desk.jobs, desk.jobs.find("books-1"), desk.command(), cut_outputs=desk.cut_outputs)


def test_a_damaged_job_of_another_spider_is_no_matter(desk):
    desk.crawl()
    (desk.jobs.path / "books-1" / "job.json").write_text("{")

    desk.crawl(desk.command("poems", {}))

    assert desk.states() == {"books-1": "damaged", "poems-1": "killed"}


# -- in a JOBDIR -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [None, ("failed", "failed"), STOPPED, LIMIT])
def test_a_jobdir_goes_on_whenever_something_is_left(desk, end):
    desk.crawl(end=end, jobdir="crawl")

    live = desk.crawl(jobdir="crawl")

    assert (live.folder, live.is_resumed) == (desk.folder / "crawl", True)
    assert (live.folder / "frontier.db").exists()


@pytest.mark.parametrize(
    ("first", "then"), [({}, {"shelf": "2"}), ({"shelf": "2"}, {}), ({"shelf": "1"}, {"shelf": "2"})]
)
def test_a_jobdir_does_not_go_on_with_other_arguments(desk, first, then):
    desk.crawl(desk.command(**first), jobdir="crawl")

    with pytest.raises(UsageError, match=r"begun without this argument 'shelf', or with another.*another JOBDIR"):
        desk.decide(desk.command(**then), jobdir="crawl")


@pytest.mark.parametrize(("end", "choice"), [(EXHAUSTED, "auto"), (LIMIT, "new"), (STOPPED, "new"), (None, "new")])
def test_a_new_crawl_begins_in_a_jobdir_that_is_over_or_given_up(desk, end, choice):
    first = desk.crawl(end=end, jobdir="crawl")
    (first.folder / "mine.txt").write_text("the user's")
    (first.folder / "feeds").mkdir()

    with desk.decide(jobdir="crawl", choice=choice) as live:
        assert (live.is_resumed, live.must_exist, live.name) == (False, False, first.name)
        assert sorted(path.name for path in live.folder.iterdir()) == ["job.json", "lock", "mine.txt"]

    assert live.record.id != first.record.id
    assert desk.cut == ([first.name] if end in (STOPPED, None) else [])


def test_resume_of_a_jobdir_without_a_rest_is_an_error(desk):
    with pytest.raises(UsageError, match="holds no job to resume"):
        desk.decide(jobdir="crawl", choice="resume")
    desk.crawl(end=EXHAUSTED, jobdir="crawl")
    with pytest.raises(UsageError, match="nothing is left of it"):
        desk.decide(jobdir="crawl", choice="resume")


@pytest.mark.parametrize("end", [None, EXHAUSTED])
def test_another_spiders_jobdir_is_refused(desk, end):
    desk.crawl(end=end, jobdir="crawl")

    with pytest.raises(UsageError, match="is one of the spider 'books', not of 'poems'; name another JOBDIR"):
        desk.decide(desk.command("poems", {}), jobdir="crawl")


def test_a_busy_or_damaged_jobdir_is_refused(desk):
    with desk.decide(jobdir="crawl") as live, pytest.raises(JobBusyError):
        desk.decide(jobdir="crawl")
    desk.crawl(jobdir="crawl")
    (live.folder / "job.json").write_text("{")
    with pytest.raises(JobError, match="remove the folder"):
        desk.decide(jobdir="crawl")


def test_a_file_of_a_job_in_a_jobdir_is_its_own_too(desk):
    live = desk.crawl(jobdir="crawl")

    with pytest.raises(UsageError, match=f"belongs to job {live.name}"):
        desk.decide()
    with pytest.raises(UsageError, match=f"belongs to job {live.name}"):
        desk.decide(jobdir="another")


def test_the_command_that_is_kept_is_the_last_one(desk):
    desk.crawl()

    live = desk.crawl(dataclasses.replace(desk.command(), pairs=["DOWNLOAD_DELAY=1"]))

    assert live.record.command["pairs"] == ["DOWNLOAD_DELAY=1"]


def test_an_old_crawl_that_cannot_be_cleared_leaves_a_job_that_is_over(desk, monkeypatch):
    live = desk.crawl(end=EXHAUSTED, jobdir="crawl")
    monkeypatch.setattr(type(live.folder), "unlink", _fail)

    with pytest.raises(JobError, match="cannot remove the old crawl"):
        desk.decide(jobdir="crawl")

    assert desk.states() == {live.name: "ended"}


def _fail(*args, **kwargs):
    raise OSError(5, "Input/output error")
