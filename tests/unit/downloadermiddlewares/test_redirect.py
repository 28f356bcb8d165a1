from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware, may_refresh
from framework.exceptions import IgnoreRequest, NotConfigured
from framework.http import HtmlResponse, Request, Response, TextResponse

URL = "http://shop.example/a"


@pytest.fixture
def redirect(make_crawler: Any) -> RedirectMiddleware:
    return RedirectMiddleware.from_crawler(make_crawler())


@pytest.fixture
def refresh(make_crawler: Any) -> MetaRefreshMiddleware:
    return MetaRefreshMiddleware.from_crawler(make_crawler())


def moved(url: str, location: str | bytes, status: int = 302) -> Response:
    raw = location if isinstance(location, bytes) else location.encode()
    return Response(url, status, headers=((b"location", raw),))


def follow(middleware: RedirectMiddleware, request: Request, location: str | bytes, status: int = 302) -> Any:
    return middleware.process_response(request, moved(request.url, location, status))


def page(url: str, content: str = "0; url=/b", **kwargs: Any) -> HtmlResponse:
    body = f'<html><head><meta http-equiv="Refresh" content="{content}"></head></html>'
    return HtmlResponse(url, body=body.encode(), **kwargs)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_becomes_a_request(redirect: RedirectMiddleware, status: int) -> None:
    request = Request(URL, meta={"mine": 1}, priority=3, cb_kwargs={"n": 1})

    target = follow(redirect, request, "/b", status)

    assert target.url == "http://shop.example/b"
    assert (target.method, target.priority, target.dont_filter, target.cb_kwargs) == ("GET", 5, False, {"n": 1})
    assert target.meta == {
        "mine": 1,
        "redirect_times": 1,
        "redirect_ttl": 19,
        "redirect_urls": [URL],
        "redirect_reasons": [status],
    }
    assert request.meta == {"mine": 1}


@pytest.mark.parametrize("status", [200, 300, 304, 305, 404])
def test_other_statuses_pass(redirect: RedirectMiddleware, status: int) -> None:
    response = moved(URL, "/b", status)

    assert redirect.process_response(Request(URL), response) is response


@pytest.mark.parametrize(
    "meta",
    [
        {"dont_redirect": True},
        {"handle_httpstatus_all": True},
        {"handle_httpstatus_list": [302]},
    ],
)
def test_meta_lets_the_redirect_itself_pass(redirect: RedirectMiddleware, meta: dict[str, Any]) -> None:
    response = moved(URL, "/b")

    assert redirect.process_response(Request(URL, meta=meta), response) is response


def test_a_spider_may_want_redirects_for_itself(make_crawler: Any) -> None:
    redirect = RedirectMiddleware.from_crawler(make_crawler(handle_httpstatus_list=[302]))

    assert isinstance(follow(redirect, Request(URL), "/b", 302), Response)
    assert isinstance(follow(redirect, Request(URL), "/b", 301), Request)


@pytest.mark.parametrize(
    ("method", "status", "becomes"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 302, "PUT"),
        ("PUT", 303, "GET"),
        ("HEAD", 302, "HEAD"),
        ("HEAD", 303, "HEAD"),
        ("GET", 303, "GET"),
    ],
)
def test_the_method_follows_rfc_9110(redirect: RedirectMiddleware, method: str, status: int, becomes: str) -> None:
    request = Request(URL, method=method, body=b"a=1", headers={"Content-Type": "x/y", "Content-Length": "3", "X": "1"})

    target = follow(redirect, request, "/b", status)

    assert target.method == becomes
    kept = becomes == method
    assert target.body == (b"a=1" if kept else b"")
    assert ("Content-Type" in target.headers) is kept
    assert ("Content-Length" in target.headers) is kept
    assert target.headers["X"] == b"1"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("b?c=1", "http://shop.example/b?c=1"),
        ("//other.example/b", "http://other.example/b"),
        ("HTTP://OTHER.example/b", "http://other.example/b"),
        ("  /b  ", "http://shop.example/b"),
        ("/é b", "http://shop.example/%C3%A9%20b"),
        (b"/\xe9", "http://shop.example/%C3%A9"),
        ("?page=2", "http://shop.example/a?page=2"),
    ],
)
def test_locations_of_many_kinds_are_understood(redirect: RedirectMiddleware, location: str | bytes, url: str) -> None:
    assert follow(redirect, Request(URL), location).url.lower() == url.lower()


