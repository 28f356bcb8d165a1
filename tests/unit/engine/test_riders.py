"""Requests that cannot be stored ride on their parent, which is committed after them; or they are refused, by name."""

import asyncio
import logging

import pytest

from framework import Request, Spider, signals
from framework.frontier.suspects import DEATHS_MAX, Deaths
from framework.testing.fakes import Page


class Rides(Spider):
    """Its second page is asked for with a lambda as callback, and the third by the second in the same way."""

    name = "rides"
    start_urls = ["http://a/1"]

    def parse(self, response):
        yield {"page": 1}
        yield Request("http://a/2", callback=lambda response: list(self.second(response)))

    def second(self, response):
        yield {"page": 2}
        yield Request("http://a/3", callback=lambda response: {"page": 3})


PAGES = {f"http://a/{number}": Page(str(number), wait_s=10) for number in range(1, 4)}


def told(caplog, name="framework.engine.parts"):
    return [record.getMessage() for record in caplog.records if record.name == name]


def test_a_parent_is_committed_after_its_riders_and_theirs(crawl, caplog):
    done = crawl(Rides, PAGES, CHECKPOINT_INTERVAL=1)

    assert [item["page"] for item in done.items] == [3, 2, 1]
    assert done.view.done == 3
    (warning,) = told(caplog)
    line = Rides.parse.__code__.co_firstlineno + 2
    assert f"Rides.parse (tests/unit/engine/test_riders.py:{line}): <GET http://a/2> cannot be stored" in warning
    assert "lambda" in warning


def test_an_unstorable_request_is_refused_with_its_line_where_that_is_asked_for(crawl, caplog):
    done = crawl(Rides, PAGES, UNSTORABLE="refuse")

    assert done.items == [{"page": 1}]
    assert done.stats["refused/unstorable"] == 1
    (error,) = told(caplog)
    assert "test_riders.py:" in error
    assert "refused (UNSTORABLE = 'refuse')" in error
    assert error.count("lambda") >= 1


def test_what_start_yields_may_ride_or_be_refused_as_well(crawl, caplog):
    class Begins(Spider):
        name = "begins"

        async def start(self):
            yield Request("http://a/1", meta={"session": object()})

        def parse(self, response):
            yield {"page": response.text}

    assert crawl(Begins, PAGES).items == [{"page": "1"}]
    assert crawl(Begins, PAGES, UNSTORABLE="refuse").items == []
    assert ["meta['session']" in message for message in told(caplog)] == [True, True]


def test_a_callback_that_returns_a_list_is_named_without_a_line_of_its_yield(crawl, caplog):
    class Returns(Rides):
        def parse(self, response):
            return [Request("http://a/2", callback=lambda response: None)]

    crawl(Returns, PAGES, UNSTORABLE="refuse")

    assert "Returns.parse (tests/unit/engine/test_riders.py:" in told(caplog)[0]


def test_riders_are_fetched_while_the_crawl_drains(crawl):
    async def stops(crawler):
        await asyncio.sleep(5)
        crawler.stop()

    done = crawl(Rides, PAGES, during=stops)

    assert [item["page"] for item in done.items] == [3, 2, 1]
    assert done.view.pending == 0


def test_a_stop_at_once_leaves_parent_and_riders_to_a_later_run(crawl):
    async def stops(crawler):
        await asyncio.sleep(15)
        crawler.engine.stop_now()

    done = crawl(Rides, PAGES, during=stops)

    assert done.items == []
    assert done.view.done == 0
    assert done.view.pending == 2


def test_more_visits_than_may_wait_get_their_riders_refused_by_name(crawl, caplog):
    done = crawl(Rides, PAGES, RIDERS_MAX=1)

    assert [item["page"] for item in done.items] == [2, 1]
    assert done.stats["refused/unstorable"] == 1


def test_a_rider_that_the_process_has_died_of_is_failed_and_its_parent_ends(crawl):
    class Suspects:
        @classmethod
        def from_crawler(cls, crawler):
            self = cls()
            self.crawler = crawler
            crawler.signals.connect(self.suspect, signals.engine_started)
            return self

        def suspect(self):
            frontier = self.crawler.engine._parts.frontier
            identity = frontier._admission.identity(Request("http://a/2"))
            frontier._dispatch.suspects.known[identity] = Deaths(DEATHS_MAX, DEATHS_MAX)

    done = crawl(Rides, PAGES, EXTENSIONS={Suspects: 1})

    assert done.items == [{"page": 1}]
    assert done.paths == ["1"]
    assert (done.view.done, done.view.failed, done.view.pending) == (1, 1, 0)
    assert done.reason == "finished"


@pytest.mark.parametrize(("choice", "fetched"), [("ride", 2), ("refuse", 1)])
def test_what_a_middleware_makes_of_a_request_rides_too_or_is_refused(crawl, caplog, choice, fetched):
    class Replaces:
        def process_response(self, request, response):
            if request.url.endswith("/1"):
                return Request("http://a/2", meta={"live": object()})
            return response

    class Any(Spider):
        name = "any"
        start_urls = ["http://a/1"]

        def parse(self, response):
            yield {"page": response.text}

    done = crawl(Any, PAGES, DOWNLOADER_MIDDLEWARES={Replaces: 1}, UNSTORABLE=choice)

    assert len(done.paths) == fetched
    assert done.view.replaced == 1


def test_other_requests_of_the_same_kind_are_not_told_of_again(crawl, caplog):
    class Many(Rides):
        def parse(self, response):
            for number in (2, 3):
                yield Request(f"http://a/{number}", callback=lambda response: {"page": response.text})

    with caplog.at_level(logging.WARNING):
        done = crawl(Many, PAGES)

    assert len(done.items) == 2
    assert len(told(caplog)) == 1
