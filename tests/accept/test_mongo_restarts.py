"""Acceptance line 5: the MongoDB server dies again and again, or for good, while a crawl stores into it.

Witnesses: the documents in the server, and the shop's log.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from framework.testing.shop import Faults, ThreadedShop
from tests.crash.crawls import Crawl, Rows, difference, kill, rows_in, wait_for
from tests.crash.mongoserver import SCRIPT, Server, rows_at, rows_below

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
PIPELINE = '{"framework.pipelines.mongo.MongoPipeline": 300}'


def the_crawl(folder: Path, shop: ThreadedShop, uri: str, pages: int, *settings: str) -> Crawl:
    given = (
        f"MONGO_URI={uri}",
        f"ITEM_PIPELINES={PIPELINE}",
        "CHECKPOINT_INTERVAL=0.1",
        "CONCURRENT_REQUESTS=4",
        "MONGO_BATCH_INTERVAL=0.05",
        "MONGO_BACKOFF_MAX=0.3",
        *settings,
    )
    pairs = [part for setting in given for part in ("-s", setting)]
    spider = ["-a", f"url={shop.url}", "-a", f"pages={pages}", "-a", f"flood={pages}"]
    return Crawl(folder / "work", ["runspider", str(SPIDER), *spider, "-O", "items.jsonl", *pairs], folder / "logs")


@pytest.fixture(scope="module")
def pages(full: bool) -> int:
    return 4000 if full else 300


@pytest.fixture(scope="module")
def deaths(full: bool) -> int:
    return 10 if full else 4


@pytest.fixture(scope="module")
def running_shop(pages: int) -> Iterator[ThreadedShop]:
    with ThreadedShop(books=pages // 2, faults=Faults(latency_s=0.01)) as shop:
        yield shop


@pytest.fixture
def shop(running_shop: ThreadedShop) -> ThreadedShop:
    running_shop.shop.forget()
    return running_shop


@pytest.fixture(scope="module")
def wanted(running_shop: ThreadedShop, pages: int, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    crawl = the_crawl(tmp_path_factory.mktemp("undisturbed"), running_shop, "embedded", pages)
    assert crawl.run() == 0, crawl.tail()
    rows = rows_in(crawl.folder / "items.jsonl")
    assert not difference(rows_below(crawl.folder), rows)
    return rows


def run_with_deaths(crawl: Crawl, shop: ThreadedShop, pages: int, deaths: int, die: Callable[[], None]) -> None:
    """Run the crawl to its end; the server dies whenever another part of the pages has come."""
    process = crawl.begin()
    try:
        for n in range(deaths):
            part = (n + 1) * pages // (deaths + 2)
            wait_for(lambda part=part: len(shop.log) >= part or process.poll() is not None, 60)
            assert process.poll() is None, f"it ended before death {n + 1}: {crawl.tail()}"
            die()
        assert process.wait(120) == 0, crawl.tail()
    finally:
        kill(process)


@pytest.mark.timeout(900)
def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(
    wanted: Rows, shop: ThreadedShop, pages: int, deaths: int, tmp_path: Path
) -> None:
    random = Random(5)
    with Server(tmp_path / "server") as server:

        def die() -> None:
            server.kill()
            time.sleep(random.uniform(0, 0.4))
            server.start()

        crawl = the_crawl(tmp_path / "killed", shop, server.uri, pages)
        run_with_deaths(crawl, shop, pages, deaths, die)

        assert not difference(rows_at(server.uri), wanted), crawl.tail()
    assert not difference(rows_in(crawl.folder / "items.jsonl"), wanted), crawl.tail()
    crawl.assert_none_survive()


@pytest.mark.timeout(900)
def test_an_embedded_server_that_is_killed_again_and_again_loses_and_doubles_nothing(
    wanted: Rows, shop: ThreadedShop, pages: int, deaths: int, tmp_path: Path
) -> None:
    crawl = the_crawl(tmp_path / "embedded", shop, "embedded", pages)

    def die() -> None:
        def servers() -> list[int]:
            return [pid for pid, command in crawl.survivors().items() if str(SCRIPT) in command]

        wait_for(servers, 60)
        os.kill(servers()[0], signal.SIGKILL)

    run_with_deaths(crawl, shop, pages, deaths, die)

    assert not difference(rows_below(crawl.folder), wanted), crawl.tail()
    assert not difference(rows_in(crawl.folder / "items.jsonl"), wanted), crawl.tail()
    crawl.assert_none_survive()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("crawl_dies", [False, True], ids=["crawl waits", "crawl is ended meanwhile"])
def test_a_crawl_pauses_while_the_server_is_away_says_so_and_goes_on_later(
    wanted: Rows, shop: ThreadedShop, pages: int, tmp_path: Path, crawl_dies: bool
) -> None:
    with Server(tmp_path / "server") as server:
        crawl = the_crawl(
            tmp_path / "paused",
            shop,
            server.uri,
            pages,
            "MONGO_PAUSE_AFTER=0.5",
            "UNSEALED_MAX=40",
            "SHUTDOWN_TIMEOUT=1",
        )
        process = crawl.begin()
        try:
            wait_for(lambda: len(shop.log) >= pages // 4, 60)
            server.kill()

            wait_for(lambda: "paused" in crawl.said(), 60)
            wait_for(lambda: is_still(shop), 60)

            assert len(shop.log) < pages, "it paused before it had everything"
            assert process.poll() is None, crawl.tail()
            if crawl_dies:
                process.terminate()
                process.wait(20)
            server.start()
            if crawl_dies:
                process = crawl.begin()
            assert process.wait(120) == 0, crawl.tail()
        finally:
            kill(process)
        assert not difference(rows_at(server.uri), wanted), crawl.tail()
    assert not difference(rows_in(crawl.folder / "items.jsonl"), wanted), crawl.tail()


def is_still(shop: ThreadedShop) -> bool:
    """Say whether no request comes for a second."""
    before = len(shop.log)
    time.sleep(1)
    return len(shop.log) == before
