"""The items of a visit on their way through the pipelines."""

import asyncio
import tempfile

import pytest

from framework import Request, Spider, signals
from framework.engine.spool import ItemSpool
from framework.exceptions import DropItem
from framework.testing.fakes import RecordingSink

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


# -- very many items of one page --------------------------------------------------------------------------------------


class Many(Spider):
    name = "many"
    start_urls = ["http://a/1"]
    count = 3000

    def parse(self, response):
        for number in range(self.count):
            yield {"n": number}


class Halves:
    def process_item(self, item):
        if item["n"] % 2:
            raise DropItem("odd")
        return {**item, "live": LIVE} if item["n"] % 4 else item


class HalvesSlowly(Halves):
    most = at_once = 0

    async def process_item(self, item):
        cls = type(self)
        cls.at_once += 1
        cls.most = max(cls.most, cls.at_once)
        await asyncio.sleep(1)
        cls.at_once -= 1
        return Halves.process_item(self, item)


LIVE = object()


@pytest.mark.parametrize("pipeline", [None, Halves, HalvesSlowly])
def test_very_many_items_pass_by_way_of_the_disk_and_come_in_one_step(crawl, pipeline):
    taken = []

    class Looks(RecordingSink):
        def hand(self, identity, items):
            taken.append(type(items))
            super().hand(identity, items)

    settings = {"ITEM_PIPELINES": {pipeline: 1}} if pipeline else {}
    done = crawl(Many, PAGES, sink=Looks(), **settings)

    step = 2 if pipeline else 1
    ((_, handed),) = done.sink.visits
    assert [position for position, _ in handed] == list(range(0, 3000, step))
    assert [item["n"] for _, item in handed] == list(range(0, 3000, step))
    assert all(("live" in item) == bool(pipeline and item["n"] % 4) for _, item in handed)
    assert all(item.get("live", LIVE) is LIVE for _, item in handed)
    assert taken == [ItemSpool]
    assert done.stats["item_scraped_count"] == 3000 // step
    assert HalvesSlowly.most <= 100


@pytest.mark.parametrize("count", [100, 1001])
def test_not_so_many_items_stay_in_memory(crawl, monkeypatch, count):
    monkeypatch.setattr("tempfile.TemporaryFile", None)

    done = crawl(type("Some", (Many,), {"count": count}), PAGES)

    assert len(done.items) == count


def test_a_callback_that_raises_keeps_very_many_items_too(crawl):
    class Raises(Many):
        async def parse(self, response):
            for number in range(3000):
                yield {"n": number}
            raise LookupError("at last")

    done = crawl(Raises, PAGES)

    assert [item["n"] for item in done.items] == list(range(3000))
    assert done.view.failed == 1


def test_very_many_items_wait_for_what_rides_on_their_page(crawl):
    class Parent(Many):
        def parse(self, response):
            yield from super().parse(response)
            yield Request("http://a/2", callback=lambda response: {"n": "rider"})

    done = crawl(Parent, PAGES)

    assert [item["n"] for item in done.items] == ["rider", *range(3000)]


def test_the_disk_that_very_many_items_are_on_is_that_of_the_job(crawl, tmp_path, monkeypatch):
    folders, make = [], tempfile.TemporaryFile

    def noted(**arguments):
        folders.append(arguments["dir"])
        return make(**arguments)

    monkeypatch.setattr("tempfile.TemporaryFile", noted)
    big = type("Big", (Many,), {"parse": lambda self, response: ({"n": n, "text": "x" * 200} for n in range(1500))})
    crawl(big, PAGES, JOBDIR=str(tmp_path / "job"))
    crawl(big, PAGES)

    assert folders == [tmp_path / "job", tmp_path / "job", None, None]


def test_an_item_whose_fields_cannot_be_counted_is_kept(crawl, caplog):
    class Shy(dict):
        def items(self):
            raise LookupError("not for you")

    class Wraps:
        def process_item(self, item):
            return Shy(item)

    done = crawl(Several, PAGES, ITEM_PIPELINES={Wraps: 1})

    assert [item["n"] for item in done.sink.items] == [0, 1, 2, 3]
    assert done.view.failed == 0
    [told] = [record.message for record in caplog.records if "cannot be counted" in record.message]
    assert "LookupError" in caplog.text
    assert "a Shy" in told
