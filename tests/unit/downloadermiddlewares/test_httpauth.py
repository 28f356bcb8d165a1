from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from framework.downloadermiddlewares.httpauth import HttpAuthMiddleware
from framework.exceptions import NotConfigured, PluginError
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


def test_it_is_left_out_without_credentials(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        HttpAuthMiddleware.from_crawler(make_crawler(http_auth_domain="shop.example"))
