"""This repository's middleware that signs requests to the shop's API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from framework import Request
from framework.exceptions import NotConfigured
from framework.settings import Settings
from framework.testing.shop import SIGNATURE_HEADER, signature
from middlewares.sign import SignMiddleware

SHOP = "http://shop.example:8000"


def crawler(secret: str | None = "key", **spider: Any) -> Any:
    settings = Settings({"SHOP_URL": SHOP, **({"SHOP_API_SECRET": secret} if secret is not None else {})})
    return SimpleNamespace(settings=settings, spider=SimpleNamespace(**spider))


def signed(url: str, crawler: Any, method: str = "GET") -> str | None:
    request = Request(url, method=method)
    SignMiddleware.from_crawler(crawler).process_request(request)
    value = request.headers.get(SIGNATURE_HEADER)
    return None if value is None else value.decode()


@pytest.mark.parametrize("target", ["/api/books", "/api/books?page=2", "/api/books?q=a%20b&q=", "/api/books/7"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_signature_is_the_one_that_the_shop_computes(target: str, method: str) -> None:
    assert signed(SHOP + target, crawler(), method) == signature("key", method, target)


@pytest.mark.parametrize(
    "url",
    [SHOP + "/book/1.html", SHOP + "/", "http://other.example:8000/api/books", "http://shop.example:9000/api/books"],
)
def test_nothing_else_is_signed(url: str) -> None:
    assert signed(url, crawler()) is None


def test_the_shop_of_the_spiders_argument_goes_before_that_of_the_settings() -> None:
    own = crawler(shop="http://own.example")

    assert signed("http://own.example/api/books", own) == signature("key", "GET", "/api/books")
    assert signed(SHOP + "/api/books", own) is None


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_it_is_left_out(secret: str | None) -> None:
    with pytest.raises(NotConfigured):
        SignMiddleware.from_crawler(crawler(secret))
