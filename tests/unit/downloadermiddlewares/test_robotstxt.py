from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from framework.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from framework.exceptions import DownloadTimeoutError, IgnoreRequest, NotConfigured
from framework.http import Request, Response
from framework.protocols import Gate, Wait
from framework.robotstxt import RobotParser

ROBOTS = "http://shop.example/robots.txt"
RULES = b"User-agent: *\nDisallow: /private\n\nUser-agent: friend\nDisallow: /books\n"


class Crawl:
    """A crawl with the middleware as its only gate."""

    def __init__(self, crawler: Any) -> None:
        self.crawler = crawler
        self.engine = crawler.engine
        self.middleware = RobotsTxtMiddleware.from_crawler(crawler)
        self.woken: list[Any] = []
        self.middleware.connect_waker(lambda token, count=None: self.woken.append(token))

    def visit(self, url: str, **kwargs: Any) -> bool:
        """Go through gate and hook; say whether the request may be sent."""
        request = Request(url, **kwargs)
        if isinstance(self.middleware.ask(request), Wait):
            self.engine.work_off()
            assert self.middleware.ask(request) is None
        try:
            assert self.middleware.process_request(request) is None
        except IgnoreRequest:
            return False
        return True


@pytest.fixture
def make_crawl(make_crawler: Any) -> Any:
    def make(page: Any = None, settings: dict[str, Any] | None = None, **of_spider: Any) -> Crawl:
        crawl = Crawl(make_crawler({"ROBOTSTXT_OBEY": True, **(settings or {})}, **of_spider))
        crawl.engine.pages[ROBOTS] = page if page is not None else Response(ROBOTS, body=RULES)
        return crawl

    return make


def test_requests_wait_for_the_one_fetch_of_their_origin(make_crawl: Any) -> None:
    crawl = make_crawl()

    answers = [crawl.middleware.ask(Request(f"http://shop.example/{n}")) for n in range(5)]

    assert answers == [Wait("http://shop.example")] * 5
    assert len(crawl.engine.spawned) == 1
    crawl.engine.work_off()
    assert crawl.woken == ["http://shop.example"]
    assert crawl.middleware.ask(Request("http://shop.example/9")) is None
    assert [request.url for request in crawl.engine.fetched] == [ROBOTS]


def test_what_is_forbidden_is_dropped_and_counted(make_crawl: Any) -> None:
    crawl = make_crawl()

    assert crawl.visit("http://shop.example/books")
    assert not crawl.visit("http://shop.example/private/x")
    assert crawl.crawler.stats.get_stats() == {
        "robotstxt/request_count": 1,
        "robotstxt/response_count": 1,
        "robotstxt/response_status_count/200": 1,
        "robotstxt/forbidden": 1,
    }


def test_the_fetch_itself_obeys_nothing(make_crawl: Any) -> None:
    crawl = make_crawl()
    crawl.visit("http://shop.example/")
    robots = crawl.engine.fetched[0]

    assert robots.priority == 1000
    assert robots.meta["allow_offsite"] is True
    fresh = make_crawl()
    assert fresh.middleware.ask(robots) is None
    assert fresh.middleware.process_request(robots) is None
    assert fresh.engine.spawned == []


def test_a_request_may_disobey(make_crawl: Any) -> None:
    crawl = make_crawl()
    crawl.visit("http://shop.example/")

    assert crawl.visit("http://shop.example/private", meta={"dont_obey_robotstxt": True})


def test_origins_are_kept_apart(make_crawl: Any) -> None:
    crawl = make_crawl()
    for origin in ("https://shop.example", "http://shop.example:8000"):
        crawl.engine.pages[origin + "/robots.txt"] = Response(origin, 404)

    assert crawl.visit("https://shop.example/private")
    assert crawl.visit("http://shop.example:8000/private")
    assert not crawl.visit("http://shop.example/private")


@pytest.mark.parametrize("url", ["http://shop.example?q=1", "http://ann:x@shop.example/private", "http://shop.example"])
def test_one_origin_written_otherwise_is_fetched_once(make_crawl: Any, url: str) -> None:
    crawl = make_crawl()
    crawl.visit("http://shop.example/")

    for _ in range(2):
        assert crawl.visit(url) is ("private" not in url)

    assert len(crawl.engine.fetched) == 1


def test_an_origin_first_seen_in_another_spelling_is_known(make_crawl: Any) -> None:
    crawl = make_crawl()

    assert crawl.visit("http://shop.example?q=1")
    assert crawl.engine.fetched[0].url == ROBOTS


