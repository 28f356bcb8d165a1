"""Lists of books: every page of a category is linked from the one before, under one URL."""

from __future__ import annotations

from parsel import Selector

from framework.testing.shop.books import catalogue, slugify
from framework.testing.shop.layout import Layout, category_path, plain_page
from framework.testing.shop.listing import category_page, home_page, results_page, search_page

BOOKS = catalogue(130, 7)
LAYOUT = Layout(BOOKS)


def test_home_names_each_category_with_its_number_of_books() -> None:
    page = Selector(home_page(BOOKS, LAYOUT).decode())

    assert page.css("ul.browse a::attr(href)").getall() == [category_path(name) for name in BOOKS.categories]
    assert sum(map(int, page.css("ul.browse span::text").getall())) == 130


def test_pages_of_a_category_link_to_each_other_and_end() -> None:
    pages = [category_page(BOOKS, LAYOUT, "travel", number, 2) for number in range(5)]

    assert pages[0] is pages[4] is None
    first, middle, last = (Selector((page or b"").decode()) for page in pages[1:4])
    assert (first.css("li.previous").get(), first.css("li.next a::attr(href)").get()) == (
        None,
        "/category/travel/?page=2",
    )
    assert middle.css("li.previous a::attr(href)").get() == "/category/travel/"
    assert last.css("li.previous a::attr(href)").get() == "/category/travel/?page=2"
    assert last.css("li.next").get() is None
    assert category_page(BOOKS, LAYOUT, "no-such", 1, 2) is None


def test_search_shows_its_form_again_with_what_was_asked_for() -> None:
    form = Selector(search_page(LAYOUT, BOOKS.categories).decode())
    results = Selector(results_page(LAYOUT, BOOKS.categories, '<b>"', BOOKS[:2]).decode())

    assert form.css("select option::attr(value)").getall()[1:] == list(map(slugify, BOOKS.categories))
    assert results.css("input[name=q]::attr(value)").get() == '<b>"'
    assert results.css("p.found::text").get() == "2 found"


def test_a_plain_page_escapes_its_title() -> None:
    assert Selector(plain_page("<&>", "").decode()).css("h1::text").get() == "<&>"
