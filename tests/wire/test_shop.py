"""The demo shop over real sockets: its pages equal its truth, its forms and signatures work."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from aiohttp import ClientSession
from parsel import Selector

from framework.testing.shop import SIGNATURE_HEADER, Shop, signature
from framework.testing.shop.encodings import TEXTS

Visit = Callable[[ClientSession, Shop], Awaitable[None]]


def visit(test: Visit, **options: Any) -> None:
    """Run a test's coroutine against a fresh shop."""

    async def main() -> None:
        async with (
            Shop(**{"books": 60, **options}) as shop,
            ClientSession(shop.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
        ):
            await test(session, shop)

    asyncio.run(main())


async def text_of(session: ClientSession, path: str, **options: Any) -> str:
    async with session.get(path, **options) as response:
        assert response.status == 200, f"{path}: {response.status}"
        return await response.text()


def item_of(page: Selector, path: str) -> dict[str, Any]:
    """Read a product page as a spider would."""
    article = page.css("article.product")
    price = article.css("p.price::text").get("")
    return {
        "url": path,
        "id": int(article.attrib["data-id"]),
        "upc": page.css("table.specs td.upc::text").get(),
        "title": page.css("h1::text").get(),
        "author": page.css("p.author::text").get(),
        "category": page.css("ul.breadcrumb li:nth-child(2) a::text").get(),
        "price": price,
        "price_value": float(price.removeprefix("£")),
        "rating": int(page.css(".product > .rating").attrib["data-rating"]),
        "stock": int(page.css("table.specs td.stock::text").get("")),
        "year": int(page.css("table.specs td.year::text").get("")),
        "pages": int(page.css("table.specs td.pages::text").get("")),
        "description": "\n\n".join(page.css(".description p::text").getall()),
        "image": page.css("img.cover::attr(src)").get(),
    }


async def crawl(session: ClientSession, shop: Shop) -> list[dict[str, Any]]:
    """Follow every category, next and book link from the home page, each URL once."""
    waiting, seen, items = ["/"], {"/"}, []
    while waiting:
        path = waiting.pop()
        page = Selector(await text_of(session, path))
        if path.startswith("/book/"):
            items.append(item_of(page, path))
            links = page.css("ul.related a::attr(href)").getall()
        else:
            links = page.css(
                "ul.categories a::attr(href), article.book h3 a::attr(href), li.next a::attr(href)"
            ).getall()
        for link in links:
            absolute = urlsplit(urljoin(shop.url + path, link))
            target = absolute.path + (f"?{absolute.query}" if absolute.query else "")
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return sorted(items, key=lambda item: int(item["id"]))


def test_following_links_from_home_finds_every_book_as_the_truth_has_it() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        items = await crawl(session, shop)

        assert items == shop.truth()

    visit(test, books=333, page_size=5)


def test_paging_alone_without_related_links_reaches_every_book() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        waiting, found = Selector(await text_of(session, "/")).css("ul.browse a::attr(href)").getall(), []
        while waiting:
            path = waiting.pop()
            page = Selector(await text_of(session, path))
            found += page.css("article.book h3 a::attr(href)").getall()
            waiting += [urljoin(path, link) for link in page.css("li.next a::attr(href)").getall()]

        assert sorted(found) == sorted(book.url for book in shop.books)

    visit(test, books=137, page_size=3)


def test_two_shops_of_one_seed_serve_the_same_bytes() -> None:
    async def body(session: ClientSession, shop: Shop) -> None:
        bodies.append(await text_of(session, shop.books[41].url))

    bodies: list[str] = []
    visit(body)
    visit(body)

    assert bodies[0] == bodies[1]
    assert 6_000 < len(bodies[0].encode()) < 20_000


def test_a_book_under_a_wrong_slug_is_redirected_and_an_unknown_one_is_not_found() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/book/5-wrong.html", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (301, shop.books[4].url)
        for path in (
            "/book/61-x.html",
            "/book/0-x.html",
            "/book/x",
            "/category/none/",
            "/category/travel/?page=99",
            "/no",
        ):
            async with session.get(path) as response:
                assert response.status == 404, path
        async with session.post(shop.books[0].url) as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")

    visit(test)


def test_a_product_page_answers_304_to_its_own_validators() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        path = shop.books[0].url
        async with session.get(path) as response:
            etag, changed = response.headers["ETag"], response.headers["Last-Modified"]

        for headers, status in (
            ({"If-None-Match": etag}, 304),
            ({"If-None-Match": f'"other", W/{etag}'}, 304),
            ({"If-None-Match": '"other"', "If-Modified-Since": changed}, 200),
            ({"If-Modified-Since": changed}, 304),
            ({"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}, 200),
        ):
            async with session.get(path, headers=headers) as response:
                assert response.status == status, headers

    visit(test)


def test_login_needs_the_token_of_ones_own_session_and_opens_the_account() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/account", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "/login")
        page = Selector(await text_of(session, "/login"))
        token = page.css("form#login input[name=csrf_token]::attr(value)").get()
        good = {"csrf_token": token, "username": "reader", "password": "secret"}

        async with session.post("/login", data={**good, "csrf_token": "guessed"}) as response:
            assert response.status == 403
        async with session.post("/login", data={**good, "password": "wrong"}) as response:
            assert "Name or password is wrong" in await response.text()
        async with ClientSession(shop.url) as stranger, stranger.post("/login", data=good) as response:
            assert response.status == 403
        async with session.post("/login", data=good, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (302, "/account")
        account = Selector(await text_of(session, "/account"))
        assert account.css("p.user::text").get() == "Rita Reader"
        assert account.css("td.book a::attr(href)").getall() == [book.url for book in shop.books[:3]]

        await text_of(session, "/logout")
        async with session.get("/account", allow_redirects=False) as response:
            assert response.status == 302

    visit(test)


def test_the_api_answers_only_signed_requests() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async def get(target: str, secret: str) -> tuple[int, Any]:
            headers = {SIGNATURE_HEADER: signature(secret, "GET", target)}
            async with session.get(target, headers=headers) as response:
                return response.status, await response.json()

        items, target = [], "/api/books?page=1"
        while target:
            status, page = await get(target, "demo-secret")
            assert (status, page["total"], page["pages"]) == (200, 60, 3)
            items += page["books"]
            target = page["next"]

        assert items == shop.truth()
        assert await get("/api/books/7", "demo-secret") == (200, shop.truth()[6])
        assert (await get("/api/books/7", "other"))[0] == 401
        assert [(await get(path, "demo-secret"))[0] for path in ("/api/books/61", "/api/x", "/api/books?page=4")] == [
            404
        ] * 3
        async with session.get("/api/books/7") as response:
            assert response.status == 401

    visit(test)


def test_search_finds_titles_and_insists_on_the_hidden_field() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        book = shop.books[3]
        form = Selector(await text_of(session, "/search")).css("form#search")
        source = form.css("input[type=hidden]::attr(value)").get("")

        query = {"q": book.title.upper(), "category": "", "source": source}
        found = Selector(await text_of(session, "/search", params=query))

        assert book.url in found.css("ul.results a::attr(href)").getall()
        assert len(form.css("option")) == 26
        assert not Selector(await text_of(session, "/search", params={**query, "category": "none"})).css(".results a")
        async with session.get("/search", params={"q": "x"}) as response:
            assert response.status == 400

    visit(test)


@pytest.mark.parametrize(
    ("name", "by"),
    [(name, "header") for name in TEXTS]
    + [(name, "meta") for name in TEXTS if name != "utf-16"]
    + [("utf-8", "bom"), ("utf-16", "bom")],
)
def test_a_page_in_another_encoding_decodes_to_its_text(name: str, by: str) -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get(f"/encoding/{name}?by={by}") as response:
            body = await response.read()
            declared = response.charset
        codec = {"shift_jis": "shift_jis", "utf-16": "utf-16-le"}.get(name, name)

        assert TEXTS[name] in body.decode(codec)
        assert (declared is not None) == (by == "header")
        assert (b"<meta charset" in body) == (by == "meta")
        if by == "bom":
            assert TEXTS[name] in body.decode({"utf-8": "utf-8-sig"}.get(name, "utf-16"))

    visit(test)


def test_an_encoding_that_cannot_be_declared_so_is_refused() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        for path in (
            "/encoding/latin-1?by=bom",
            "/encoding/utf-16?by=meta",
            "/encoding/ebcdic",
            "/encoding/utf-8?by=x",
        ):
            async with session.get(path) as response:
                assert response.status == 404, path

    visit(test)


def test_sitemaps_and_robots_name_every_page() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        robots = await text_of(session, "/robots.txt")
        async with session.get("/sitemap.xml.gz") as response:
            packed = gzip.decompress(await response.read()).decode()
        plain = await text_of(session, "/sitemap.xml")

        assert robots.endswith(f"Sitemap: {shop.url}/sitemap.xml\n")
        assert "Disallow: /private/" in robots
        assert packed == plain
        assert all(f"<loc>{shop.url}{book.url}</loc>" in plain for book in shop.books)
        shop.robots_txt, shop.robots_status = "User-agent: *\nCrawl-delay: 2\n", 203
        async with session.get("/robots.txt") as response:
            assert (response.status, await response.text()) == (203, shop.robots_txt)

    visit(test)


def test_a_big_shop_has_a_sitemap_index_whose_parts_hold_all_books() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        parts = (
            Selector(await text_of(session, "/sitemap.xml"), type="xml")
            .xpath("//*[local-name()='loc']/text()")
            .getall()
        )
        found = []
        for part in parts:
            found += Selector(await text_of(session, part), type="xml").xpath("//*[local-name()='loc']/text()").getall()

        assert len(parts) == 2
        assert found == [shop.url + book.url for book in shop.books]
        async with session.get("/sitemap-books.xml?part=3") as response:
            assert response.status == 404

    visit(test, books=2_500)


def test_covers_samples_and_the_scripted_pages_data_are_served() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get(shop.books[0].image) as response:
            assert response.content_type == "image/png"
            assert (await response.read()).startswith(b"\x89PNG")
        async with session.get("/files/1.pdf") as response:
            assert (response.content_type, (await response.read())[:5]) == ("application/pdf", b"%PDF-")
        script = await text_of(session, "/js/")
        data = json.loads(await text_of(session, "/js/data.json"))

        assert data["books"] == shop.truth()[:10]
        assert "/js/data.json" in script
        assert shop.books[0].title not in script
        assert "not to be here" in await text_of(session, "/private/staff.html")
        for path in ("/images/999.png", "/images/1.gif", "/files/999.pdf", "/js/other"):
            async with session.get(path) as response:
                assert response.status == 404, path

    visit(test)
