"""The honest half of the shop: home, categories, products, search, covers, samples, site map, robots, a page by script.

Handlers read the request and send; what the pages look like is in `listing` and `product`. Product pages are where a
shop's `Faults` apply.
"""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from itertools import islice
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from framework.testing.shop import answers, assets, listing
from framework.testing.shop.answers import html
from framework.testing.shop.books import Book, slugify
from framework.testing.shop.faults import Fault, Faults
from framework.testing.shop.layout import category_path, plain_page
from framework.testing.shop.product import product_page
from framework.testing.shop.state import Handler, RenderedPage, ShopState

_FIRST_CHANGE: Final = datetime(2024, 1, 1, tzinfo=UTC)
_RELATED: Final = 6
_SEARCHED: Final = 20_000
_FOUND_AT_MOST: Final = 50
_BOOKS_IN_SITEMAP: Final = 2_000
_BOOKS_BY_SCRIPT: Final = 10
_SITEMAP_NS: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XML_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SCRIPTED: Final = """<h1>New arrivals</h1>
<noscript><p class="noscript">This page needs JavaScript.</p></noscript>
<ul id="arrivals"></ul>
<script>
  fetch("/js/data.json").then(answer => answer.json()).then(data => {
    const list = document.getElementById("arrivals");
    for (const book of data.books) {
      const row = document.createElement("li");
      row.className = "arrival";
      const link = document.createElement("a");
      link.href = book.url;
      link.textContent = book.title;
      const price = document.createElement("span");
      price.className = "price";
      price.textContent = book.price;
      row.append(link, " ", price);
      list.append(row);
    }
    list.dataset.ready = "yes";
  });
</script>
"""


def not_found(shop: ShopState) -> web.Response:
    """Answer 404 with a page in the shop's frame."""
    return html(shop.layout.page("Not found", "<h1>Not found</h1>\n<p>There is no such page.</p>\n"), 404)


