from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from framework.jobs.record import read_record


@pytest.fixture
def stopped(fwk, crawls):
    """Leave a job behind that can go on."""
    crawls.end = ("stopped", "shutdown")

    def leave(*options):
        fwk("crawl", "page", *options)
        crawls.end = ("ended", "finished")

    return leave


def test_a_job_goes_on_with_spider_arguments_settings_and_outputs_of_its_own(fwk, crawls, stopped):
    stopped("-a", "shelf=2", "-s", "DOWNLOAD_DELAY=1", "-O", "items.jsonl")

    ended = fwk("resume", "page-1", "-s", "CONCURRENT_REQUESTS=3")

    assert ended.err == "Continuing job page-1: 12 pages done, 3 pending; --new starts afresh\n"
    crawler = crawls.crawlers[-1]
    assert crawler.job.is_resumed
    assert crawls.arguments[-1] == {"shelf": "2"}
    assert crawler.settings["DOWNLOAD_DELAY"] == "1"
    assert crawler.settings["CONCURRENT_REQUESTS"] == "3"
    assert crawler.settings["FEEDS"] == {"items.jsonl": {"format": "jsonl", "overwrite": True}}


def test_what_is_changed_stays_changed(fwk, crawls, stopped, fresh):
    stopped("-s", "DOWNLOAD_DELAY=1")
    crawls.end = None

    fwk("resume", "-s", "DOWNLOAD_DELAY=2")

    assert read_record(fresh / ".fwk/jobs/page-1").command["pairs"] == ["DOWNLOAD_DELAY=1", "DOWNLOAD_DELAY=2"]
    fwk("resume")
    assert crawls.crawlers[-1].settings["DOWNLOAD_DELAY"] == "2"


def test_without_a_name_the_newest_that_can_go_on_is_taken(fwk, crawls, stopped):
    stopped("-a", "shelf=1")
    fwk("crawl", "page", "-a", "shelf=2")

    fwk("resume")

    assert crawls.arguments[-1] == {"shelf": "1"}


def test_a_job_that_a_limit_ended_goes_on(fwk, crawls, stopped):
    crawls.end = ("ended", "closespider_pagecount")
    fwk("crawl", "page")

    assert fwk("resume", "page-1").code == 0
    assert crawls.crawlers[-1].job.is_resumed


def test_the_folder_of_the_command_is_entered(fwk, crawls, fresh, monkeypatch):
    monkeypatch.chdir(fresh / "spiders")
    crawls.end = None
    fwk("crawl", "page", "-o", "items.jsonl")
    monkeypatch.chdir(fresh)

    assert fwk("resume").code == 0
    assert Path.cwd() == fresh / "spiders"


def test_runspider_goes_on_from_its_file(fwk, crawls):
    crawls.end = None
    fwk("runspider", "spiders/page.py")

    assert "Continuing job page-1" in fwk("resume").err


def test_another_output_takes_the_place_of_the_old_ones(fwk, crawls, stopped):
    stopped("-o", "items.jsonl")

    fwk("resume", "-o", "rest.jsonl")

    assert list(crawls.crawlers[-1].settings["FEEDS"]) == ["rest.jsonl"]
    assert crawls.cut == [("page-1", {})]


@pytest.mark.parametrize(
    ("again", "code"),
    [
        ([], 2),
        (["-s", "SHOP_API_KEY=new"], 2),
        (["-s", "SHOP_API_KEY=new", "-a", "token=xyz", "-o", "ftp://ann:secret@host/items.csv"], 0),
    ],
)
def test_secrets_have_to_be_given_again(fwk, crawls, stopped, again, code):
    stopped("-s", "SHOP_API_KEY=abc", "-a", "token=xyz", "-o", "ftp://ann:secret@host/items.csv")

    ended = fwk("resume", "page-1", *again)

    assert ended.code == code
    if code:
        assert "was begun with secrets, which are not stored; give them again:" in ended.err
        assert ("-s SHOP_API_KEY=..." in ended.err) is (not again)
        assert "-a token=... -o ftp://***@host/items.csv" in ended.err
    else:
        assert crawls.arguments[-1] == {"token": "xyz"}


def test_the_environment_gives_secrets_too(fwk, crawls, stopped, monkeypatch):
    stopped("-s", "SHOP_API_KEY=abc")
    monkeypatch.setenv("FWK_SHOP_API_KEY", "abc")

    assert fwk("resume").code == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["resume", "pag-1"], "there is no job 'pag-1'; did you mean 'page-1'"),
        (["resume", "page-1", "-a", "shelf=3"], "that is a crawl of its own"),
        (["resume", "page-2"], "page-2 has ended, and nothing is left of it; fwk retry page-2"),
    ],
)
def test_what_cannot_go_on_is_refused_by_name(fwk, crawls, stopped, command, said):
    stopped("-a", "shelf=2")
    fwk("crawl", "page")

    ended = fwk(*command)

    assert ended.code == 2
    assert said in ended.err


def test_nothing_to_resume_is_said(fwk, project):
    ended = fwk("resume")

    assert ended.code == 2
    assert "there is no job to resume" in ended.err


def test_a_damaged_job_is_refused(fwk, crawls, stopped, fresh):
    stopped()
    (fresh / ".fwk/jobs/page-1/job.json").write_text("")

    ended = fwk("resume", "page-1")

    assert ended.code == 1
    assert "job.json is damaged" in ended.err


def test_a_job_of_a_program_or_of_a_folder_that_is_gone_is_refused(fwk, crawls, stopped, fresh):
    stopped()
    folder = fresh / ".fwk/jobs/page-1"
    for change, said in (
        ({"folder": "/nowhere"}, "begun in /nowhere, which cannot be entered"),
        (
            {"kind": "code"},
            "begun by a program and not by fwk: run that program again",
        ),
    ):
        record = read_record(folder)
        record.command |= change
        record.save(folder)

        ended = fwk("resume", "page-1")

        assert ended.code == 2
        assert said in ended.err


def test_a_spider_that_is_gone_is_named_and_the_job_stays(fwk, crawls, stopped, fresh):
    stopped()
    (fresh / "spiders/page.py").unlink()

    ended = fwk("resume")

    assert ended.code == 2
    assert "page" in ended.err
    assert [job["state"] for job in json.loads(fwk("jobs", "--json").out)] == ["stopped"]


@pytest.mark.parametrize("command", [["resume", "page-1"], ["jobs", "rm", "page-1"]])
def test_a_job_of_another_project_is_not_gone_on_with_and_its_files_are_not_cut(
    fwk, crawls, stopped, fresh, monkeypatch, command
):
    folder = fresh / "jobs"
    stopped("-s", f"JOBS_FOLDER={folder}")
    record = read_record(folder / "page-1")
    record.root = ""  # as where the folder of jobs is outside of the project
    record.save(folder / "page-1")
    other = fresh / "other"
    other.mkdir()
    for name in ("setup.cfg", "settings.py"):
        shutil.copy(fresh / name, other)
    monkeypatch.chdir(other)

    ended = fwk(command[0], "-s", f"JOBS_FOLDER={folder}", *command[1:])

    assert f"page-1 was begun in {fresh}, which is outside of the project in {other}" in ended.err
    assert crawls.cut == []
    assert len(crawls.crawlers) == 1
