"""A spider of everything that a crawl has to carry over its own death: the demo shop, from many sides.

Every item is the same whoever fetches its page and how often, and no two items of a crawl are equal but where that is
said: so a crawl that was killed and continued can be compared with one that was left in peace, item by item.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from framework import Field, Item, Request, Spider
from framework.http import FormRequest, HtmlResponse

FLOOD = "/many?n=1&flood"
FLOOD_END = "/tiny/flood-end"
WEATHER = ["dry", "wet, windy", 'a "storm"', "sun\nand rain", "größte Hitze", "雪"]


class Parcel(Item):
    """What travels in ``meta``."""

    title = Field()
    tags = Field()


def row(kind: str, what: object, note: object = "") -> dict[str, str]:
    """Build an item; all values are strings, so that every format gives them back alike."""
    return {"kind": kind, "what": str(what), "note": str(note)}


class EnduranceSpider(Spider):
    """Arguments: ``url`` of the shop; ``pages``, roughly how many (the shop should have half as many books); ``flood``,
    how many requests one callback yields.
    """

    name = "endurance"
    custom_settings = {"RETRY_BACKOFF_BASE": 0.02, "RETRY_TIMES": 5}
    url: str
    pages: str = "1000"
    flood: str = "2000"

    async def start(self) -> AsyncIterator[Any]:
        few = max(1, int(self.pages) // 50)
        yield row("start", 0)
        yield Request(self.url + "/login", callback=self.parse_login)
        yield Request(self.url + FLOOD, callback=self.parse_flood)
        yield Request(self.url + "/", callback=self.parse_home)
        yield Request(
            self.url + "/tiny/poll", callback=self.parse_poll, dont_filter=True, cb_kwargs={"left": min(9, few + 1)}
        )
        yield Request(self.url + "/status/404", errback=self.failed, cb_kwargs={"left": 9})
        yield Request(self.url + "/tiny/of-the-root", callback=lambda response: row("rider", "of the root"))
        for n in range(few):
            yield Request(f"{self.url}/redirect/to?url=/tiny/moved-{n}", callback=self.parse_tiny)
            yield Request(f"{self.url}/flaky/{n}?fails=1", callback=self.parse_flaky, cb_kwargs={"n": n})
        yield row("start", 1)

    # Login: a form with a token that is bound to a session, and pages for those who have it, at the very end.

    def parse_login(self, response: HtmlResponse) -> Any:
        return FormRequest.from_response(
            response,
            formid="login",
            formdata={"username": "reader", "password": "secret"},
            callback=self.parse_account,
            cb_kwargs={"n": -1},
        )

    def parse_account(self, response: HtmlResponse, n: int) -> Iterator[Any]:
        yield row("account", n, response.css("p.user::text").get())
        if n == -1:
            for number in range(max(1, int(self.pages) // 50)):
                yield response.follow(
                    f"/account?n={number}", callback=self.parse_account, cb_kwargs={"n": number}, priority=-10
                )

    # One callback with very many requests: pages, the same pages again, and data that needs no page.

    def parse_flood(self, response: HtmlResponse) -> Iterator[Any]:
        pages = int(self.flood) // 10
        for n in range(int(self.flood)):
            if n % 10 == 0:
                yield response.follow(f"/tiny/flood-{n // 10}", callback=self.parse_tiny)
            elif n % 10 < 5:
                yield response.follow(f"/tiny/flood-{n * 7 % pages}", callback=self.parse_tiny)
            else:
                yield Request(f"data:text/html,<p>{n}</p>", callback=self.parse_data, cb_kwargs={"n": n})
        yield response.follow(FLOOD_END, callback=self.parse_tiny, priority=1000)

    def parse_data(self, response: HtmlResponse, n: int) -> Any:
        return row("data", n, response.css("p::text").get()) if n % 25 == 5 else None

    def parse_tiny(self, response: HtmlResponse) -> Any:
        return row("tiny", response.css("h1::text").get())

    def parse_flaky(self, response: HtmlResponse, n: int) -> Any:
        return row("flaky", n, bool(response.css("p.attempt")))

    def parse_poll(self, response: HtmlResponse, left: int) -> Iterator[Any]:
        """Ask for the same page again and again."""
        yield row("poll", left)
        if left:
            yield response.request.replace(cb_kwargs={"left": left - 1})

    def failed(self, failure: Any) -> Any:
        return row("failed", failure.value.response.status, failure.request.cb_kwargs)

    # Links from page to page, and what can and cannot be stored.

    def parse_home(self, response: HtmlResponse) -> Iterator[Any]:
        yield from response.follow_all(css="ul.browse a", callback=self.parse_category)

    def parse_category(self, response: HtmlResponse) -> Iterator[Any]:
        yield row("category", response.url.partition("/category")[2])
        yield from response.follow_all(css="article.book h3 a", callback=self.parse_book)
        yield from response.follow_all(css="li.next a", callback=self.parse_category)

    def parse_book(self, response: HtmlResponse) -> Iterator[Any]:
        number = int(response.css("article.product").attrib["data-id"])
        yield row("book", number, response.css("h1::text").get())
        for n in range(number % 3):
            yield row("review", f"{number}.{n}", WEATHER[(number + n) % len(WEATHER)])
        yield from response.follow_all(css="aside.related a, .related a", callback=self.parse_book)
        if number % 20 == 1:
            for n in range(3):  # three equal requests: each is fetched, and each item tells its place
                of = {"of": (number, n)}
                yield response.follow("/tiny/again", callback=self.parse_again, dont_filter=True, meta=of)
            yield self._typed(response, number)
        if number % 25 == 2:
            opened = open("/dev/null", "rb")  # noqa: SIM115 - a live object, which nothing can store
            yield response.follow(
                f"/tiny/rider-{number}",
                callback=lambda response, number=number: self._rider(response, number),
                meta={"file": opened},
            )

    def parse_again(self, response: HtmlResponse) -> Any:
        return row("again", response.meta["of"])

    def _rider(self, response: HtmlResponse, number: int) -> Iterator[Any]:
        response.meta["file"].close()
        yield row("rider", number)
        yield response.follow(f"/tiny/pillion-{number}", callback=lambda response: row("pillion", number))
        yield response.follow(f"/tiny/after-rider-{number}", callback=self.parse_tiny)

    def _typed(self, response: HtmlResponse, number: int) -> Request:
        return response.follow(
            f"/tiny/typed-{number}",
            callback=self.parse_typed,
            meta={
                "parcel": Parcel(title=f"parcel {number}", tags=["a", ("b", number)]),
                "when": datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
                "day": date(2026, 11, 21),
                "price": Decimal("12.50"),
                "set": {number},
                "raw": b"\x00\xff",
                "big": 2**70 + number,
                "keyed": {(1, "x"): None, 2: 1.5},
            },
            cb_kwargs={"pair": (number, ("inner", True))},
        )

    def parse_typed(self, response: HtmlResponse, pair: tuple[Any, ...]) -> Any:
        keys = ("parcel", "when", "day", "price", "set", "raw", "big", "keyed")
        meta = [(type(response.meta[key]).__name__, response.meta[key]) for key in keys]
        return row("typed", repr(pair), repr(meta).replace("\n", ""))
