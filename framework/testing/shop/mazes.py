"""URLs that lead on and on: redirect chains and loops, refreshes, endless calendars, link farms, broken links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import escape
from typing import Final

from aiohttp import web

from framework.testing.shop import answers
from framework.testing.shop.answers import html
from framework.testing.shop.layout import plain_page
from framework.testing.shop.state import Handler, ShopState
from framework.testing.shop.storefront import not_found

BAD_LINKS: Final = (
    "http://[bad",
    "http://[::1",
    "http://host:port/",
    "http://",
    "//",
    "javascript:void(0)",
    "mailto:someone@shop.invalid",
    "tel:+441234",
    "data:text/html,hello",
    "ftp://127.0.0.1/file",
    "unknown-scheme:whatever",
    "",
    "   ",
    "#here",
    "?",
    "/%zz",
    "http://127.0.0.1:99999/",
    "http://a..b/",
    "http://" + "a" * 300 + ".invalid/",
)
GOOD_LINKS: Final = (
    "/tiny/1",
    "  /tiny/2\n",
    "/tiny/3?q=ünïcödé",
    "/tiny/a b",
    "/tiny/日本",
    "/tiny/x/../4",
    "\t/tiny/5#fragment",
)
_COOKIE: Final = "wall"
_LINKS_PER_PIECE: Final = 2_000
_TRAP_DOORS: Final = 5
_LAST_YEAR: Final = 9_999


async def _redirect(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/redirect/{n}`: n redirects, then a page · `/redirect/loop`: two pages that point at each other.

    `/redirect/to?url=...`: anywhere. All take `code` (302).
    """
    code = answers.integer_in(request, "code", 302)
    suffix = f"?code={code}" if "code" in request.query else ""
    if rest == "to":
        return answers.redirect(request.query.get("url", "/"), code)
    if rest in ("loop", "loop/back"):
        return answers.redirect("/redirect/loop" + ("/back" if rest == "loop" else "") + suffix, code)
    left = int(answers.parse_number(rest, "the number of redirects"))
    return answers.redirect(f"/redirect/{left - 1}{suffix}", code) if left else html(plain_page("Arrived", ""))


async def _meta_refresh(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/meta-refresh?url=/&delay=0`: a page that sends a browser on."""
    url, delay = request.query.get("url", "/"), answers.number_in(request, "delay", 0)
    page = (
        f'<!DOCTYPE html>\n<html><head><meta http-equiv="refresh" content="{delay:g}; url={escape(url)}">'
        f"<title>Moved</title></head>\n<body><h1>Moved</h1></body></html>\n"
    )
    return html(page.encode())


async def _trap(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/trap/...`: each page links to five deeper ones, for ever; robots.txt forbids it."""
    here = "/trap/" + (rest.rstrip("/") + "/" if rest.strip("/") else "")
    links = "\n".join(f'<a href="{escape(here)}{n}/">Door {n}</a>' for n in range(1, _TRAP_DOORS + 1))
    return html(plain_page("A room with five doors", links))


async def _calendar(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/calendar/{year}/{month}/`: links to the months before and after, which always exist."""
    year_text, _, month_text = rest.strip("/").partition("/")
    year = int(answers.parse_number(year_text or "2024", "year"))
    month = int(answers.parse_number(month_text or "1", "month"))
    if not (1 <= month <= 12 and year <= _LAST_YEAR):
        return not_found(shop)
    before, after = ((year * 12 + month - 1 + step) % ((_LAST_YEAR + 1) * 12) for step in (-1, 1))
    links = "\n".join(
        f'<a rel="{rel}" href="/calendar/{months // 12}/{months % 12 + 1}/">{rel}</a>'
        for rel, months in (("prev", before), ("next", after))
    )
    return html(plain_page(f"Calendar {year}-{month:02}", f"<p>Nothing happens.</p>\n{links}"))


async def _many(shop: ShopState, request: web.BaseRequest, rest: str) -> web.StreamResponse:
    """`/many?n=1000&start=0`: a page of n links to `/tiny/{i}`."""
    start = answers.integer_in(request, "start", 0)
    end = start + answers.integer_in(request, "n", 1000)

    async def page() -> AsyncIterator[bytes]:
        yield b"<!DOCTYPE html>\n<html><head><title>Many</title></head>\n<body>\n"
        for first in range(start, end, _LINKS_PER_PIECE):
            numbers = range(first, min(end, first + _LINKS_PER_PIECE))
            yield "".join([f'<a href="/tiny/{i}">{i}</a>\n' for i in numbers]).encode()
        yield b"</body></html>\n"

    response = web.StreamResponse(headers={"Content-Type": "text/html; charset=utf-8"})
    return await answers.stream(request, response, page())


async def _tiny(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/tiny/{anything}`: the smallest page; its h1 is what the path says."""
    return html(f"<html><head><title>{rest}</title></head><body><h1>{rest}</h1></body></html>".encode())


async def _cookie_wall(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/cookie-wall`: lets in who brings the cookie, gives it to everybody else and sends them here again."""
    if _COOKIE in request.cookies:
        return html(plain_page("Behind the wall", ""))
    answer = answers.redirect("/cookie-wall")
    answer.set_cookie(_COOKIE, "passed")
    return answer


async def _bad_links(shop: ShopState, request: web.BaseRequest, rest: str) -> web.Response:
    """`/badlinks`: links that cannot be followed (`.bad`) among unusual ones that can (`.good`)."""
    bad = [f'<a class="bad" href="{escape(link)}">bad</a>' for link in BAD_LINKS]
    good = [f'<a class="good" href="{escape(link)}">good</a>' for link in GOOD_LINKS]
    rows = "\n".join([*bad, *good, "<a>no href</a>"])
    return html(plain_page("Bad links", rows))


ROUTES: Final[dict[str, Handler]] = {
    "redirect": _redirect,
    "meta-refresh": _meta_refresh,
    "trap": _trap,
    "calendar": _calendar,
    "many": _many,
    "tiny": _tiny,
    "cookie-wall": _cookie_wall,
    "badlinks": _bad_links,
}
