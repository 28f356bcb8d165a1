"""This repository's spider ``books``, fed with the shop's own pages: no network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from framework import Request
from framework.http import HtmlResponse
from framework.settings import Settings
from framework.testing.shop.books import catalogue
from framework.testing.shop.layout import Layout, category_path
from framework.testing.shop.listing import category_page, home_page
from framework.testing.shop.product import product_page
from spiders.books import BooksSpider

SHOP = "http://shop.example"
BOOKS = catalogue(60, 7)
LAYOUT = Layout(BOOKS)


@pytest.fixture
def spider() -> BooksSpider:
    return BooksSpider(shop=SHOP)


def page(path: str, body: bytes) -> HtmlResponse:
    return HtmlResponse(SHOP + path, body=body, encoding="utf-8")


def started(spider: BooksSpider) -> list[Any]:
    async def consume() -> list[Any]:
        return [element async for element in spider.start()]

    return asyncio.run(consume())


@pytest.mark.parametrize(
    ("argument", "setting"), [(SHOP, "http://else.example"), (SHOP + "/", "http://else.example"), (None, SHOP)]
)
def test_it_starts_at_the_shop_of_its_argument_or_of_the_settings(argument: str | None, setting: str) -> None:
    spider = BooksSpider(shop=argument)
    spider.settings = Settings({"SHOP_URL": setting})

    assert [request.url for request in started(spider)] == [SHOP + "/"]


def test_the_front_page_leads_to_every_category(spider: BooksSpider) -> None:
    requests: list[Request] = list(spider.parse(page("/", home_page(BOOKS, LAYOUT))))

    assert {request.url for request in requests} == {SHOP + category_path(name) for name in BOOKS.categories}
    assert {request.callback for request in requests} == {spider.parse_category}


def test_a_category_leads_to_its_books_and_its_next_page(spider: BooksSpider) -> None:
    category = next(n for n in range(len(BOOKS.categories)) if BOOKS.count_in(n) > 2)
    path = category_path(BOOKS.categories[category])
    body = category_page(BOOKS, LAYOUT, path.strip("/").rpartition("/")[2], 1, 2)
    assert body is not None

    requests = list(spider.parse_category(page(path, body)))

    books = [request.url for request in requests if request.callback == spider.parse_book]
    assert books == [SHOP + book.url for book in BOOKS.in_category(category, 0, 2)]
    assert [r.url for r in requests if r.callback == spider.parse_category] == [f"{SHOP}{path}?page=2"]


def test_every_field_of_every_book_is_what_the_shop_knows(spider: BooksSpider) -> None:
    for book in BOOKS:
        (item,) = spider.parse_book(page(book.url, product_page(book, BOOKS[:3], LAYOUT)))

        assert item == book.to_item()


def test_a_page_without_a_price_gives_an_item_that_the_price_check_refuses(spider: BooksSpider) -> None:
    body = product_page(BOOKS[0], [], LAYOUT).replace(b'class="price"', b'class="gone"')

    (item,) = spider.parse_book(page(BOOKS[0].url, body))

    assert item["price"] == ""
    assert item["price_value"] != item["price_value"]  # NaN