@pytest.mark.parametrize(
    "location",
    [
        "http://[bad",
        "http://shop.example:99999/",
        "http://shop.example:0/",
        "https://",
        "https:///b",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://shop.example/",
        "s3://bucket/key",
        "mailto:a@b.c",
        "",
    ],
)
def test_a_location_that_cannot_be_followed_leaves_the_response(redirect: RedirectMiddleware, location: str) -> None:
    assert isinstance(follow(redirect, Request(URL), location), Response)


def test_a_redirect_without_location_passes(redirect: RedirectMiddleware) -> None:
    response = Response(URL, 302)

    assert redirect.process_response(Request(URL), response) is response


@pytest.mark.parametrize(
    ("location", "url"), [("/b", "http://shop.example/b#part"), ("/b#mine", "http://shop.example/b#mine")]
)
def test_the_fragment_is_kept_unless_the_target_has_one(redirect: RedirectMiddleware, location: str, url: str) -> None:
    assert follow(redirect, Request(URL + "#part"), location).url == url


@pytest.mark.parametrize(
    ("before", "location", "is_kept"),
    [
        ("http://shop.example/", "/b", True),
        ("http://shop.example/", "http://shop.example:80/b", True),
        ("http://shop.example/", "https://shop.example/b", True),
        ("http://shop.example/", "http://www.shop.example/b", False),
        ("http://shop.example/", "http://shop.example:8080/b", False),
        ("https://shop.example/", "http://shop.example/b", False),
        ("http://shop.example:8080/", "https://shop.example:8443/b", False),
        ("http://shop.example/", "https://shop.example:8443/b", False),
    ],
)
def test_credentials_stay_on_their_origin(
    redirect: RedirectMiddleware, before: str, location: str, is_kept: bool
) -> None:
    request = Request(before, headers={"Authorization": "Basic x", "Cookie": "a=1", "X": "1"})

    target = follow(redirect, request, location, 307)

    assert ("Authorization" in target.headers) is is_kept
    assert ("Cookie" in target.headers) is is_kept
    assert target.headers["X"] == b"1"
    assert b"Authorization" in request.headers


def test_cookies_are_left_to_the_jar(redirect: RedirectMiddleware) -> None:
    request = Request(URL, cookies={"a": "1"})

    assert follow(redirect, request, "/b")._cookies is None


def test_cookies_that_no_jar_holds_stay_on_their_origin(redirect: RedirectMiddleware) -> None:
    request = Request(URL, cookies={"a": "1"}, meta={"dont_merge_cookies": True})

    assert follow(redirect, request, "/b").cookies == {"a": "1"}
    assert follow(redirect, request, "http://other.example/")._cookies is None


def test_a_referer_of_https_does_not_go_out_in_the_open(redirect: RedirectMiddleware) -> None:
    request = Request("https://shop.example/", headers={"Referer": "https://shop.example/secret"})

    assert b"Referer" in follow(redirect, request, "https://other.example/").headers
    assert "Referer" not in follow(redirect, request, "http://other.example/").headers


def test_redirects_end_at_the_limit(make_crawler: Any) -> None:
    redirect = RedirectMiddleware.from_crawler(make_crawler({"REDIRECT_MAX_TIMES": 3}))
    request = Request(URL)

    for n in range(3):
        request = follow(redirect, request, f"/{n}")

    assert request.meta["redirect_urls"] == [URL, "http://shop.example/0", "http://shop.example/1"]
    with pytest.raises(IgnoreRequest, match="max redirections"):
        follow(redirect, request, "/again")


