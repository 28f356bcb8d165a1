"""Whole crawls against a shop that misbehaves: retries, redirects, cookies, robots.txt, limits. Judged by its log."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from framework import Request, Spider
from framework.testing.shop import Faults, ThreadedShop


class BooksSpider(Spider):
    """Every book, by the links of the pages."""

    name = "books"
    base: str

    async def start(self) -> Any:
        yield Request(self.base + "/")

    def parse(self, response: Any) -> Any:
        yield from response.follow_all(css="ul.categories a, article.book h3 a, li.next a")
        book = response.css("article.product")
        if book:
            yield {"id": int(book.attrib["data-id"]), "title": book.css("h1::text").get()}


def titles(shop: ThreadedShop) -> list[tuple[int, str]]:
    return [(book.id, book.title) for book in shop.books]


def found(items: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return sorted((item["id"], item["title"]) for item in items)


# -- retries ---------------------------------------------------------------------------------------------------------


def test_a_flaky_page_is_tried_again_and_counts_once(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/flaky/a?fails=2", "/tiny/1", settings={"RETRY_BACKOFF_BASE": 0.4})

    assert shop.log.paths().count("/flaky/a?fails=2") == 3
    assert sorted((item["asked"], item["status"]) for item in done.items) == [
        ("/flaky/a?fails=2", 200),
        ("/tiny/1", 200),
    ]
    assert (done.view.offered, done.view.done, done.view.replaced) == (2, 2, 0)
    assert (done.view.retried, done.stats["retry/count"]) == (2, 2)


def test_a_page_that_stays_broken_is_given_up_and_told(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/status/503", "/reset", "/truncated", "/truncated?chunked=1", settings={"RETRY_TIMES": 1})

    assert Counter(shop.log.paths()) == {"/status/503": 2, "/reset": 2, "/truncated": 2, "/truncated?chunked=1": 2}
    assert {item["asked"]: item["error"] for item in done.items} == {
        "/status/503": "HttpError",
        "/reset": "DownloadFailedError",
        "/truncated": "ResponseDataLossError",
        "/truncated?chunked=1": "ResponseDataLossError",
    }


def test_a_shop_on_a_bad_day_gives_every_book_all_the_same(crawl: Any, shop: ThreadedShop) -> None:
    shop.shop.faults = Faults(jitter_s=0.02, error_rate=0.3, reset_rate=0.2, truncate_rate=0.2)

    done = crawl(BooksSpider, base=shop.url)

    assert found(done.items) == titles(shop)
    tries = Counter(path for path in shop.log.paths() if path.startswith("/book/"))
    assert set(tries) == {book.url for book in shop.books}
    assert set(tries.values()) == {1, 2, 3}  # the shop answers properly the third time
    assert done.view.failed == 0


def test_retry_after_holds_the_whole_host(crawl: Any, shop: ThreadedShop) -> None:
    paths = [{"path": "/retry-after?seconds=1", "priority": 1}, *(f"/tiny/{n}" for n in range(10))]

    done = crawl.paths(shop, *paths, settings={"CONCURRENT_REQUESTS_PER_DOMAIN": 1})

    assert len(done.items) == 11
    assert shop.log.paths()[0] == "/retry-after?seconds=1"
    assert shop.log.between()[0] >= 0.95
    assert shop.log.paths().count("/retry-after?seconds=1") == 2


def test_back_off_holds_only_the_page_that_failed(crawl: Any, shop: ThreadedShop) -> None:
    # A back-off is random, from nothing up to RETRY_BACKOFF_BASE: of twelve at least one is long.
    paths = [*({"path": f"/flaky/{n}?fails=1", "priority": 1} for n in range(12)), *(f"/tiny/{n}" for n in range(5))]

    crawl.paths(shop, *paths, settings={"CONCURRENT_REQUESTS_PER_DOMAIN": 1, "RETRY_BACKOFF_BASE": 1.0})

    assert Counter(shop.log.paths()) == {f"/flaky/{n}?fails=1": 2 for n in range(12)} | {
        f"/tiny/{n}": 1 for n in range(5)
    }
    assert shop.log.paths()[-1].startswith("/flaky/")
    tiny = [entry.monotonic_at for entry in shop.log if entry.path.startswith("/tiny")]
    assert max(tiny) < shop.log[-1].monotonic_at - 0.1


# -- redirects -------------------------------------------------------------------------------------------------------


def test_redirects_are_followed_to_their_end_and_loops_given_up(crawl: Any, shop: ThreadedShop) -> None:
    settings = {"REDIRECT_MAX_TIMES": 5}
    done = crawl.paths(shop, "/redirect/4", "/redirect/9?code=301", "/redirect/loop", "/tiny/1", settings=settings)

    by_asked = done.by("asked")
    assert by_asked["/redirect/4"]["path"] == "redirect/0"
    assert by_asked["/redirect/9?code=301"]["error"] == "IgnoreRequest"
    assert by_asked["/redirect/loop"]["error"] == "IgnoreRequest"
    assert by_asked["/tiny/1"]["status"] == 200
    paths = Counter(shop.log.paths())
    assert all(paths[f"/redirect/{n}"] == 1 for n in range(5))
    assert sum(count for path, count in paths.items() if path.startswith("/redirect/loop")) == 6
    assert paths["/redirect/3?code=301"] == 0


def test_a_redirect_to_a_page_that_was_seen_is_a_duplicate(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/tiny/1", {"path": "/redirect/to?url=/tiny/1", "priority": -1})

    assert [item["asked"] for item in done.items] == ["/tiny/1"]
    assert shop.log.paths() == ["/tiny/1", "/redirect/to?url=/tiny/1"]


def test_a_redirected_post_becomes_a_get_but_for_307(crawl: Any, shop: ThreadedShop) -> None:
    post: dict[str, Any] = {"method": "POST", "body": b"a=1"}
    crawl.paths(
        shop,
        {"path": "/redirect/to?url=/echo?n=302&code=302", **post},
        {"path": "/redirect/to?url=/echo?n=307&code=307", **post},
        take=lambda response: response.json(),
    )

    methods = {entry.path: entry.method for entry in shop.log if entry.path.startswith("/echo")}
    assert methods == {"/echo?n=302": "GET", "/echo?n=307": "POST"}


def test_a_meta_refresh_is_followed_unless_it_is_far_off(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/meta-refresh?url=/tiny/soon", "/meta-refresh?url=/tiny/late&delay=500")

    assert {item["asked"]: item["h1"] for item in done.items} == {
        "/meta-refresh?url=/tiny/soon": "soon",
        "/meta-refresh?url=/tiny/late&delay=500": "Moved",
    }


# -- cookies ---------------------------------------------------------------------------------------------------------


def test_a_cookie_wall_lets_a_crawl_through(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/cookie-wall")

    assert [item["h1"] for item in done.items] == ["Behind the wall"]
    assert shop.log.paths() == ["/cookie-wall", "/cookie-wall"]


def test_cookies_last_for_a_crawl_and_jars_keep_them_apart(crawl: Any, shop: ThreadedShop) -> None:
    class JarsSpider(Spider):
        name = "jars"
        base: str

        async def start(self) -> Any:
            for jar in ("a", "b"):
                yield Request(f"{self.base}/cookies/set?who={jar}", meta={"cookiejar": jar})

        def parse(self, response: Any) -> Any:
            jar = response.meta["cookiejar"]
            yield response.follow(
                f"/cookies/echo?{jar}", self.parse_echo, meta={"cookiejar": jar}, cookies={"own": f"x{jar}"}
            )

        def parse_echo(self, response: Any) -> Any:
            return {"jar": response.meta["cookiejar"], **response.json()}

    done = crawl(JarsSpider, base=shop.url)

    assert done.by("jar") == {jar: {"jar": jar, "cookies": {"who": jar, "own": f"x{jar}"}} for jar in ("a", "b")}


def test_without_cookies_none_are_sent(crawl: Any, shop: ThreadedShop) -> None:
    crawl.paths(
        shop, "/cookies/set?a=1", {"path": "/cookies/echo", "priority": -1}, settings={"COOKIES_ENABLED": False}
    )

    assert not any("cookie" in entry.headers for entry in shop.log)


# -- robots.txt, traps, foreign hosts --------------------------------------------------------------------------------


def test_robots_txt_comes_first_once_and_is_obeyed(crawl: Any, shop: ThreadedShop) -> None:
    paths = [f"/tiny/{n}" for n in range(20)]
    done = crawl.paths(shop, *paths, "/private/a", "/trap/", settings={"ROBOTSTXT_OBEY": True})

    assert shop.log.paths()[0] == "/robots.txt"
    assert sorted(shop.log.paths()) == sorted(["/robots.txt", *paths])
    assert {item["asked"]: item["error"] for item in done.items if "error" in item} == {
        "/private/a": "IgnoreRequest",
        "/trap/": "IgnoreRequest",
    }


def test_robots_txt_is_left_alone_when_it_is_not_to_be_obeyed(crawl: Any, shop: ThreadedShop) -> None:
    crawl.paths(shop, "/private/a", settings={"ROBOTSTXT_OBEY": False})

    assert shop.log.paths() == ["/private/a"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_shop_without_robots_txt_may_be_crawled(status: int, crawl: Any, shop: ThreadedShop) -> None:
    shop.shop.robots_status = status
    crawl.paths(shop, "/private/a", settings={"ROBOTSTXT_OBEY": True, "RETRY_TIMES": 0})

    assert shop.log.paths() == ["/robots.txt", "/private/a"]


def test_the_trap_ends_at_the_depth_limit(crawl: Any, shop: ThreadedShop) -> None:
    class TrappedSpider(BooksSpider):
        async def start(self) -> Any:
            yield Request(self.base + "/trap/")

        def parse(self, response: Any) -> Any:
            yield from response.follow_all(css="a")

    done = crawl(TrappedSpider, {"DEPTH_LIMIT": 2}, base=shop.url)

    assert len(shop.log) == 1 + 5 + 25
    assert max(path.count("/") for path in shop.log.paths()) == 4
    assert (done.stats["request_depth_max"], done.reason) == (2, "finished")


def test_foreign_hosts_are_not_asked(crawl: Any, shop: ThreadedShop) -> None:
    class HomeSpider(Spider):
        name = "home"
        allowed_domains = ["127.0.0.1"]
        base: str

        async def start(self) -> Any:
            yield Request(self.base + "/tiny/1")

        def parse(self, response: Any) -> Any:
            yield Request(self.base.replace("127.0.0.1", "localhost") + "/tiny/2")
            yield Request(self.base + "/tiny/3", callback=self.parse_redirecting)

        def parse_redirecting(self, response: Any) -> Any:
            target = self.base.replace("127.0.0.1", "localhost")
            yield response.follow(f"/redirect/to?url={target}/tiny/4", callback=self.never)

        def never(self, response: Any) -> None:
            raise AssertionError(response.url)

    done = crawl(HomeSpider, base=shop.url)

    assert [path.partition("?")[0] for path in shop.log.paths()] == ["/tiny/1", "/tiny/3", "/redirect/to"]
    assert not any(entry.host.startswith("localhost") for entry in shop.log)
    assert done.stats.get("spider_exceptions/count", 0) == 0


# -- bodies ----------------------------------------------------------------------------------------------------------


def test_every_encoding_is_read_rightly(crawl: Any, shop: ThreadedShop) -> None:
    from framework.testing.shop.encodings import TEXTS, WAYS, encoded_page

    ways = [(name, by) for name in TEXTS for by in WAYS if encoded_page(name, by)]

    done = crawl.paths(
        shop,
        *(f"/encoding/{name}?by={by}" for name, by in ways),
        take=lambda r: {"asked": r.meta["asked"], "text": r.css("p.sample::text").get()},
    )

    assert {item["asked"]: item["text"] for item in done.items} == {
        f"/encoding/{name}?by={by}": TEXTS[name] for name, by in ways
    }


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_refused_and_its_neighbours_are_fetched(coding: str, crawl: Any, shop: ThreadedShop) -> None:
    settings = {"DOWNLOAD_MAXSIZE": 1_000_000, "RETRY_TIMES": 0}
    done = crawl.paths(
        shop, f"/bomb/{coding}?mb=20", f"/compressed/{coding}", "/huge?mb=5", "/tiny/1", settings=settings
    )

    assert {item["asked"]: item.get("error") for item in done.items} == {
        f"/bomb/{coding}?mb=20": "DownloadCancelledError",
        "/huge?mb=5": "DownloadCancelledError",
        f"/compressed/{coding}": None,
        "/tiny/1": None,
    }


def test_a_slow_drip_is_read_or_given_up_by_the_time_out(crawl: Any, shop: ThreadedShop) -> None:
    settings = {"DOWNLOAD_TIMEOUT": 1.0, "RETRY_TIMES": 0}
    began_at = time.monotonic()
    done = crawl.paths(shop, "/drip?bytes=5&interval=0.05", "/drip?bytes=100&interval=0.1", "/hang", settings=settings)

    assert time.monotonic() - began_at < 3
    assert {item["asked"]: item.get("error") for item in done.items} == {
        "/drip?bytes=5&interval=0.05": None,
        "/drip?bytes=100&interval=0.1": "DownloadTimeoutError",
        "/hang": "DownloadTimeoutError",
    }


def test_empty_pages_and_pages_without_a_body_reach_the_callback(crawl: Any, shop: ThreadedShop) -> None:
    done = crawl.paths(shop, "/empty", "/status/204", take=lambda r: {"asked": r.meta["asked"], "size": len(r.body)})

    assert {item["asked"]: item["size"] for item in done.items} == {"/empty": 0, "/status/204": 0}


# -- links -----------------------------------------------------------------------------------------------------------


def test_of_bad_links_only_the_bad_ones_are_lost(crawl: Any, shop: ThreadedShop) -> None:
    class LinksSpider(BooksSpider):
        custom_settings = {"RETRY_TIMES": 0, "DOWNLOAD_TIMEOUT": 5.0}

        async def start(self) -> Any:
            yield Request(self.base + "/badlinks")

        def parse(self, response: Any) -> Any:
            yield from response.follow_all(css="a", callback=self.parse_tiny)

        def parse_tiny(self, response: Any) -> Any:
            if "/tiny/" in response.url:
                yield {"path": response.url.partition("/tiny/")[2].partition("#")[0]}

    done = crawl(LinksSpider, base=shop.url)

    assert sorted(item["path"] for item in done.items) == sorted(
        ["1", "2", "3?q=%C3%BCn%C3%AFc%C3%B6d%C3%A9", "a%20b", "%E6%97%A5%E6%9C%AC", "4", "5"]
    )
    assert done.stats.get("spider_exceptions/count", 0) == 0


def test_a_page_of_many_links_is_crawled_to_the_last(crawl: Any, shop: ThreadedShop) -> None:
    class ManySpider(BooksSpider):
        async def start(self) -> Any:
            yield Request(self.base + "/many?n=2000")
            yield Request(self.base + "/many?n=2000&start=1000")

        def parse(self, response: Any) -> Any:
            yield from response.follow_all(css="a", callback=self.parse_tiny)

        def parse_tiny(self, response: Any) -> Any:
            yield {"n": int(response.css("h1::text").get())}

    done = crawl(ManySpider, {"CONCURRENT_REQUESTS_PER_DOMAIN": 32, "CONCURRENT_REQUESTS": 32}, base=shop.url)

    assert sorted(item["n"] for item in done.items) == list(range(3000))
    assert len(shop.log) == 3002
    assert done.stats["dupefilter/filtered"] == 1000


# -- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"CLOSESPIDER_ITEMCOUNT": 10}, "closespider_itemcount"),
        ({"CLOSESPIDER_PAGECOUNT": 20}, "closespider_pagecount"),
        ({"CLOSESPIDER_PAGECOUNT_NO_ITEM": 5}, "closespider_pagecount_no_item"),
    ],
)
def test_a_crawl_ends_when_it_has_enough(setting: dict[str, int], reason: str, crawl: Any, shop: ThreadedShop) -> None:
    done = crawl(BooksSpider, {"CONCURRENT_REQUESTS": 2, "CRAWL_ORDER": "breadth", **setting}, base=shop.url)

    assert done.reason == reason
    (limit,) = setting.values()
    if "PAGECOUNT" in str(setting):
        assert limit <= len(shop.log) <= limit + 2
    else:
        assert limit <= len(done.items) <= limit + 2


def test_a_crawl_ends_when_its_time_is_over(crawl: Any, shop: ThreadedShop) -> None:
    settings = {"CLOSESPIDER_TIMEOUT": 0.5, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}
    done = crawl.paths(shop, *(f"/slow/0.1?n={n}" for n in range(100)), settings=settings)

    assert done.reason == "closespider_timeout"
    assert 3 <= len(shop.log) <= 7
    assert len(done.items) == len(shop.log)  # what was under way was worked off


def test_a_crawl_ends_when_its_callbacks_fail_too_often(crawl: Any, shop: ThreadedShop) -> None:
    def fail(response: Any) -> None:
        raise RuntimeError(response.url)

    settings = {"CLOSESPIDER_ERRORCOUNT": 3, "CONCURRENT_REQUESTS": 1}
    done = crawl.paths(shop, *(f"/tiny/{n}" for n in range(100)), take=fail, settings=settings)

    assert (done.reason, len(shop.log)) == ("closespider_errorcount", 3)
    assert done.stats["spider_exceptions/RuntimeError"] == 3
