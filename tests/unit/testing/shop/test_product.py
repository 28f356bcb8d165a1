"""Product pages: of realistic size, valid enough to read, with everything escaped that must be."""

from __future__ import annotations

import json

from parsel import Selector

from framework.testing.shop.books import catalogue
from framework.testing.shop.layout import Layout
from framework.testing.shop.product import product_page

BOOKS = catalogue(200, 7)
LAYOUT = Layout(BOOKS)


def test_pages_have_the_size_of_real_ones() -> None:
    sizes = [len(product_page(book, BOOKS[:6], LAYOUT)) for book in BOOKS]

    assert min(sizes) > 6_000
    assert max(sizes) < 20_000


def test_titles_with_special_characters_read_back_as_they_are() -> None:
    titles = [book for book in BOOKS if "&" in book.title or "'" in book.title]
    assert titles
    for book in titles:
        selector = Selector(product_page(book, BOOKS[:6], LAYOUT).decode())
        assert selector.css("h1::text").get() == book.title
        assert json.loads(selector.css("script[type*=json]::text").get(""))["name"] == book.title


def test_a_page_links_to_its_category_its_neighbours_and_its_sample() -> None:
    selector = Selector(product_page(BOOKS[0], BOOKS[1:4], LAYOUT).decode())

    assert selector.css("ul.related a::attr(href)").getall() == [book.url for book in BOOKS[1:4]]
    assert selector.css("a.sample::attr(href)").get() == "/files/1.pdf"
    assert 2 <= len(selector.css("article.review")) <= 6
    assert selector.css("td.review-count::text").get() == str(len(selector.css("article.review")))
