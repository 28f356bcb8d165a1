from __future__ import annotations

from typing import Any

import pytest

from framework.exceptions import IgnoreRequest, NotConfigured
from framework.http import Request, Response
from framework.spidermiddlewares.httperror import HttpError, HttpErrorMiddleware


def is_allowed(crawler: Any, status: int, **meta: Any) -> bool:
    response = Response("http://a.example/", status, request=Request("http://a.example/", meta=meta))
    try:
        HttpErrorMiddleware.from_crawler(crawler).process_spider_input(response)
    except HttpError as error:
        return error.response is not response
    return True


@pytest.mark.parametrize(("status", "expected"), [(199, False), (200, True), (299, True), (300, False), (404, False)])
def test_success_passes(make_crawler: Any, status: int, expected: bool) -> None:
    assert is_allowed(make_crawler(), status) is expected


def test_a_request_may_handle_statuses_itself(make_crawler: Any) -> None:
    assert is_allowed(make_crawler(), 404, handle_httpstatus_all=True)
    assert is_allowed(make_crawler(), 404, handle_httpstatus_list=[404])
    assert not is_allowed(make_crawler(), 500, handle_httpstatus_list=[404])


def test_a_spider_may_handle_statuses(make_crawler: Any) -> None:
    crawler = make_crawler(handle_httpstatus_list=[404])

    assert is_allowed(crawler, 404)
    assert not is_allowed(crawler, 404, handle_httpstatus_list=[500])


def test_settings_may_allow_statuses(make_crawler: Any) -> None:
    assert is_allowed(make_crawler({"HTTPERROR_ALLOWED_CODES": [404]}), 404)
    assert not is_allowed(make_crawler({"HTTPERROR_ALLOWED_CODES": [404]}), 500)


def test_what_nobody_handles_is_counted_and_done_with(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = HttpErrorMiddleware.from_crawler(crawler)
    response = Response("http://a.example/", 404)

    assert middleware.process_spider_exception(response, HttpError(response, "x")) == []
    assert middleware.process_spider_exception(response, ValueError()) is None
    assert crawler.stats.get_stats() == {
        "httperror/response_ignored_count": 1,
        "httperror/response_ignored_status_count/404": 1,
    }


def test_an_errback_may_take_it_for_an_ignored_request() -> None:
    assert issubclass(HttpError, IgnoreRequest)


def test_it_is_left_out_when_everything_is_allowed(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        HttpErrorMiddleware.from_crawler(make_crawler({"HTTPERROR_ALLOW_ALL": True}))
