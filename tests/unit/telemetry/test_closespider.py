from __future__ import annotations

import asyncio
from typing import Any

import pytest

from framework import signals
from framework.exceptions import NotConfigured
from framework.telemetry.closespider import CloseSpider


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
