from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from framework.downloadermiddlewares.httpauth import HttpAuthMiddleware
from framework.exceptions import PluginError
from framework.http import Request


def credentials(crawler: Any, url: str, **kwargs: Any) -> bytes | None:
    request = Request(url, **kwargs)
    HttpAuthMiddleware.from_crawler(crawler).process_request(request)
    header = request.headers.get("Authorization")
    return b64decode(header.removeprefix(b"Basic ")) if header else None


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("http://shop.example/", True),
        ("https://api.SHOP.example:8443/", True),
        ("http://notshop.example/", False),
        ("http://shop.example.evil.example/", False),
        ("data:text/plain,x", False),
    ],
)
def test_credentials_go_to_their_domain_only(make_crawler: Any, url: str, is_sent: bool) -> None:
    crawler = make_crawler(http_user="ann", http_pass="x:y", http_auth_domain="Shop.example")

    assert credentials(crawler, url) == (b"ann:x:y" if is_sent else None)


def test_they_go_everywhere_when_the_spider_says_so(make_crawler: Any) -> None:
    crawler = make_crawler(http_user="ann", http_auth_domain=None)

    assert credentials(crawler, "http://anywhere.example/") == b"ann:"


def test_a_header_set_by_hand_stays(make_crawler: Any) -> None:
    crawler = make_crawler(http_user="ann", http_auth_domain=None)
    request = Request("http://a.example/", headers={"Authorization": "Bearer t"})

    HttpAuthMiddleware.from_crawler(crawler).process_request(request)

    assert request.headers["Authorization"] == b"Bearer t"


@pytest.mark.parametrize(("password", "raw"), [("é", b"\xe9"), ("ж", "ж".encode())])
def test_other_alphabets_are_encoded(make_crawler: Any, password: str, raw: bytes) -> None:
    crawler = make_crawler(http_pass=password, http_auth_domain=None)

    assert credentials(crawler, "http://a.example/") == b":" + raw


@pytest.mark.parametrize("of_spider", [{}, {"http_auth_domain": 7}])
def test_a_spider_must_say_where_they_may_go(make_crawler: Any, of_spider: dict[str, Any]) -> None:
    with pytest.raises(PluginError, match="set http_auth_domain"):
        HttpAuthMiddleware.from_crawler(make_crawler(http_user="ann", **of_spider))


def test_without_credentials_nothing_is_sent(make_crawler: Any) -> None:
    assert credentials(make_crawler(http_auth_domain="shop.example"), "http://shop.example/") is None


def test_the_settings_name_credentials_too(make_crawler: Any) -> None:
    settings = {"HTTPAUTH_USER": "ann", "HTTPAUTH_PASS": "pw", "HTTPAUTH_DOMAIN": "shop.example"}

    assert credentials(make_crawler(settings), "http://www.shop.example/") == b"ann:pw"
    assert credentials(make_crawler(settings), "http://a.example/") is None
    assert credentials(make_crawler({**settings, "HTTPAUTH_DOMAIN": None}), "http://a.example/") == b"ann:pw"
    assert credentials(make_crawler(settings, http_user="bo", http_auth_domain=None), "http://a.example/") == b"bo:"


def test_settings_must_say_where_they_may_go(make_crawler: Any) -> None:
    with pytest.raises(PluginError, match="set HTTPAUTH_DOMAIN to a domain"):
        HttpAuthMiddleware.from_crawler(make_crawler({"HTTPAUTH_USER": "ann"}))


@pytest.mark.parametrize(
    ("meta", "raw"),
    [
        ({"http_user": "bo", "http_pass": "x"}, b"bo:x"),
        ({"http_pass": "x", "http_auth_domain": "example"}, b":x"),
        ({"http_user": "bo", "http_auth_domain": None}, b"bo:"),
        ({"http_user": "bo", "http_auth_domain": "other.example"}, None),
        ({"http_user": ""}, b"ann:"),
    ],
)
def test_a_request_may_bring_its_own(make_crawler: Any, meta: dict[str, Any], raw: bytes | None) -> None:
    crawler = make_crawler(http_user="ann", http_auth_domain="shop.example")

    assert credentials(crawler, "http://shop.example/", meta=meta) == raw


def test_a_requests_own_credentials_stay_with_its_host(make_crawler: Any) -> None:
    middleware = HttpAuthMiddleware.from_crawler(make_crawler())
    request = Request("http://shop.example/", meta={"http_user": "bo"})
    middleware.process_request(request)
    elsewhere = Request("http://evil.example/", meta=request.meta)

    middleware.process_request(elsewhere)

    assert "Authorization" in request.headers
    assert "Authorization" not in elsewhere.headers
