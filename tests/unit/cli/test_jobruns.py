"""Commands as jobs: what is decided, said and kept. ``crawls`` takes the place of crawling."""

from __future__ import annotations

import io
import sys

import pytest

from framework.cli import jobruns, running
from framework.crawler import Crawler
from framework.exceptions import CrawlError
from framework.jobs.lock import take_lock
from framework.jobs.record import read_record
from framework.settings import Settings
from framework.spiders import Spider


def test_the_same_command_goes_on_with_a_killed_job_and_says_so_first(fwk, crawls):
    crawls.end = None
    assert fwk("crawl", "page", "-o", "items.jsonl").err == "Job page-1 can go on: fwk resume page-1\n"

    crawls.end = ("ended", "finished")
    ended = fwk("crawl", "page", "-o", "items.jsonl")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "Continuing job page-1: 12 pages done, 3 pending; --new starts afresh\n"
    assert [crawler.job.is_resumed for crawler in crawls.crawlers] == [False, True]


def test_a_job_that_was_killed_when_it_had_ended_is_told_of_and_not_crawled_again(fwk, crawls, fresh):
    crawls.pending = 0
    fwk("crawl", "page", "-o", "items.jsonl")
    lock = take_lock(fresh / ".fwk/jobs/page-1/lock", "page-1")
    lock.mark()
    lock.release(is_done=False)

    told = fwk("crawl", "page", "-o", "items.jsonl")

    assert (told.code, told.out) == (0, "")
    said = "Job page-1 had ended (finished) when its process was killed: nothing is left to do; --new starts afresh\n"
    assert told.err == said
    assert len(crawls.crawlers) == 1
    fwk("crawl", "page", "-o", "items.jsonl")
    assert [crawler.job.name for crawler in crawls.crawlers] == ["page-1", "page-2"]


def test_a_job_that_is_over_says_nothing(fwk, crawls):
    assert fwk("crawl", "page").err == ""


def test_nolog_is_quiet_at_the_end(fwk, crawls):
    crawls.end = ("stopped", "shutdown")

    assert fwk("crawl", "page", "--nolog").err == ""


def test_what_ended_the_crawl_is_the_last_word_and_the_job_can_go_on(fwk, crawls):
    crawls.end, crawls.error = ("failed", "failed"), CrawlError("the disk is full")

    ended = fwk("crawl", "page")

    assert ended.code == 1
    assert ended.err == "Job page-1 can go on: fwk resume page-1\nfwk: the disk is full\n"


def test_runspider_is_a_job_too(fwk, crawls, fresh):
    crawls.end = None
    fwk("runspider", "spiders/page.py")

    record = read_record(fresh / ".fwk" / "jobs" / "page-1")
    assert (record.command["kind"], record.command["target"]) == ("runspider", str(fresh / "spiders" / "page.py"))
    assert "Continuing job page-1" in fwk("runspider", "spiders/page.py").err


def test_jobs_lie_in_the_projects_folder_wherever_the_command_is_called(fwk, crawls, fresh, monkeypatch):
    monkeypatch.chdir(fresh / "spiders")

    fwk("crawl", "page")

    assert (fresh / ".fwk" / "jobs" / "page-1" / "job.json").exists()


def test_wrong_settings_are_told_before_a_job_is_made(fwk, crawls, fresh):
    ended = fwk("crawl", "page", "-s", "DOWNLOAD_DELAY=x")

    assert ended.code == 2
    assert not (fresh / ".fwk").exists()


def test_no_job_is_made_for_a_frontier_in_memory_or_for_one_page(fwk, crawls, fresh):
    assert fwk("crawl", "page", "-s", "FRONTIER=memory").code == 0
    assert fwk("fetch", "data:text/html,x", "-s", "JOBDIR=crawl").code == 0
    assert [path.name for path in fresh.iterdir() if path.name in (".fwk", "crawl")] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume", "--new"], "give one of them"),
        (["--resume"], "no job of this command to resume"),
        (["--resume", "-s", "FRONTIER=memory"], "nothing to resume with FRONTIER = 'memory'"),
        (["--new", "-s", "FRONTIER=memory"], "with FRONTIER = 'memory' there is none"),
        (["-s", "JOBDIR=crawl", "-s", "FRONTIER=memory"], "JOBDIR = 'crawl' (command line -s JOBDIR) has no effect"),
    ],
)
def test_resume_and_new_decide_beforehand(fwk, crawls, options, said):
    ended = fwk("crawl", "page", *options)

    assert ended.code == 2
    assert said in ended.err


