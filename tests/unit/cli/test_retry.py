from __future__ import annotations

from framework.jobs import progress_of


def test_failed_requests_are_tried_again_on_a_job_that_has_ended(fwk, crawls, fresh):
    crawls.pending, crawls.failed = 0, 2
    fwk("crawl", "page")
    crawls.failed = 0

    ended = fwk("retry", "page-1")

    assert ended.err == "Job page-1: 2 failed requests to try again\n"
    assert crawls.crawlers[-1].job.is_resumed
    assert progress_of(fresh / ".fwk/jobs/page-1").pending == 2


def test_a_job_without_failed_requests_is_left_alone(fwk, crawls):
    crawls.pending = 0
    fwk("crawl", "page")

    ended = fwk("retry", "page-1")

    assert (ended.code, ended.out) == (0, "Job page-1: 0 failed requests to try again\n")
    assert len(crawls.crawlers) == 1


def test_what_an_earlier_retry_did_not_come_to_is_crawled(fwk, crawls):
    crawls.pending, crawls.failed = 1, 0
    fwk("crawl", "page")

    assert fwk("retry", "page-1").code == 0
    assert len(crawls.crawlers) == 2
