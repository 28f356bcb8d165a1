"""The items of a visit on their way through the pipelines."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.exceptions import DropItem

PAGES = {None: "x"}


class Several(Spider):
    name = "several"
    start_urls = ["http://a/1"]
    count = 4
    heard: list

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.heard = []
        for name in ("item_scraped", "item_dropped", "item_error"):
            crawler.signals.connect(spider.note(name), getattr(signals, name), weak=False)
        return spider

    def note(self, name):
        return lambda **arguments: self.heard.append((name, arguments))

    def parse(self, response):
        for number in range(self.count):
            yield {"n": number}


class Plain:
    def process_item(self, item):
        return {**item, "plain": True}


class Slow:
    """Takes the longer the earlier an item is."""

    def __init__(self):
        Slow.at_once = Slow.most = 0

    async def process_item(self, item, spider):
        Slow.at_once += 1
        Slow.most = max(Slow.most, Slow.at_once)
        await asyncio.sleep(10 - item["n"])
        Slow.at_once -= 1
        return item


class Picky:
    def process_item(self, item):
        if item["n"] == 1:
            raise DropItem("not this one")
        if item["n"] == 2:
            raise LookupError("broken")
        return item


class PickyAsync(Picky):
    async def process_item(self, item):
        return super().process_item(item)


def test_items_keep_their_order_however_long_pipelines_take(crawl):
    done = crawl(Several, PAGES, ITEM_PIPELINES={Plain: 1, Slow: 2})

    assert done.items == [{"n": number, "plain": True} for number in range(4)]
    assert Slow.most == 4


def test_no_more_items_of_one_visit_are_in_pipelines_than_the_setting_says(crawl):
    done = crawl(Several, PAGES, ITEM_PIPELINES={Slow: 2}, CONCURRENT_ITEMS=2)

    assert len(done.items) == 4
    assert Slow.most == 2


@pytest.mark.parametrize("pipeline", [Picky, PickyAsync])
def test_a_dropped_or_broken_item_leaves_a_gap(crawl, caplog, pipeline):
    done = crawl(Several, PAGES, ITEM_PIPELINES={pipeline: 1})

    assert done.sink.visits[0][1] == [(0, {"n": 0}), (3, {"n": 3})]
    stats = done.stats
    assert stats["item_scraped_count"] == 2
    assert stats["item_dropped_count"] == 1
    assert stats["item_dropped_reasons_count/DropItem"] == 1
    assert stats["item_error_count"] == 1
    assert "not this one" in caplog.text
    assert "A pipeline failed on an item of <200 http://a/1>, which is lost: {'n': 2}" in caplog.text
    heard = [(name, arguments["item"]) for name, arguments in done.crawler.spider.heard]
    assert sorted(heard, key=str) == sorted(
        [
            ("item_scraped", {"n": 0}),
            ("item_dropped", {"n": 1}),
            ("item_error", {"n": 2}),
            ("item_scraped", {"n": 3}),
        ],
        key=str,
    )


@pytest.mark.parametrize("error", [asyncio.CancelledError, type("Odd", (BaseException,), {})])
def test_a_pipeline_that_raises_what_is_no_exception_loses_one_item(crawl, error):
    class Odd:
        async def process_item(self, item):
            if item["n"] == 1:
                raise error
            return item

    done = crawl(Several, PAGES, ITEM_PIPELINES={Odd: 1})

    assert [item["n"] for item in done.items] == [0, 2, 3]
    assert done.stats["item_error_count"] == 1


@pytest.mark.parametrize("level", ["DEBUG", 10, "NONSENSE", None])
def test_the_level_of_a_dropped_items_line_is_its_exceptions(crawl, caplog, level):
    class Drops:
        def process_item(self, item):
            raise DropItem("away", log_level=level)

    crawl(Several, PAGES, ITEM_PIPELINES={Drops: 1})

    lines = [record.levelname for record in caplog.records if "away" in record.getMessage()]
    assert lines == ([] if level in ("DEBUG", 10) else ["WARNING"] * 4)


def test_each_item_is_told_at_debug_level(crawl, caplog):
    caplog.set_level("DEBUG", logger="framework.engine.items")

    class FromStart(Several):
        async def start(self):
            yield {"n": "start"}
            yield Request("http://a/1")

    crawl(FromStart, PAGES, is_debug=True)

    assert "Scraped from <200 http://a/1>: {'n': 3}" in caplog.text
    assert "Scraped from start(): {'n': 'start'}" in caplog.text


def test_the_setting_says_how_loudly_dropped_items_are_told(crawl, caplog):
    crawl(Several, PAGES, ITEM_PIPELINES={Picky: 1}, DEFAULT_DROPITEM_LOG_LEVEL="ERROR")

    assert [r.levelname for r in caplog.records if "not this one" in r.message] == ["ERROR"]