async def _home(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    return html(listing.home_page(shop.books, shop.layout))


async def _category(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    page = answers.integer_in(request, "page", 1)
    body = listing.category_page(shop.books, shop.layout, rest.rstrip("/"), page, shop.page_size)
    return html(body) if body is not None else not_found(shop)


async def _book(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    if shop.faults is not None:
        failure = await _misbehave(shop, shop.faults, request, rest)
        if failure is not None:
            return failure
    page = shop.rendered.get(rest)
    if page is None:
        book = shop.books.by_id(_leading_number(rest))
        if book is None:
            return not_found(shop)
        if book.url != f"/book/{rest}":
            return answers.redirect(book.url, 301)
        page = _render(shop, book)
        shop.rendered.put(rest, page)
    headers = {"ETag": page.etag, "Last-Modified": page.last_modified}
    if _is_unchanged(request, page):
        return web.Response(status=304, headers=headers)
    return web.Response(body=page.body, headers=headers, content_type=answers.HTML, charset="utf-8")


async def _misbehave(shop: ShopState, faults: Faults, request: web.BaseRequest, rest: str) -> web.Response | None:
    """Do what the shop's faults say; None when nothing is wrong and the page is to be sent."""
    verdict = faults.decide(f"/book/{rest}", shop.hit(f"book {rest}"))
    if verdict.latency_s:
        await asyncio.sleep(verdict.latency_s)
    if verdict.fault is Fault.ERROR:
        return html(plain_page(f"Error {verdict.code}", "<p>The shop is having a bad day.</p>"), verdict.code)
    if verdict.fault is Fault.RESET:
        answers.reset(request)
    if verdict.fault is Fault.TRUNCATE:
        book = shop.books.by_id(_leading_number(rest))
        if book is not None:
            await answers.cut_short(request, _render(shop, book).body)
    return None


def _leading_number(rest: str) -> int:
    digits = rest.partition("-")[0].partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def _render(shop: ShopState, book: Book) -> RenderedPage:
    body = product_page(book, _related_to(shop, book), shop.layout)
    changed = _FIRST_CHANGE + timedelta(minutes=book.id % 500_000)
    digest = blake2b(body, digest_size=10).hexdigest()
    return RenderedPage(body, f'"{digest}"', format_datetime(changed, usegmt=True))


def _related_to(shop: ShopState, book: Book) -> list[Book]:
    """Give the next books of the same category, from its start again at its end."""
    category, place = shop.books.place_of(book)
    found = shop.books.in_category(category, place + 1, place + 1 + _RELATED)
    missing = _RELATED - len(found)
    return found + shop.books.in_category(category, 0, min(missing, place))


def _is_unchanged(request: web.BaseRequest, page: RenderedPage) -> bool:
    """Decide 304 as RFC 9110 section 13.2.2 says: If-None-Match first, If-Modified-Since only without it."""
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        return wanted.strip() == "*" or page.etag in (tag.strip().removeprefix("W/") for tag in wanted.split(","))
    since = request.if_modified_since
    return since is not None and parsedate_to_datetime(page.last_modified) <= since


async def _search(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """Show the form, or what it found: only the first 20,000 books are looked at, so that a huge shop stays quick."""
    query = request.query
    if "q" not in query:
        return html(listing.search_page(shop.layout, shop.books.categories))
    if query.get("source") != listing.SEARCH_SOURCE:
        return html(plain_page("Bad request", "<p>Please use the form.</p>"), 400)
    words, category = query["q"].casefold(), query.get("category", "")
    matches = (
        book
        for book in islice(shop.books, _SEARCHED)
        if words in book.title.casefold() and category in ("", slugify(book.category))
    )
    found = list(islice(matches, _FOUND_AT_MOST))
    return html(listing.results_page(shop.layout, shop.books.categories, query["q"], found))


async def _image(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    book_id = _leading_number(rest)
    if rest != f"{book_id}.png" or shop.books.by_id(book_id) is None:
        return not_found(shop)
    return web.Response(body=assets.cover_png(book_id), content_type="image/png")


async def _file(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    book_id = _leading_number(rest)
    if rest != f"{book_id}.pdf" or shop.books.by_id(book_id) is None:
        return not_found(shop)
    return web.Response(body=assets.sample_pdf(book_id), content_type="application/pdf")


async def _scripted(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    if rest == "data.json":
        return answers.json({"books": [book.to_item() for book in shop.books[:_BOOKS_BY_SCRIPT]]})
    return html(shop.layout.page("New arrivals", _SCRIPTED)) if not rest else not_found(shop)


async def _private(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    name = unquote(rest)
    return html(plain_page(f"Private: {name}", '<p class="private">robots.txt asks you not to be here.</p>'))


async def _robots(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    default = f"User-agent: *\nDisallow: /private/\nDisallow: /trap/\n\nSitemap: http://{request.host}/sitemap.xml\n"
    text = default if shop.robots_txt is None else shop.robots_txt
    return web.Response(text=text, status=shop.robots_status, content_type="text/plain", charset="utf-8")


async def _sitemap(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    return _xml(_whole_sitemap(shop, f"http://{request.host}"))


async def _zipped_sitemap(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    packed = gzip.compress(_whole_sitemap(shop, f"http://{request.host}").encode(), mtime=0)
    return web.Response(body=packed, content_type="application/gzip")


async def _book_sitemap(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    part = answers.integer_in(request, "part", 1)
    books = shop.books[(part - 1) * _BOOKS_IN_SITEMAP : part * _BOOKS_IN_SITEMAP] if part else []
    if not books:
        return not_found(shop)
    return _xml(_url_set(f"http://{request.host}", [book.url for book in books]))


def _whole_sitemap(shop: ShopState, base: str) -> str:
    """Give the list of all pages, or, when there are many books, the index of the lists."""
    pages = ["/", *map(category_path, shop.books.categories)]
    if len(shop.books) <= _BOOKS_IN_SITEMAP:
        return _url_set(base, pages + [book.url for book in shop.books])
    parts = -(-len(shop.books) // _BOOKS_IN_SITEMAP)
    rows = "".join(f"<sitemap><loc>{base}/sitemap-books.xml?part={n}</loc></sitemap>\n" for n in range(1, parts + 1))
    return f"{_XML_DECLARATION}<sitemapindex {_SITEMAP_NS}>\n{rows}</sitemapindex>\n"


def _url_set(base: str, paths: list[str]) -> str:
    rows = "".join(f"<url><loc>{base}{path}</loc></url>\n" for path in paths)
    return f"{_XML_DECLARATION}<urlset {_SITEMAP_NS}>\n{rows}</urlset>\n"


def _xml(text: str) -> web.Response:
    return web.Response(body=text.encode(), content_type="application/xml", charset="utf-8")


ROUTES: Final[dict[str, Handler]] = {
    "": _home,
    "category": _category,
    "book": _book,
    "search": _search,
    "images": _image,
    "files": _file,
    "js": _scripted,
    "private": _private,
    "robots.txt": _robots,
    "sitemap.xml": _sitemap,
    "sitemap.xml.gz": _zipped_sitemap,
    "sitemap-books.xml": _book_sitemap,
}
