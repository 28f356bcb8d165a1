"""What the shop keeps between requests: a page cache with a bound, counters, and a memory it can lose."""

from __future__ import annotations

import pytest

from framework.testing.shop.books import catalogue
from framework.testing.shop.log import LogEntry
from framework.testing.shop.state import PageCache, RenderedPage, ShopState


def page(size_bytes: int) -> RenderedPage:
    return RenderedPage(b"x" * size_bytes, '"e"', "never")


def test_the_cache_throws_out_the_least_recently_used_above_its_bound() -> None:
    cache = PageCache(max_bytes=30)
    for path in ("a", "b", "c"):
        cache.put(path, page(10))
    cache.get("a")

    cache.put("d", page(10))

    assert [cache.get(path) is not None for path in "abcd"] == [True, False, True, True]
    assert (len(cache), cache.used_bytes) == (3, 30)


def test_forgetting_makes_the_shop_as_new() -> None:
    shop = ShopState(catalogue(3, 7), page_size=2, faults=None)
    assert [shop.hit("x"), shop.hit("x"), shop.hit("y")] == [1, 2, 1]
    shop.log.add(LogEntry("GET", "/", ()))

    shop.forget()

    assert shop.hit("x") == 1
    assert len(shop.log) == 0
    assert [item["id"] for item in shop.truth()] == [1, 2, 3]


def test_a_page_shows_at_least_one_book() -> None:
    with pytest.raises(ValueError, match="page_size=0"):
        ShopState(catalogue(3, 7), page_size=0, faults=None)
