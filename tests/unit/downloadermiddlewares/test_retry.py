from __future__ import annotations

import logging
import time
from email.utils import formatdate
from typing import Any

import pytest

from framework.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from framework.exceptions import (
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    NotConfigured,
    PluginError,
    SettingsError,
    TlsError,
)
from framework.http import Request, Response

URL = "http://shop.example/books/1"
NOW_AT = 1_800_000_000.0


def make_middleware(crawler: Any) -> RetryMiddleware:
    middleware = RetryMiddleware.from_crawler(crawler)
    middleware._clock = lambda: NOW_AT
    return middleware


def test_a_passing_failure_is_tried_again(make_crawler: Any) -> None:
    crawler = make_crawler()
    request = Request(URL, priority=5)

    again = make_middleware(crawler).process_response(request, Response(URL, 503))

    assert isinstance(again, Request)
    assert again.meta["retry_times"] == 1
    assert again.priority == 4
    assert again._retry == "503 Service Unavailable"
    assert again.dont_filter is False
    assert crawler.stats.get_stats() == {"retry/count": 1, "retry/reason_count/503 Service Unavailable": 1}
    assert request._meta is None


@pytest.mark.parametrize("status", [200, 301, 404, 501])
def test_other_answers_pass(make_crawler: Any, status: int) -> None:
    response = Response(URL, status)

    assert make_middleware(make_crawler()).process_response(Request(URL), response) is response


def test_a_status_without_a_name_is_retried_too(make_crawler: Any) -> None:
    again = make_middleware(make_crawler()).process_response(Request(URL), Response(URL, 522))

    assert isinstance(again, Request)
    assert again._retry == "522 Unknown Status"


def test_it_gives_up_after_the_last_time(make_crawler: Any, caplog: pytest.LogCaptureFixture) -> None:
    crawler = make_crawler({"RETRY_TIMES": 2})
    middleware = make_middleware(crawler)
    response = Response(URL, 500)
    request: Any = Request(URL)

    for _ in range(2):
        request = middleware.process_response(request, response)

    assert middleware.process_response(request, response) is response
    assert crawler.stats.get_value("retry/max_reached") == 1
    assert "Gave up retrying <GET http://shop.example/books/1> (failed 3 times)" in caplog.text


@pytest.mark.parametrize(("times", "is_retried"), [(0, False), (9, True)])
def test_meta_sets_how_often(make_crawler: Any, times: int, is_retried: bool) -> None:
    request = Request(URL, meta={"max_retry_times": times, "retry_times": 3})

    again = make_middleware(make_crawler()).process_response(request, Response(URL, 500))

    assert isinstance(again, Request) is is_retried


def test_dont_retry_lets_everything_pass(make_crawler: Any) -> None:
    middleware = make_middleware(make_crawler())
    request = Request(URL, meta={"dont_retry": True})
    response = Response(URL, 500)

    assert middleware.process_response(request, response) is response
    assert middleware.process_exception(request, DownloadTimeoutError()) is None


def test_the_wait_is_spent_in_the_frontier(make_crawler: Any) -> None:
    middleware = make_middleware(make_crawler({"RETRY_BACKOFF_BASE": 50.0, "RETRY_BACKOFF_MAX": 50.0}))

    waits = []
    for _ in range(200):
        again: Any = middleware.process_response(Request(URL), Response(URL, 500))
        waits.append(again._not_before_at - time.time())

    assert all(-5 < wait_s <= 50 for wait_s in waits)
    assert max(waits) - min(waits) > 10


def test_without_back_off_it_goes_at_once(make_crawler: Any) -> None:
    middleware = make_middleware(make_crawler({"RETRY_BACKOFF_BASE": 0}))

    again: Any = middleware.process_response(Request(URL), Response(URL, 500))

    assert again._not_before_at is None


def test_exceptions_are_retried_by_class(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = make_middleware(crawler)

    again = middleware.process_exception(Request(URL), DownloadConnectionRefusedError("no"))

    assert again is not None
    assert again._retry == "framework.exceptions.DownloadConnectionRefusedError"
    assert middleware.process_exception(Request(URL), OSError()) is not None
    assert middleware.process_exception(Request(URL), ValueError()) is None


def test_an_error_that_lasts_is_not_retried_by_its_parents_name(make_crawler: Any) -> None:
    assert make_middleware(make_crawler()).process_exception(Request(URL), TlsError()) is None


def test_an_error_that_lasts_is_retried_when_it_is_named(make_crawler: Any) -> None:
    crawler = make_crawler({"RETRY_EXCEPTIONS": ["framework.exceptions.TlsError"]})

    assert make_middleware(crawler).process_exception(Request(URL), TlsError()) is not None


@pytest.mark.parametrize(
    ("name", "error"), [("framework.http.Request", SettingsError), ("framework.exceptions.Typo", PluginError)]
)
def test_a_wrong_name_among_the_exceptions_is_said_at_the_start(
    make_crawler: Any, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=name.rpartition(".")[2]):
        RetryMiddleware.from_crawler(make_crawler({"RETRY_EXCEPTIONS": [name]}))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["30", formatdate(NOW_AT + 30, usegmt=True)], ids=["seconds", "date"])
def test_retry_after_holds_the_whole_host(make_crawler: Any, status: int, value: str) -> None:
    crawler = make_crawler({"RETRY_BACKOFF_BASE": 0})
    request = Request(URL)

    again: Any = make_middleware(crawler).process_response(
        request, Response(URL, status, headers={"Retry-After": value})
    )

    assert again._not_before_at == NOW_AT + 30
    assert [(r, policy.hold_until_at) for r, policy in crawler.engine.holds] == [(request, NOW_AT + 30)]


