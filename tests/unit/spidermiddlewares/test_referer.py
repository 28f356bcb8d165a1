from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.exceptions import NotConfigured, PluginError
from framework.http import Request, Response
from framework.spidermiddlewares import referer
from framework.spidermiddlewares.referer import RefererMiddleware, ReferrerPolicy, policy_of

TLS, OPEN = "https://ann:secret@a.example/p?q=1#part", "http://a.example/p?q=1#part"
TLS_URL, OPEN_URL = "https://a.example/p?q=1", "http://a.example/p?q=1"
SAME_TLS, OTHER_TLS, OTHER_OPEN = "https://a.example:443/x", "https://b.example/x", "http://b.example/x"
TLS_ORIGIN, OPEN_ORIGIN = "https://a.example/", "http://a.example/"

# policy: https page to the same origin, to another, to http; http page to the same origin, to another
TABLE = {
    "no-referrer": (None, None, None, None, None),
    "no-referrer-when-downgrade": (TLS_URL, TLS_URL, None, OPEN_URL, OPEN_URL),
    "same-origin": (TLS_URL, None, None, OPEN_URL, None),
    "origin": (TLS_ORIGIN, TLS_ORIGIN, TLS_ORIGIN, OPEN_ORIGIN, OPEN_ORIGIN),
    "strict-origin": (TLS_ORIGIN, TLS_ORIGIN, None, OPEN_ORIGIN, OPEN_ORIGIN),
    "origin-when-cross-origin": (TLS_URL, TLS_ORIGIN, TLS_ORIGIN, OPEN_URL, OPEN_ORIGIN),
    "strict-origin-when-cross-origin": (TLS_URL, TLS_ORIGIN, None, OPEN_URL, OPEN_ORIGIN),
    "unsafe-url": (TLS_URL, TLS_URL, TLS_URL, OPEN_URL, OPEN_URL),
    "scrapy-default": (TLS_URL, TLS_URL, None, OPEN_URL, OPEN_URL),
}
CASES = ((TLS, SAME_TLS), (TLS, OTHER_TLS), (TLS, OTHER_OPEN), (OPEN, "http://a.example/x"), (OPEN, OTHER_OPEN))
ROWS = [
    (name, page, link, told)
    for name, row in TABLE.items()
    for (page, link), told in zip(CASES, row, strict=True)
]  # fmt: skip


def make(crawler: Any, policy: Any = "unsafe-url") -> RefererMiddleware:
    return RefererMiddleware(crawler, policy_of(policy))


def told(middleware: RefererMiddleware, page: Response, link: str, **kwargs: Any) -> str | None:
    request = Request(link, **kwargs)
    assert middleware.get_processed_request(request, page) is request
    value = request.headers.get("Referer")
    return value.decode() if value is not None else None


@pytest.mark.parametrize(("name", "page", "link", "expected"), ROWS)
def test_each_policy_tells_what_the_w3c_says(
    make_crawler: Any, name: str, page: str, link: str, expected: str | None
) -> None:
    middleware = make(make_crawler(), name)

    assert told(middleware, Response(page), link) == expected
    assert policy_of(name).referrer(page, link) == expected
    assert told(make(make_crawler()), Response(page), link, meta={"referrer_policy": name}) == expected
    header = Response(page, headers=((b"referrer-policy", name.encode()),))
    assert told(make(make_crawler()), header, link) == expected


_urls = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", "ann@", "ann:secret@"]),
    st.sampled_from(["a.example", "b.example", "127.0.0.1", "[::1]"]),
    st.sampled_from(["", ":80", ":443", ":8000"]),
    st.sampled_from(["", "/", "/p", "/p?q=@1", "?q=1"]),
    st.sampled_from(["", "#part", "#/@x"]),
)


@given(page=_urls, link=_urls, name=st.sampled_from(sorted(TABLE)))
def test_the_fast_way_tells_what_the_policy_tells_and_no_secrets(page: str, link: str, name: str) -> None:
    middleware = make(None, name)

    value = told(middleware, Response(page), Request(link).url)

    assert value == policy_of(name).referrer(page, link)
    if value is not None:
        assert "secret" not in value
        assert "ann@" not in value
        assert "#" not in value
        assert name in ("origin", "origin-when-cross-origin", "unsafe-url") or not (
            value.startswith("https:") and link.startswith("http:")
        )


@pytest.mark.parametrize(
    ("page", "referrer"),
    [
        ("http://a.example", "http://a.example/"),
        ("http://ann@a.example?q=@/1#x", "http://a.example/?q=@/1"),
        ("http://[::1]:8000/p", "http://[::1]:8000/p"),
    ],
)
def test_a_referrer_is_the_page_without_what_is_nobodys_business(page: str, referrer: str) -> None:
    assert ReferrerPolicy().stripped_referrer(page) == referrer


