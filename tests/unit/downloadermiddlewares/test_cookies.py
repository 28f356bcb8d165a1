from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from framework.downloadermiddlewares.cookiejar import CookieJar
from framework.downloadermiddlewares.cookies import CookiesMiddleware
from framework.exceptions import NotConfigured
from framework.http import Request, Response

URL = "http://shop.example/books/1"


def cookie_header(middleware: CookiesMiddleware, request: Request) -> bytes | None:
    middleware.process_request(request)
    return request._headers.get("Cookie") if request._headers is not None else None


def answer(middleware: CookiesMiddleware, request: Request, *set_cookie: bytes) -> None:
    response = Response(request.url, headers=tuple((b"set-COOKIE", value) for value in set_cookie), request=request)
    assert middleware.process_response(request, response) is response


def test_what_a_site_sets_is_sent_back() -> None:
    middleware = CookiesMiddleware()

    answer(middleware, Request(URL), b"a=1", b"b=2; Path=/")

    assert cookie_header(middleware, Request(URL)) == b"a=1; b=2"
    assert cookie_header(middleware, Request("http://shop.example/")) == b"b=2"
    assert cookie_header(middleware, Request("http://other.example/")) is None


def test_headers_that_were_looked_at_are_read_too() -> None:
    middleware = CookiesMiddleware()
    response = Response(URL, headers={"Set-Cookie": ["a=1", "b=2"]})

    middleware.process_response(Request(URL), response)

    assert cookie_header(middleware, Request(URL)) == b"a=1; b=2"


def test_a_page_without_cookies_builds_no_headers() -> None:
    middleware = CookiesMiddleware()
    response = Response(URL, headers=((b"Content-Type", b"text/html"), (b"Set-Cookiex", b"")))
    request = Request(URL)

    middleware.process_response(request, response)
    middleware.process_response(request, Response(URL))
    middleware.process_request(request)

    assert isinstance(response._headers, tuple)
    assert request._headers is None
    assert request._meta is None


@pytest.mark.parametrize(
    "cookies",
    [{"a": "1", "b": 2}, [{"name": "a", "value": "1"}, {"name": b"b", "value": b"2"}]],
    ids=["dictionary", "list"],
)
def test_the_cookies_of_a_request_are_sent_and_stay(cookies: Any) -> None:
    middleware = CookiesMiddleware()

    assert cookie_header(middleware, Request(URL, cookies=cookies)) == b"a=1; b=2"
    assert cookie_header(middleware, Request(URL)) == b"a=1; b=2"


def test_a_listed_cookie_says_where_it_goes() -> None:
    middleware = CookiesMiddleware()
    cookies: list[dict[str, Any]] = [
        {"name": "a", "value": "1", "domain": "shop.example", "path": "/"},
        {"name": "b", "value": "2", "path": "/", "secure": True},
    ]

    assert cookie_header(middleware, Request(URL, cookies=cookies)) == b"a=1"
    assert cookie_header(middleware, Request("http://www.shop.example/")) == b"a=1"
    assert cookie_header(middleware, Request("https://shop.example/")) == b"a=1; b=2"


def test_a_cookie_of_an_https_request_is_secure_unless_it_says_otherwise() -> None:
    middleware = CookiesMiddleware()
    cookies: list[dict[str, Any]] = [{"name": "a", "value": "1"}, {"name": "b", "value": "2", "secure": False}]

    cookie_header(middleware, Request("https://shop.example/", cookies=cookies))

    assert cookie_header(middleware, Request("http://shop.example/")) == b"b=2"


def test_a_semicolon_in_a_value_sets_no_attribute() -> None:
    middleware = CookiesMiddleware()

    assert cookie_header(middleware, Request(URL, cookies={"a": "1; Domain=x"})) == b"a=1%3B Domain=x"


def test_text_is_sent_in_utf8() -> None:
    assert cookie_header(CookiesMiddleware(), Request(URL, cookies={"name": "é"})) == "name=é".encode()