def test_answers_of_one_episode_hold_once(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = make_middleware(crawler)
    response = Response(URL, 429, headers={"Retry-After": "30"})

    for n in range(5):
        middleware.process_response(Request(f"http://shop.example/{n}"), response)

    assert len(crawler.engine.holds) == 1
    assert crawler.stats.get_value("retry/host_holds") == 1


def test_a_later_end_moves_the_hold_and_a_new_episode_counts(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = make_middleware(crawler)
    response = Response(URL, 429, headers={"Retry-After": "30"})

    for now_at in (NOW_AT, NOW_AT + 10, NOW_AT + 100):
        middleware._clock = lambda now_at=now_at: now_at  # type: ignore[misc]
        middleware.process_response(Request(URL), response)

    assert [policy.hold_until_at for _, policy in crawler.engine.holds] == [NOW_AT + 30, NOW_AT + 40, NOW_AT + 130]
    assert crawler.stats.get_value("retry/host_holds") == 2


def test_hosts_and_slots_are_held_apart(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = make_middleware(crawler)
    response = Response(URL, 429, headers={"Retry-After": "30"})

    for request in (Request(URL), Request("http://b.example/"), Request(URL, meta={"download_slot": "slow"})):
        middleware.process_response(request, response)

    assert len(crawler.engine.holds) == 3


def test_a_server_cannot_make_us_wait_forever(make_crawler: Any) -> None:
    crawler = make_crawler({"RETRY_AFTER_MAX": 60})

    make_middleware(crawler).process_response(Request(URL), Response(URL, 503, headers={"Retry-After": "999999"}))

    assert crawler.engine.holds[0][1].hold_until_at == NOW_AT + 60


@pytest.mark.parametrize(("status", "value"), [(500, "30"), (429, "soon"), (503, "0")])
def test_other_answers_hold_nothing(make_crawler: Any, status: int, value: str) -> None:
    crawler = make_crawler()

    make_middleware(crawler).process_response(Request(URL), Response(URL, status, headers={"Retry-After": value}))

    assert crawler.engine.holds == []


def test_a_host_is_held_even_when_its_status_is_not_retried(make_crawler: Any) -> None:
    crawler = make_crawler({"RETRY_HTTP_CODES": [500]})
    response = Response(URL, 429, headers={"Retry-After": "30"})

    assert make_middleware(crawler).process_response(Request(URL), response) is response
    assert len(crawler.engine.holds) == 1


def test_holds_that_are_over_are_forgotten(make_crawler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.downloadermiddlewares.retry._MOST_HOLDS", 2)
    middleware = make_middleware(make_crawler())
    response = Response(URL, 429, headers={"Retry-After": "30"})

    for n in range(4):
        middleware._clock = lambda n=n: NOW_AT + 100 * n  # type: ignore[misc]
        middleware.process_response(Request(f"http://h{n}.example/"), response)

    assert len(middleware._held_until_at) <= 2


def test_before_the_engine_runs_nothing_is_held(make_crawler: Any) -> None:
    crawler = make_crawler()
    crawler.engine = None

    again = make_middleware(crawler).process_response(Request(URL), Response(URL, 429, headers={"Retry-After": "3"}))

    assert isinstance(again, Request)


def test_a_spider_may_ask_for_a_retry_itself(make_crawler: Any, caplog: pytest.LogCaptureFixture) -> None:
    crawler = make_crawler()
    logger = logging.getLogger("books")
    caplog.set_level(logging.DEBUG, logger="books")

    again = get_retry_request(
        Request(URL, meta={"page": 1}),
        spider=crawler.spider,
        reason=ValueError,
        priority_adjust=10,
        logger=logger,
        stats_base_key="empty",
    )

    assert again is not None
    assert (again.priority, again.dont_filter, again.meta) == (10, True, {"page": 1, "retry_times": 1})
    assert crawler.stats.get_stats() == {"empty/count": 1, "empty/reason_count/builtins.ValueError": 1}
    assert "(failed 1 times)" in caplog.text


def test_a_spider_may_say_how_often(make_crawler: Any) -> None:
    request = Request(URL, meta={"max_retry_times": 9})

    assert get_retry_request(request, spider=make_crawler().spider, max_retry_times=0) is None


def test_it_is_left_out_when_retries_are_off(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        RetryMiddleware.from_crawler(make_crawler({"RETRY_ENABLED": False}))


@pytest.mark.parametrize(
    ("setting", "meta", "argument", "level"),
    [
        ({}, {}, None, logging.ERROR),
        ({"RETRY_GIVE_UP_LOG_LEVEL": "info"}, {}, None, logging.INFO),
        ({"RETRY_GIVE_UP_LOG_LEVEL": "info"}, {"give_up_log_level": "warning"}, None, logging.WARNING),
        ({}, {"give_up_log_level": logging.WARNING}, logging.INFO, logging.INFO),
    ],
)
def test_giving_up_is_logged_as_loudly_as_asked(
    make_crawler: Any,
    caplog: pytest.LogCaptureFixture,
    setting: dict[str, Any],
    meta: dict[str, Any],
    argument: int | None,
    level: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    spider = make_crawler(setting).spider

    get_retry_request(Request(URL, meta=meta), spider=spider, max_retry_times=0, give_up_log_level=argument)

    assert [record.levelno for record in caplog.records if "Gave up" in record.message] == [level]


def test_a_level_that_does_not_exist_is_refused(make_crawler: Any) -> None:
    request = Request(URL, meta={"give_up_log_level": "loud"})

    with pytest.raises(ValueError, match="'loud' is no level of logging"):
        get_retry_request(request, spider=make_crawler().spider, max_retry_times=0)
