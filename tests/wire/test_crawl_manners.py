"""How a crawl behaves towards a shop: what it says in its headers, in which order it asks, how much at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from framework import FormRequest, Request, Spider
from framework.crawler import Crawler
from framework.testing.shop import ThreadedShop

REPOSITORY = Path(__file__).resolve().parents[2]


class PagesSpider(Spider):
    """Three levels of small pages."""

    name = "pages"
    base: str

    async def start(self) -> Any:
        yield Request(self.base + "/tiny/a")
        yield Request(self.base + "/tiny/b")

    def parse(self, response: Any) -> Any:
        word = response.css("h1::text").get()
        if len(word) < 3:
            yield response.follow(f"/tiny/{word}1")
            yield response.follow(f"/tiny/{word}2")


# -- headers ---------------------------------------------------------------------------------------------------------


def test_each_request_says_who_asks_what_is_wanted_and_where_the_link_was(crawl: Any, shop: ThreadedShop) -> None:
    settings = {"USER_AGENT": "shop-reader (+mailto:me@example.com)", "DEFAULT_REQUEST_HEADERS": {"X-Mine": "yes"}}

    crawl(PagesSpider, settings, base=shop.url)

    sent = {entry.path: entry.headers for entry in shop.log}
    assert {headers["user-agent"] for headers in sent.values()} == {"shop-reader (+mailto:me@example.com)"}
    assert {headers["x-mine"] for headers in sent.values()} == {"yes"}
    assert "referer" not in sent["/tiny/a"]
    assert sent["/tiny/a1"]["referer"] == f"{shop.url}/tiny/a"
    assert sent["/tiny/a12"]["referer"] == f"{shop.url}/tiny/a1"
    assert all("gzip" in headers["accept-encoding"] for headers in sent.values())


def test_a_password_of_the_spider_goes_to_its_domain_only(crawl: Any, shop: ThreadedShop) -> None:
    class MemberSpider(Spider):
        name = "member"
        http_user, http_pass, http_auth_domain = "user", "secret", "127.0.0.1"
        handle_httpstatus_list = [401]
        base: str

        async def start(self) -> Any:
            yield Request(self.base + "/auth/basic")
            yield Request(self.base.replace("127.0.0.1", "localhost") + "/auth/basic")

        def parse(self, response: Any) -> Any:
            yield {"url": response.url, "in": response.json()["authenticated"]}

    done = crawl(MemberSpider, base=shop.url)

    assert {item["url"].partition("//")[2].partition(":")[0]: item["in"] for item in done.items} == {
        "127.0.0.1": True,
        "localhost": False,
    }


def test_a_search_form_is_filled_in_and_sent(crawl: Any, shop: ThreadedShop) -> None:
    word = shop.books[0].title.split()[-1]

    class SearchSpider(Spider):
        name = "search"
        base: str

        async def start(self) -> Any:
            yield Request(self.base + "/search")

        def parse(self, response: Any) -> Any:
            return FormRequest.from_response(response, formid="search", formdata={"q": word}, callback=self.parse_found)

        def parse_found(self, response: Any) -> Any:
            for link in response.css("main a[href^='/book/']"):
                yield {"url": link.attrib["href"]}

    done = crawl(SearchSpider, base=shop.url)

    wanted = {book.url for book in shop.books if word.casefold() in book.title.casefold()}
    assert {item["url"] for item in done.items} == wanted


# -- order and number ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("depth", ["a", "a1", "a11", "a12", "a2", "a21", "a22", "b", "b1", "b11", "b12", "b2", "b21", "b22"]),
        ("breadth", ["a", "b", "a1", "a2", "b1", "b2", "a11", "a12", "a21", "a22", "b11", "b12", "b21", "b22"]),
    ],
)
def test_one_at_a_time_pages_are_asked_for_in_the_order_of_the_setting(
    order: str, wanted: list[str], crawl: Any, shop: ThreadedShop
) -> None:
    crawl(PagesSpider, {"CONCURRENT_REQUESTS": 1, "CRAWL_ORDER": order}, base=shop.url)

    assert [path.removeprefix("/tiny/") for path in shop.log.paths()] == wanted


def test_priorities_go_before_order(crawl: Any, shop: ThreadedShop) -> None:
    paths = [{"path": f"/tiny/{n}", "priority": n % 3} for n in range(12)]

    crawl.paths(shop, *paths, settings={"CONCURRENT_REQUESTS": 1})

    asked = [int(path.removeprefix("/tiny/")) for path in shop.log.paths()]
    # The first may have gone before the others were read.
    assert asked[1:] == [n for n in sorted(range(12), key=lambda n: (-(n % 3), n)) if n != asked[0]]


@pytest.mark.parametrize(("total", "host", "wanted"), [(4, 16, 4), (16, 3, 3)])
def test_no_more_is_asked_for_at_once_than_the_settings_allow(
    total: int, host: int, wanted: int, crawl: Any, shop: ThreadedShop
) -> None:
    settings = {"CONCURRENT_REQUESTS": total, "CONCURRENT_REQUESTS_PER_DOMAIN": host}

    crawl.paths(shop, *(f"/slow/0.03?n={n}" for n in range(30)), settings=settings)

    assert shop.log.peak_concurrency() == wanted


def test_a_fetch_inside_a_callback_goes_on_where_all_slots_are_taken(crawl: Any, shop: ThreadedShop) -> None:
    class NestedSpider(Spider):
        name = "nested"
        base: str

        async def start(self) -> Any:
            for n in range(4):
                yield Request(f"{self.base}/tiny/{n}")

        async def parse(self, response: Any) -> Any:
            n = response.css("h1::text").get()
            words = []
            for m in range(3):
                inner = await self.crawler.engine.download_async(Request(f"{self.base}/tiny/{n}-{m}"))
                words.append(inner.css("h1::text").get())
            yield {"n": int(n), "inner": words}

    settings = {"CONCURRENT_REQUESTS": 1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "ROBOTSTXT_OBEY": True}
    done = crawl(NestedSpider, settings, base=shop.url)

    assert done.by("n") == {n: {"n": n, "inner": [f"{n}-{m}" for m in range(3)]} for n in range(4)}
    assert shop.log.peak_concurrency() == 1
    assert max(Counter(shop.log.paths()).values()) == 1


def test_two_crawls_in_one_process_do_not_see_each_other(shop: ThreadedShop, tmp_path: Path) -> None:
    class EchoSpider(Spider):
        name = "echo"
        base: str
        mine: str

        async def start(self) -> Any:
            yield Request(f"{self.base}/cookies/set?{self.mine}=1")

        def parse(self, response: Any) -> Any:
            yield Request(f"{self.base}/cookies/echo", self.parse_echo)

        def parse_echo(self, response: Any) -> Any:
            return response.json()

    outputs = {mine: tmp_path / f"{mine}.jsonl" for mine in ("a", "b")}
    crawlers = {mine: Crawler(EchoSpider, {"FEEDS": {str(path): {}}}) for mine, path in outputs.items()}

    async def both() -> None:
        await asyncio.gather(*(crawler.crawl(base=shop.url, mine=mine) for mine, crawler in crawlers.items()))

    asyncio.run(both())

    for mine, path in outputs.items():
        assert json.loads(path.read_text()) == {"cookies": {mine: "1"}}
        assert crawlers[mine].stats.get_value("response_received_count") == 2


# -- this repository's project ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spider", ["books", "api"])
def test_the_spiders_of_this_repository_give_the_books_of_the_shop(
    spider: str, shop: ThreadedShop, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    command = [sys.executable, "-m", "framework", "crawl", spider, "-O", str(output), "-a", f"shop={shop.url}/"]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=50, check=False)

    assert done.returncode == 0, done.stderr
    items = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert sorted(items, key=lambda item: item["id"]) == shop.truth()
    assert set(Counter(shop.log.paths()).values()) == {1}
    assert shop.log.paths()[0] == "/robots.txt"


def test_without_the_right_secret_the_api_gives_nothing(shop: ThreadedShop, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    options = ["-O", str(output), "-a", f"shop={shop.url}", "-s", "SHOP_API_SECRET=wrong"]

    subprocess.run(
        [sys.executable, "-m", "framework", "crawl", "api", *options],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=50,
        check=False,
    )

    assert output.read_text() == ""
    assert [(entry.path, entry.status) for entry in shop.log][1:] == [("/api/books?page=1", 401)]
