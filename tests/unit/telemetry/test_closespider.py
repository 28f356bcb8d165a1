from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framework import Spider, signals
from framework.exceptions import NotConfigured
from framework.process import CrawlerProcess
from framework.protocols import Stateful
from framework.telemetry.closespider import CloseSpider
from framework.testing.fakes import FakeHandler


def send(crawler: Any, signal: Any, times: int = 1) -> None:
    for _ in range(times):
        crawler.signals.send_catch_log(signal, spider=crawler.spider, reason="x")


def test_without_a_condition_it_is_left_out(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        CloseSpider.from_crawler(make_crawler())


@pytest.mark.parametrize(
    ("setting", "signal", "reason"),
    [
        ("CLOSESPIDER_ITEMCOUNT", signals.item_scraped, "closespider_itemcount"),
        ("CLOSESPIDER_PAGECOUNT", signals.response_received, "closespider_pagecount"),
        ("CLOSESPIDER_PAGECOUNT_NO_ITEM", signals.response_received, "closespider_pagecount_no_item"),
        ("CLOSESPIDER_ERRORCOUNT", signals.spider_error, "closespider_errorcount"),
    ],
)
def test_a_count_closes_the_spider_once(make_crawler: Any, setting: str, signal: Any, reason: str) -> None:
    crawler = make_crawler(**{setting: 3})
    extension = CloseSpider.from_crawler(crawler)

    send(crawler, signal, 2)
    assert crawler.engine.closed == []
    send(crawler, signal, 3)

    assert crawler.engine.closed == [reason]
    assert extension.crawler is crawler


def test_an_item_starts_the_count_of_pages_without_one_anew(make_crawler: Any) -> None:
    crawler = make_crawler(CLOSESPIDER_PAGECOUNT_NO_ITEM=3)
    extension = CloseSpider.from_crawler(crawler)

    send(crawler, signals.response_received, 2)
    send(crawler, signals.item_scraped)
    send(crawler, signals.response_received, 2)

    assert crawler.engine.closed == []
    assert extension.pages == 4


def test_only_the_signals_of_set_limits_are_connected(make_crawler: Any) -> None:
    crawler = make_crawler(CLOSESPIDER_ERRORCOUNT=1)
    extension = CloseSpider.from_crawler(crawler)

    assert extension is not None
    assert crawler.signals.has(signals.spider_error)
    assert not crawler.signals.has(signals.response_received)
    assert not crawler.signals.has(signals.item_scraped)


def test_a_time_limit_closes_the_spider_when_it_is_over(make_crawler: Any, run: Any) -> None:
    async def crawl() -> float:
        send(crawler, signals.spider_opened)
        await asyncio.gather(*crawler.engine.tasks)
        return asyncio.get_running_loop().time()

    crawler = make_crawler(CLOSESPIDER_TIMEOUT=90.5)
    extension = CloseSpider.from_crawler(crawler)

    assert run(crawl()) == 90.5
    assert extension.crawler.engine is not None
    assert crawler.engine.closed == ["closespider_timeout"]


def test_no_item_for_too_long_closes_the_spider(make_crawler: Any, run: Any) -> None:
    async def crawl() -> float:
        send(crawler, signals.spider_opened)
        await asyncio.sleep(7)
        send(crawler, signals.item_scraped)
        await asyncio.gather(*crawler.engine.tasks)
        return asyncio.get_running_loop().time()

    crawler = make_crawler(CLOSESPIDER_TIMEOUT_NO_ITEM=10)
    extension = CloseSpider.from_crawler(crawler)

    assert run(crawl()) == 20
    assert extension.items == 1
    assert crawler.engine.closed == ["closespider_timeout_no_item"]


def test_after_the_close_nothing_is_asked_for(make_crawler: Any) -> None:
    crawler = make_crawler(CLOSESPIDER_ITEMCOUNT=1)
    extension = CloseSpider.from_crawler(crawler)

    send(crawler, signals.spider_closed)
    send(crawler, signals.item_scraped)

    assert crawler.engine.closed == []
    assert extension.items == 1


def test_without_an_engine_nothing_happens(make_crawler: Any) -> None:
    crawler = make_crawler(CLOSESPIDER_ITEMCOUNT=1, CLOSESPIDER_TIMEOUT=1)
    crawler.engine = None
    extension = CloseSpider.from_crawler(crawler)

    send(crawler, signals.spider_opened)
    send(crawler, signals.item_scraped)

    assert extension.items == 1


def count_on(crawler: Any, before: CloseSpider) -> CloseSpider:
    """Build the extension as the next run of a job does that goes on."""
    extension = CloseSpider.from_crawler(crawler)
    extension.restore(before.snapshot())
    send(crawler, signals.spider_opened)
    return extension


def test_a_job_that_was_killed_counts_on_where_it_was(make_crawler: Any) -> None:
    first, second = make_crawler(CLOSESPIDER_ITEMCOUNT=5), make_crawler(CLOSESPIDER_ITEMCOUNT=5)
    killed = CloseSpider.from_crawler(first)
    send(first, signals.item_scraped, 3)

    extension = count_on(second, killed)
    send(second, signals.item_scraped)
    assert second.engine.closed == []
    send(second, signals.item_scraped)

    assert second.engine.closed == ["closespider_itemcount"]
    assert extension.items == 5
    assert isinstance(extension, Stateful)


@pytest.mark.parametrize(
    ("setting", "signal"),
    [
        ("CLOSESPIDER_ITEMCOUNT", signals.item_scraped),
        ("CLOSESPIDER_PAGECOUNT", signals.response_received),
        ("CLOSESPIDER_PAGECOUNT_NO_ITEM", signals.response_received),
        ("CLOSESPIDER_ERRORCOUNT", signals.spider_error),
    ],
)
def test_a_job_that_was_killed_behind_its_limit_ends_at_once(make_crawler: Any, setting: str, signal: Any) -> None:
    first, second = make_crawler(**{setting: 2}), make_crawler(**{setting: 2})
    killed = CloseSpider.from_crawler(first)
    send(first, signal, 2)

    count_on(second, killed)

    assert second.engine.closed == [setting.lower()]


def test_a_job_that_had_ended_by_a_limit_gets_a_further_helping(make_crawler: Any) -> None:
    first, second = make_crawler(CLOSESPIDER_ITEMCOUNT=2), make_crawler(CLOSESPIDER_ITEMCOUNT=2)
    ended = CloseSpider.from_crawler(first)
    send(first, signals.item_scraped, 2)
    second.job = SimpleNamespace(record=SimpleNamespace(state="ended"))

    extension = count_on(second, ended)
    send(second, signals.item_scraped)

    assert second.engine.closed == []
    assert extension.items == 1


class Pages(Spider):
    name = "pages"
    start_urls = [f"http://a/{number}" for number in range(12)]
    crashes_at = 0

    def parse(self, response: Any) -> Any:
        number = int(response.url.rpartition("/")[2])
        if number == self.crashes_at:
            raise SystemExit(1)
        yield {"number": number}


def runs_of(folder: Path, crashes_at: int = 0) -> list[int]:
    """Run a job in a folder, and return the items of all its runs until now."""
    handler = FakeHandler({None: "x"})
    handler_class = type(f"Handler{id(handler)}", (), {"from_crawler": classmethod(lambda cls, crawler: handler)})
    process = CrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"http": handler_class}, "CLOSESPIDER_ITEMCOUNT": 4, "CONCURRENT_REQUESTS": 1,
            "JOBDIR": str(folder / "job"), "FEEDS": {str(folder / "items.jsonl"): {"format": "jsonlines"}},
            "LOG_ENABLED": False, "PROGRESS": "off",
        },
        install_signal_handlers=False,
    )  # fmt: skip
    process.crawl(Pages, crashes_at=crashes_at)
    with suppress(SystemExit):
        process.start()
    assert process.errors == []
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["number"] for line in lines]


def test_the_limit_holds_for_all_runs_of_a_job_until_it_has_ended(tmp_path: Path) -> None:
    assert runs_of(tmp_path, crashes_at=2) == [0, 1]
    assert len(runs_of(tmp_path)) == 4
    assert len(runs_of(tmp_path)) == 8