@pytest.mark.parametrize(
    ("cookie", "complaint"),
    [
        ({"name": "a"}, "no value"),
        ({"value": "a"}, "no name"),
        ({"name": "a", "value": "1", "domain": "other.example"}, "domain"),
        ({"name": "a\n", "value": "1"}, "malformed"),
    ],
)
def test_a_cookie_that_cannot_be_sent_is_named_in_a_warning(
    cookie: dict[str, Any], complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert cookie_header(CookiesMiddleware(), Request(URL, cookies=[cookie])) is None
    assert complaint in caplog.text


def test_jars_keep_sessions_apart() -> None:
    middleware = CookiesMiddleware()

    for who in ("ann", "bob"):
        answer(middleware, Request(URL, meta={"cookiejar": who}), b"who=" + who.encode())

    assert cookie_header(middleware, Request(URL, meta={"cookiejar": "ann"})) == b"who=ann"
    assert cookie_header(middleware, Request(URL, meta={"cookiejar": "bob"})) == b"who=bob"
    assert cookie_header(middleware, Request(URL, meta={"cookiejar": "carl"})) is None
    assert cookie_header(middleware, Request(URL)) is None
    assert set(middleware.jars) == {None, "ann", "bob"}


def test_dont_merge_cookies_leaves_an_exchange_out() -> None:
    middleware = CookiesMiddleware()
    answer(middleware, Request(URL), b"a=1")
    aside = Request(URL, cookies={"b": "2"}, meta={"dont_merge_cookies": True})

    answer(middleware, aside, b"c=3")

    assert cookie_header(middleware, aside) is None
    assert cookie_header(middleware, Request(URL)) == b"a=1"


def test_a_new_jar_is_made_for_the_cookies_of_a_request() -> None:
    request = Request(URL, cookies={"a": "1"}, meta={"cookiejar": 7})

    assert cookie_header(CookiesMiddleware(), request) == b"a=1"


def test_the_jar_replaces_a_header_set_by_hand() -> None:
    middleware = CookiesMiddleware()
    answer(middleware, Request(URL), b"a=1")

    assert cookie_header(middleware, Request(URL, headers={"Cookie": "a=0"})) == b"a=1"
    assert cookie_header(CookiesMiddleware(), Request(URL, headers={"Cookie": "a=0"})) == b"a=0"


def test_a_snapshot_carries_all_jars_over_a_stop() -> None:
    middleware = CookiesMiddleware(clock=lambda: 1000.0)
    answer(middleware, Request(URL), b"a=1; Max-Age=5", b"b=2")
    answer(middleware, Request(URL, meta={"cookiejar": ("ann", 1)}), b"c=3")
    answer(middleware, Request(URL, meta={"cookiejar": object}), b"d=4")
    resumed = CookiesMiddleware(clock=lambda: 1010.0)

    resumed.restore(json.loads(json.dumps(middleware.snapshot())))
    resumed.restore(None)

    assert cookie_header(resumed, Request(URL)) == b"b=2"
    assert cookie_header(resumed, Request(URL, meta={"cookiejar": ("ann", 1)})) == b"c=3"


def test_a_snapshot_has_another_revision_only_when_something_has_changed() -> None:
    now = [1000.0]
    middleware = CookiesMiddleware(clock=lambda: now[0])
    ann = Request(URL, meta={"cookiejar": "ann"})
    revisions = [middleware.snapshot_revision]

    def has_changed() -> bool:
        revisions.append(middleware.snapshot_revision)
        return revisions[-1] != revisions[-2]

    answer(middleware, Request(URL), b"a=1; Max-Age=5")
    assert has_changed()
    answer(middleware, Request(URL), b"a=1; Max-Age=5")
    cookie_header(middleware, Request(URL))
    middleware.snapshot()
    assert not has_changed()
    answer(middleware, ann, b"b=2")
    assert has_changed()
    middleware.jars["ann"] = CookieJar()
    answer(middleware, ann, b"b=3")
    assert has_changed()
    del middleware.jars["ann"]
    assert has_changed()
    now[0] = 1010.0
    cookie_header(middleware, Request(URL))
    assert has_changed()
    assert middleware.snapshot() == []


def test_debug_logs_what_is_sent_and_received(make_crawler: Any, caplog: pytest.LogCaptureFixture) -> None:
    middleware = CookiesMiddleware.from_crawler(make_crawler({"COOKIES_DEBUG": True}))
    caplog.set_level(logging.DEBUG)

    answer(middleware, Request(URL), b"a=1")
    cookie_header(middleware, Request(URL))

    assert "Received cookies from: <200 http://shop.example/books/1>\nSet-Cookie: a=1" in caplog.text
    assert "Sending cookies to: <GET http://shop.example/books/1>\nCookie: a=1" in caplog.text


def test_it_is_left_out_when_cookies_are_off(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        CookiesMiddleware.from_crawler(make_crawler({"COOKIES_ENABLED": False}))