def test_meta_may_set_a_lower_limit(redirect: RedirectMiddleware) -> None:
    with pytest.raises(IgnoreRequest):
        follow(redirect, Request(URL, meta={"redirect_ttl": 0}), "/b")


def test_a_wall_that_sends_back_to_itself_passes_the_filter(redirect: RedirectMiddleware) -> None:
    request = Request("http://shop.example/a?x=1&y=2")

    assert follow(redirect, request, "/a?y=2&x=1").dont_filter is True
    through = follow(redirect, request, "/wall")
    assert through.dont_filter is False
    assert follow(redirect, through, "/a?x=1&y=2").dont_filter is True


def test_a_request_that_was_not_filtered_stays_so(redirect: RedirectMiddleware) -> None:
    assert follow(redirect, Request(URL, dont_filter=True), "/b").dont_filter is True


def test_a_meta_refresh_becomes_a_get(refresh: MetaRefreshMiddleware) -> None:
    request = Request(URL, method="POST", body=b"a=1", headers={"Content-Type": "x/y"})

    target: Any = refresh.process_response(request, page(URL))

    assert (target.url, target.method, target.body) == ("http://shop.example/b", "GET", b"")
    assert "Content-Type" not in target.headers
    assert target.meta["redirect_reasons"] == ["meta refresh"]


@pytest.mark.parametrize(
    "content", ["101; url=/b", "5", "0; url=javascript:x()", "0; url=http://[bad", "x; url=/b", "0; url=file:///x"]
)
def test_other_refreshes_are_not_followed(refresh: MetaRefreshMiddleware, content: str) -> None:
    response = page(URL, content)

    assert refresh.process_response(Request(URL), response) is response


def test_a_page_that_refreshes_to_itself_is_given_on_the_second_time(refresh: MetaRefreshMiddleware) -> None:
    request = Request(URL)
    response = page(URL, "30; url=/a")

    again: Any = refresh.process_response(request, response)

    assert again.dont_filter is True
    assert refresh.process_response(again, response) is response


def test_a_refresh_in_noscript_is_passed_over(refresh: MetaRefreshMiddleware) -> None:
    body = b'<noscript><meta http-equiv="refresh" content="0; url=/nojs"></noscript>'
    response = HtmlResponse(URL, body=body)

    assert refresh.process_response(Request(URL), response) is response


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (Request(URL, method="HEAD"), page(URL)),
        (Request(URL, meta={"dont_redirect": True}), page(URL)),
        (Request(URL), TextResponse(URL, body=page(URL).body)),
        (Request(URL), HtmlResponse(URL, body=b"<p>unique query for refresh</p>")),
        (Request(URL), HtmlResponse(URL, body=b"<meta http-equiv='content-type'>")),
        (Request(URL), HtmlResponse(URL, body=b"")),
    ],
)
def test_what_is_no_meta_refresh_passes(refresh: MetaRefreshMiddleware, request_: Request, response: Response) -> None:
    assert refresh.process_response(request_, response) is response


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<META HTTP-EQUIV=REFRESH CONTENT='0;url=x'>", True),
        (b"<meta hTTp-eQuiv=reFResh>", True),
        (b"qqqQQQ <meta http-equiv=x>", False),
        (b"refresh", False),
        (b"q" * 5000 + b"http-equiv=refresh", False),
    ],
)
def test_the_cheap_look_finds_every_spelling(body: bytes, expected: bool) -> None:
    assert may_refresh(body) is expected


def test_they_are_left_out_when_they_are_off(make_crawler: Any) -> None:
    crawler = make_crawler({"REDIRECT_ENABLED": False, "METAREFRESH_ENABLED": False})

    for cls in (RedirectMiddleware, MetaRefreshMiddleware):
        with pytest.raises(NotConfigured):
            cls.from_crawler(crawler)