def test_new_gives_an_unfinished_job_up_and_cuts_its_files(fwk, crawls, fresh, monkeypatch):
    crawls.end = None
    fwk("crawl", "page", "-a", "shelf=2")
    monkeypatch.chdir(fresh / "spiders")

    ended = fwk("crawl", "page", "-a", "shelf=2", "--new")

    assert "Job page-1 was killed" in ended.err
    assert crawls.cut == [("page-1", {"shelf": "2"})]
    assert jobruns.Path.cwd() == fresh / "spiders"


def test_resume_continues_and_jobdir_is_heard(fwk, crawls, fresh):
    crawls.end = ("stopped", "shutdown")
    fwk("crawl", "page", "-s", "JOBDIR=crawl")

    assert "Continuing job page-1" in fwk("crawl", "page", "-s", "JOBDIR=crawl", "--resume").err
    assert crawls.crawlers[-1].job.folder == fresh / "crawl"


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "is_resumed"), [("\n", True), ("y\n", True), ("n\n", False)])
def test_after_ctrl_c_a_terminal_is_asked_and_enter_goes_on(crawls, monkeypatch, answer, is_resumed):
    crawls.end = ("stopped", "shutdown")
    jobruns_run(monkeypatch)
    errors = jobruns_run(monkeypatch, answer)

    assert "Job page-1 was stopped by Ctrl-C (12 pages done, 3 pending). Continue it? [Y/n]" in errors
    assert crawls.crawlers[-1].job.is_resumed is is_resumed


def jobruns_run(monkeypatch, answer=""):
    from framework.cli.main import run

    errors = _Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", _Terminal(answer))
        patch.setattr(sys, "stderr", errors)
        assert run(["crawl", "page"]) == 0
    return errors.getvalue()


def test_what_is_kept_of_a_command_has_no_secrets(fwk, crawls, fresh):
    fwk(
        "crawl", "page", "-a", "shelf=2", "-a", "token=abc", "-s", "SHOP_API_KEY=s3cret", "-s", "DOWNLOAD_DELAY=1",
        "-o", "items.jsonl", "-O", "all.csv",
    )  # fmt: skip

    text = (fresh / ".fwk" / "jobs" / "page-1" / "job.json").read_text()
    record = read_record(fresh / ".fwk" / "jobs" / "page-1")
    assert "s3cret" not in text
    assert "abc" not in text
    assert record.arguments == {"shelf": "2", "token": "***"}
    assert record.command == {
        "kind": "crawl",
        "target": "page",
        "pairs": ["DOWNLOAD_DELAY=1"],
        "given": [["-o", "items.jsonl"], ["-O", "all.csv"]],
        "withheld": ["-s SHOP_API_KEY", "-a token"],
        "folder": str(fresh),
    }


def test_a_log_in_a_file_has_what_the_terminal_was_told(project):
    settings = Settings({"LOG_FILE": "log", "FRONTIER": "memory"})

    class PageSpider(Spider):
        name = "page"
        start_urls = ["data:text/html,x"]

    assert running.run_crawler(Crawler(PageSpider, settings), {}, ["Continuing job page-1"]) == 0

    assert "INFO: Continuing job page-1" in (project / "log").read_text()


def test_a_crawl_that_is_no_job_does_not_write_to_the_file_of_one(fwk, crawls):
    crawls.end = ("stopped", "shutdown")
    fwk("crawl", "page", "-o", "items.jsonl")

    ended = fwk("crawl", "page", "-o", "items.jsonl", "-s", "FRONTIER=memory")

    assert ended.code == 2
    assert "items.jsonl belongs to job page-1, which is stopped" in ended.err
    assert len(crawls.crawlers) == 1


def test_of_a_job_that_was_refused_nothing_is_said(fwk, crawls, monkeypatch):
    def refuse(crawler, arguments, said=()):
        with crawler.job as live:
            live.refuse()
        raise CrawlError("the database does not answer")

    crawls.end = ("ended", "closespider_pagecount")
    fwk("crawl", "page")
    monkeypatch.setattr(jobruns, "run_crawler", refuse)

    assert fwk("resume", "page-1").err.splitlines()[1:] == ["fwk: the database does not answer"]
    assert fwk("crawl", "page").err == "fwk: the database does not answer\n"
    assert "page-2" not in fwk("jobs").out