@pytest.mark.parametrize("page", ["file:///etc/hosts", "data:text/html,x", "s3://bucket/key"])
def test_pages_that_are_not_from_the_web_tell_nothing(make_crawler: Any, page: str) -> None:
    assert told(make(make_crawler()), Response(page), "http://a.example/") is None


def test_a_header_set_by_hand_stays(make_crawler: Any) -> None:
    middleware = make(make_crawler())

    assert told(middleware, Response(OPEN), OTHER_OPEN, headers={"referer": "mine"}) == "mine"
    assert told(middleware, Response(OPEN), OTHER_OPEN, headers={"X": "1"}) == OPEN_URL


def test_requests_of_the_start_have_no_referer(make_crawler: Any) -> None:
    request = Request(OPEN)

    assert make(make_crawler()).get_processed_request(request, None) is request
    assert request._headers is None


def test_each_page_is_looked_at_anew(make_crawler: Any) -> None:
    middleware = make(make_crawler())

    values = [told(middleware, Response(f"http://a.example/{n}"), OTHER_OPEN) for n in (1, 2, 1)]

    assert values == ["http://a.example/1", "http://a.example/2", "http://a.example/1"]


def test_the_last_known_policy_of_a_header_counts(make_crawler: Any) -> None:
    page = Response(OPEN, headers=((b"Referrer-Policy", b"origin, No-Referrer, brand-new"),))

    assert told(make(make_crawler()), page, OTHER_OPEN) is None
    unknown = Response(OPEN, headers=((b"Referrer-Policy", b"brand-new"),))
    assert told(make(make_crawler()), unknown, OTHER_OPEN) == OPEN_URL


class Shouting(ReferrerPolicy):
    name = "shouting"

    def referrer(self, response_url: str, request_url: str) -> str | None:
        return response_url.upper() if "quiet" not in request_url else None


def test_a_policy_may_be_a_class_of_ones_own(make_crawler: Any) -> None:
    middleware = make(make_crawler(), Shouting)

    assert told(middleware, Response("http://a.example/p"), OTHER_OPEN) == "HTTP://A.EXAMPLE/P"
    assert told(middleware, Response("http://a.example/p"), "http://a.example/quiet") is None
    path = "framework.spidermiddlewares.referer.NoReferrerPolicy"
    assert told(middleware, Response(OPEN), OTHER_OPEN, meta={"referrer_policy": path}) is None


@pytest.mark.parametrize("wrong", ["typo", 7, "framework.http.Request", Request])
def test_what_is_no_policy_is_refused(wrong: Any) -> None:
    with pytest.raises(PluginError, match="is no referrer policy"):
        policy_of(wrong)


def test_what_it_remembers_is_bounded(make_crawler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referer, "_MOST_ORIGINS", 3)
    middleware = make(make_crawler(), "same-origin")
    page = Response(OPEN)

    for n in range(8):
        assert told(middleware, page, f"http://h{n}.example/") is None

    assert len(middleware._origins) <= 3


@pytest.mark.parametrize("url", ["http://[bad/", "http://a.example:port/", "data:text/plain,x"])
def test_a_url_without_an_origin_has_an_empty_one(url: str) -> None:
    assert referer.origin_of(url) == ""


def test_the_setting_names_the_policy(make_crawler: Any) -> None:
    middleware = RefererMiddleware.from_crawler(make_crawler({"REFERRER_POLICY": "origin"}))

    assert told(middleware, Response(OPEN), OTHER_OPEN) == OPEN_ORIGIN


def test_it_is_left_out_when_it_is_off(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        RefererMiddleware.from_crawler(make_crawler({"REFERER_ENABLED": False}))


def test_the_links_of_a_page_share_one_header_until_it_is_touched(make_crawler: Any) -> None:
    middleware = make(make_crawler(), "strict-origin-when-cross-origin")
    page = Response("https://a.example/page")
    first, second = Request("https://a.example/1"), Request("https://a.example/2")
    for request in (first, second):
        middleware.get_processed_request(request, page)

    first.headers["Referer"] = "https://elsewhere.example/"

    assert second.headers["Referer"] == b"https://a.example/page"
    assert second.replace(url="https://a.example/3").headers["Referer"] == b"https://a.example/page"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a.b-c.example/x", "http://a.b-c.example"),
        ("https://h/", "https://h"),
        ("http://h:80/x", "http://h"),
        ("http://h:8080/x", "http://h:8080"),
        ("https://ann:secret@h/x", "https://h"),
        ("http://H.Example/x", "http://h.example"),
        ("http://a_b.example/x", "http://a_b.example"),
        ("http://h?q", "http://h"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_told_without_default_port_and_user(url: str, origin: str) -> None:
    assert referer.origin_of(url) == origin
