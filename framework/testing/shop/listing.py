"""The pages that lead to products: home, a category's pages, search form and results.

Pure: books in, bytes out. Every book is reachable from the home page through these links alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from framework.testing.shop import prose
from framework.testing.shop.books import Book, Catalogue, slugify
from framework.testing.shop.layout import Layout, category_path

SEARCH_SOURCE: Final = "shop-form"
_FEATURED: Final = 12
_CATEGORY_OF_SLUG: Final = {slugify(name): number for number, name in enumerate(prose.CATEGORIES)}


def home_page(books: Catalogue, layout: Layout) -> bytes:
    """Render the home page: every category with its number of books, and the first books."""
    rows = "".join(
        f'  <li><a href="{category_path(name)}">{escape(name)}</a> <span>{books.count_in(number)}</span></li>\n'
        for number, name in enumerate(prose.CATEGORIES)
        if books.count_in(number)
    )
    content = (
        f'<h1>Welcome</h1>\n<p class="total">{len(books)} books</p>\n'
        f'<h2>Browse</h2>\n<ul class="browse">\n{rows}</ul>\n'
        f"<h2>Featured</h2>\n{_tiles(books[:_FEATURED])}"
    )
    return layout.page("Home", content)


def category_page(books: Catalogue, layout: Layout, slug: str, page: int, page_size: int) -> bytes | None:
    """Render one page of a category; None when there is no such category or page."""
    number = _CATEGORY_OF_SLUG.get(slug, -1)
    total = books.count_in(number) if number >= 0 else 0
    pages = -(-total // page_size)
    if not 1 <= page <= pages:
        return None
    name = prose.CATEGORIES[number]
    shown = books.in_category(number, (page - 1) * page_size, page * page_size)
    content = (
        f'<ul class="breadcrumb"><li><a href="/">Home</a></li><li class="active">{escape(name)}</li></ul>\n'
        f'<h1>{escape(name)}</h1>\n<p class="total">{total} books</p>\n'
        f"{_tiles(shown)}{_pager(category_path(name), page, pages)}"
    )
    return layout.page(f"{name}, page {page}", content)


def search_page(layout: Layout, categories: Sequence[str]) -> bytes:
    """Render the empty search form: a query, a category and a hidden field that the results insist on."""
    return layout.page("Search", f"<h1>Search</h1>\n{_search_form(categories, '')}")


def results_page(layout: Layout, categories: Sequence[str], query: str, found: Sequence[Book]) -> bytes:
    """Render the books found for a query."""
    rows = "".join(f'  <li><a href="{book.url}">{escape(book.title)}</a></li>\n' for book in found)
    content = (
        f"<h1>Search</h1>\n{_search_form(categories, query)}"
        f'<p class="found">{len(found)} found</p>\n<ul class="results">\n{rows}</ul>\n'
    )
    return layout.page(f"Search: {query}", content)


def _search_form(categories: Sequence[str], query: str) -> str:
    options = "".join(f'    <option value="{slugify(name)}">{escape(name)}</option>\n' for name in categories)
    return f"""<form id="search" action="/search" method="get">
  <input type="hidden" name="source" value="{SEARCH_SOURCE}">
  <input type="text" name="q" value="{escape(query)}">
  <select name="category">
    <option value="" selected>All categories</option>
{options}  </select>
  <button type="submit">Search</button>
</form>
"""


def _tiles(books: Iterable[Book]) -> str:
    tiles = "".join(
        f"""  <li><article class="book" data-id="{book.id}">
    <img src="{book.image}" alt="" width="120" height="160">
    <h3><a href="{book.url}">{escape(book.title)}</a></h3>
    <p class="price">{book.price_text}</p>
    <p class="availability">{book.availability}</p>
  </article></li>
"""
        for book in books
    )
    return f'<ul class="books">\n{tiles}</ul>\n'


def _pager(path: str, page: int, pages: int) -> str:
    """Link to the pages before and after; the first page is always linked without its number, so it has one URL."""
    before = path if page == 2 else f"{path}?page={page - 1}"
    previous = f'  <li class="previous"><a href="{before}">previous</a></li>\n' if page > 1 else ""
    following = f'  <li class="next"><a href="{path}?page={page + 1}">next</a></li>\n' if page < pages else ""
    return f'<ul class="pager">\n{previous}  <li class="current">Page {page} of {pages}</li>\n{following}</ul>\n'
