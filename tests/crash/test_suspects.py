"""A page that kills the process cannot stop the crawl: given the same command again and again, it ends.

The page was in flight at three deaths, then alone at three more: it is failed as a suspect. Its neighbours, who were in
flight at those deaths too, are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.testing.shop import ThreadedShop
from tests.crash.crawls import Crawl, assert_sinks, rows_in

SPIDER = """
import os
import signal

from framework import Request, Spider


class DeadlySpider(Spider):
    name = "deadly"

    async def start(self):
        yield Request(self.url + "/tiny/front", callback=self.parse_front)

    def parse_front(self, response):
        yield {"page": "front"}
        for n in range(4):
            yield response.follow(f"/slow/0.3?n={n}", callback=self.parse_slow, cb_kwargs={"n": n})
            if n == 1:
                for page in self.deadly.split(","):
                    callback = self.parse_deadly
                    if page.endswith("rider"):  # it cannot be stored, and rides on the front page
                        callback = lambda response: self.parse_deadly(response)
                    yield response.follow(f"/tiny/{page}", callback=callback, errback=self.failed)
        for n in range(10):
            yield response.follow(f"/tiny/{n}")

    def parse_slow(self, response, n):
        yield {"page": f"slow {n}"}

    def parse(self, response):
        yield {"page": response.css("h1::text").get()}

    def parse_deadly(self, response):
        yield {"page": "of the deadly one"}
        if "harmless" not in response.url:
            os.kill(os.getpid(), signal.SIGKILL)

    def failed(self, failure):
        yield {"page": "failed"}
"""
DEATHS_AT_MOST = 3 + 3


@pytest.fixture(scope="module")
def shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=1) as shop:
        yield shop


def the_crawl(folder: Path, shop: ThreadedShop, deadly: str) -> Crawl:
    work = folder / "work"
    work.mkdir(parents=True)
    (work / "deadly.py").write_text(SPIDER, "utf-8")
    settings = ("CHECKPOINT_INTERVAL=0.05", "CONCURRENT_REQUESTS=4", "CONCURRENT_REQUESTS_PER_DOMAIN=4")
    pairs = [part for setting in settings for part in ("-s", setting)]
    spider = ["-a", f"url={shop.url}", "-a", f"deadly={deadly}"]
    return Crawl(work, ["runspider", "deadly.py", *spider, "-o", "items.jsonl", *pairs], folder / "logs")


def deaths_until_it_ends(crawl: Crawl, most: int) -> int:
    for deaths in range(most + 1):
        code = crawl.run()
        if code == -9:
            continue
        assert code == 0, crawl.tail()
        return deaths
    raise AssertionError(f"it died {most + 1} times: {crawl.tail()}")


def others(shop: ThreadedShop, folder: Path) -> Path:
    """Crawl the same without anything deadly; give the items but those of the page itself."""
    crawl = the_crawl(folder, shop, "harmless")
    assert crawl.run() == 0, crawl.tail()
    items = crawl.folder / "items.jsonl"
    lines = [line for line in items.read_text("utf-8").splitlines(keepends=True) if "deadly" not in line]
    items.write_text("".join(lines), "utf-8")
    return items


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", ["deadly", "deadly-rider"])
def test_a_page_that_kills_the_process_is_failed_as_a_suspect_and_all_others_are_there(
    shop: ThreadedShop, tmp_path: Path, page: str
) -> None:
    wanted = rows_in(others(shop, tmp_path / "harmless"))
    crawl = the_crawl(tmp_path / "deadly", shop, page)

    deaths = deaths_until_it_ends(crawl, DEATHS_AT_MOST)

    assert deaths == DEATHS_AT_MOST, crawl.tail()
    assert_sinks(crawl.folder, ["items.jsonl"], wanted, crawl.tail())
    assert "suspect" in crawl.said()
    assert f"{shop.url}/tiny/{page}" in crawl.said()
    crawl.assert_none_survive()


@pytest.mark.timeout(240)
def test_two_pages_that_kill_the_process_are_both_found(shop: ThreadedShop, tmp_path: Path) -> None:
    wanted = rows_in(others(shop, tmp_path / "harmless"))
    crawl = the_crawl(tmp_path / "deadly", shop, "deadly-1,deadly-2")

    deaths = deaths_until_it_ends(crawl, 2 * DEATHS_AT_MOST)

    assert deaths > DEATHS_AT_MOST
    assert_sinks(crawl.folder, ["items.jsonl"], wanted, crawl.tail())