@pytest.mark.parametrize("url", ["data:text/plain,x", "file:///etc/hosts"])
def test_other_schemes_have_no_rules(make_crawl: Any, url: str) -> None:
    crawl = make_crawl()

    assert crawl.visit(url)
    assert crawl.engine.fetched == []


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410, 500, 503])
def test_without_a_file_everything_is_allowed(make_crawl: Any, status: int) -> None:
    crawl = make_crawl(Response(ROBOTS, status, body=RULES))

    assert crawl.visit("http://shop.example/private")
    assert crawl.crawler.stats.get_value(f"robotstxt/response_status_count/{status}") == 1


def test_a_failure_is_counted_and_allows_everything(make_crawl: Any, caplog: pytest.LogCaptureFixture) -> None:
    crawl = make_crawl(DownloadTimeoutError("too slow"))

    assert crawl.visit("http://shop.example/private")
    assert crawl.woken == ["http://shop.example"]
    key = "robotstxt/exception_count/framework.exceptions.DownloadTimeoutError"
    assert crawl.crawler.stats.get_value(key) == 1
    assert "too slow" in caplog.text


def test_a_fetch_that_another_component_drops_is_no_failure(make_crawl: Any, caplog: pytest.LogCaptureFixture) -> None:
    crawl = make_crawl(IgnoreRequest("offsite"))

    assert crawl.visit("http://shop.example/private")
    assert caplog.text == ""


def test_a_parser_that_fails_allows_everything(make_crawl: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(RobotParser):
        @classmethod
        def from_crawler(cls, crawler: Any, robotstxt_body: bytes) -> Any:
            raise ValueError("what is this")

        def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
            raise AssertionError

    crawl = make_crawl(settings={"ROBOTSTXT_PARSER": Broken})

    assert crawl.visit("http://shop.example/private")
    assert "what is this" in caplog.text


def test_the_rules_of_the_agent_that_is_sent_count(make_crawl: Any) -> None:
    assert not make_crawl().visit("http://shop.example/books", headers={"User-Agent": "friend/1.0"})
    assert not make_crawl(settings={"USER_AGENT": "friend/1.0"}).visit("http://shop.example/books")
    assert not make_crawl(user_agent="friend/1.0").visit("http://shop.example/books")
    assert make_crawl().visit("http://shop.example/books")


def test_a_setting_names_the_agent_whose_rules_count(make_crawl: Any) -> None:
    crawl = make_crawl(settings={"ROBOTSTXT_USER_AGENT": "friend"})

    assert not crawl.visit("http://shop.example/books", headers={"User-Agent": "other"})


def test_the_fetch_belongs_to_no_visit(make_crawl: Any) -> None:
    visit: ContextVar[str] = ContextVar("visit", default="nobody's")
    crawl = make_crawl()
    seen: list[str] = []

    def spawn(coroutine: Any, name: str) -> None:
        seen.append(visit.get())
        coroutine.close()

    crawl.engine.spawn = spawn
    visit.set("mine")

    crawl.middleware.ask(Request("http://shop.example/"))

    assert seen == ["nobody's"]


def test_a_fetch_that_was_cancelled_may_start_again(make_crawl: Any) -> None:
    crawl = make_crawl()
    crawl.middleware.ask(Request("http://shop.example/"))

    async def begin_and_cancel() -> None:
        task = asyncio.create_task(crawl.engine.spawned.pop())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(begin_and_cancel())

    assert isinstance(crawl.middleware.ask(Request("http://shop.example/")), Wait)
    crawl.engine.work_off()
    assert crawl.middleware.ask(Request("http://shop.example/")) is None


def test_what_it_remembers_is_bounded(make_crawl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.downloadermiddlewares.robotstxt._MOST_ORIGINS", 3)
    crawl = make_crawl()

    for n in range(6):
        crawl.engine.pages[f"http://h{n}.example/robots.txt"] = Response(ROBOTS, 404)
        assert crawl.visit(f"http://h{n}.example/")

    assert len(crawl.middleware._rules) == 3


def test_before_the_engine_runs_nothing_waits(make_crawl: Any) -> None:
    crawl = make_crawl()
    crawl.crawler.engine = None

    assert crawl.middleware.ask(Request("http://shop.example/")) is None
    assert crawl.middleware.process_request(Request("http://shop.example/")) is None


def test_it_is_a_gate_that_works_without_a_waker(make_crawler: Any) -> None:
    crawler = make_crawler({"ROBOTSTXT_OBEY": True})
    crawler.engine.pages[ROBOTS] = Response(ROBOTS, body=b"Sitemap: x")
    middleware = RobotsTxtMiddleware.from_crawler(crawler)

    assert isinstance(middleware, Gate)
    assert isinstance(middleware.ask(Request("http://shop.example/")), Wait)
    crawler.engine.work_off()
    assert middleware.ask(Request("http://shop.example/")) is None


def test_it_is_left_out_when_robots_are_not_obeyed(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        RobotsTxtMiddleware.from_crawler(make_crawler({"ROBOTSTXT_OBEY": False}))
