from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.defaultheaders import DefaultHeadersMiddleware
from framework.exceptions import NotConfigured
from framework.http import Request


def test_a_request_without_headers_gets_the_default_ones() -> None:
    middleware = DefaultHeadersMiddleware({"accept": "text/html", "X-Many": ["1", "2"], "X-None": None})
    request = Request("http://a.example/")

    middleware.process_request(request)

    assert list(request.headers.items()) == [(b"Accept", [b"text/html"]), (b"X-Many", [b"1", b"2"])]


def test_a_requests_own_headers_stay() -> None:
    middleware = DefaultHeadersMiddleware({"Accept": "text/html", "Accept-Language": "en"})
    request = Request("http://a.example/", headers={"accept": "*/*", "Accept-Language": None})

    middleware.process_request(request)

    assert request.headers.getlist("Accept") == [b"*/*"]
    assert request.headers.getlist("Accept-Language") == []


def test_requests_do_not_share_their_headers() -> None:
    middleware = DefaultHeadersMiddleware({"Accept": "text/html"})
    first, second = Request("http://a.example/1"), Request("http://a.example/2")

    for request in (first, second):
        middleware.process_request(request)
    first.headers.appendlist("Accept", "x/y")

    assert second.headers.getlist("Accept") == [b"text/html"]


def test_the_setting_is_read(make_crawler: Any) -> None:
    request = Request("http://a.example/")

    DefaultHeadersMiddleware.from_crawler(
        make_crawler({"DEFAULT_REQUEST_HEADERS": {"X-Mine": "1", "Accept": None}})
    ).process_request(request)

    assert request.headers["X-Mine"] == b"1"
    assert b"Accept" not in request.headers


def test_it_is_left_out_without_default_headers(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        DefaultHeadersMiddleware.from_crawler(make_crawler({"DEFAULT_REQUEST_HEADERS": {}}))
