"""The root visit: what start() may be, and what becomes of it."""

import asyncio

import pytest

from framework import Request, Spider
from framework.exceptions import CrawlError, DropItem
from framework.frontier.identity import ROOT_IDENTITY
from framework.testing.fakes import RecordingSink
from framework.testing.virtualtime import virtual_now

PAGES = {None: "x"}


class Base(Spider):
    name = "base"

    def parse(self, response):
        yield {"page": response.url}


def spider_with(start):
    return type("Some", (Base,), {"start": start})


async def asynchronous(self):
    yield Request("http://a/1")
    yield None
    yield {"n": 1}


def synchronous(self):
    yield Request("http://a/1")
    yield {"n": 1}


async def coroutine(self):
    await asyncio.sleep(1)
    return [Request("http://a/1"), {"n": 1}]


@pytest.mark.parametrize("start", [asynchronous, synchronous, coroutine])
def test_start_may_be_of_any_kind(crawl, start):
    done = crawl(spider_with(start), PAGES)

    assert done.items == [{"page": "http://a/1"}, {"n": 1}] or done.items == [{"n": 1}, {"page": "http://a/1"}]


@pytest.mark.parametrize("result", [None, []])
def test_start_may_give_nothing(crawl, result):
    done = crawl(spider_with(lambda self: result), PAGES)

    assert (done.reason, done.view.offered) == ("finished", 0)


def test_a_start_that_returns_something_else_is_told(crawl, caplog):
    done = crawl(spider_with(lambda self: 5), PAGES)

    assert done.crawler.has_failed
    assert "must be `async def start(self)` with `yield`, not return 5" in caplog.text


def test_what_is_neither_request_nor_item_is_told_and_costs_nothing_else(crawl, caplog):
    async def start(self):
        yield 5
        yield Request("http://a/1")

    done = crawl(spider_with(start), PAGES)

    assert done.stats["spider_exceptions/InvalidOutput"] == 1
    assert done.paths == ["1"]
    assert "start" in caplog.text


@pytest.mark.parametrize("error", [LookupError("in start"), asyncio.CancelledError(), BaseException("odd")])
def test_a_start_that_raises_keeps_what_it_gave_and_fails_the_crawl(crawl, error):
    async def start(self):
        yield {"n": 1}
        yield Request("http://a/1")
        raise error

    done = crawl(spider_with(start), PAGES)

    assert done.items == [{"page": "http://a/1"}, {"n": 1}] or done.items == [{"n": 1}, {"page": "http://a/1"}]
    assert done.crawler.engine.start_error is error
    assert done.crawler.has_failed


def test_a_start_that_raises_at_once_fails_the_crawl(crawl):
    def start(self):
        raise LookupError("at once")

    assert crawl(spider_with(start), PAGES).crawler.has_failed


def test_a_start_that_yields_very_much_lets_others_run(crawl):
    order = []

    class Many(Base):
        async def start(self):
            for number in range(300):
                yield Request(f"http://a/{number}")
            order.append("start ends")

        def parse(self, response):
            order.append("page")

    done = crawl(Many, PAGES)

    assert done.view.done == 300
    assert order.index("page") < order.index("start ends")


def test_a_start_that_turns_its_end_into_an_error_is_told(crawl):
    class Stubborn(Base):
        async def start(self):
            yield {"n": 1}
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                raise LookupError("interrupted") from None

    async def during(crawler):
        await asyncio.sleep(1)
        crawler.stop()

    done = crawl(Stubborn, PAGES, during=during)

    assert done.items == [{"n": 1}]
    assert isinstance(done.crawler.engine.start_error, LookupError)


def test_a_generator_of_the_spiders_is_closed_when_a_middleware_breaks_it_off(crawl):
    closed = []

    class Closes(Base):
        async def start(self):
            try:
                yield Request("http://a/1")
                yield Request("http://a/2")
            finally:
                await asyncio.sleep(1)
                closed.append(True)

    class Breaks:
        async def process_start(self, start):
            async for element in start:
                yield element
                raise LookupError

    done = crawl(Closes, PAGES, SPIDER_MIDDLEWARES={Breaks: 1})

    assert closed == [True]
    assert done.paths == ["1"]


def test_a_start_that_was_stopped_before_it_began_reads_nothing(crawl):
    class Stops(Base):
        async def start(self):
            yield Request("http://a/1")

        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            from framework import signals

            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.opened, signals.spider_opened)
            return spider

        def opened(self):
            # The loop of leases ends before the first task has run.
            engine = self.crawler.engine

            async def ends(tasks):
                engine.close_spider(reason="at once")

            engine._lease_until_exhausted = ends

    done = crawl(Stops, PAGES)

    assert (done.reason, done.paths) == ("at once", [])


# -- very many items, or few in a long time ---------------------------------------------------------------------------


class Watched(RecordingSink):
    """Notes how many items came at which time."""

    def __init__(self):
        super().__init__()
        self.handed = []

    def hand(self, identity, items):
        super().hand(identity, items)
        self.handed.append((round(virtual_now()), len(items)))


def numbers(count, first=0):
    return [{"n": n} for n in range(first, first + count)]


def test_the_items_of_a_start_do_not_wait_for_its_end(crawl):
    async def start(self):
        for item in numbers(3):
            yield item
            await asyncio.sleep(100)
        for item in numbers(4500, 3):
            yield item

    done = crawl(spider_with(start), PAGES, sink=(sink := Watched()))

    assert sink.handed == [(1, 1), (101, 1), (201, 1), (300, 2000), (300, 2000), (300, 500)]
    assert done.items == numbers(4503)
    assert {identity for identity, _ in sink.visits} == {ROOT_IDENTITY}
    assert [position for _, handed in sink.visits for position, _ in handed] == list(range(4503))


class Slow:
    """A pipeline that takes its time."""

    async def process_item(self, item):
        await asyncio.sleep(item.get("wait", 5))
        return item


def test_a_start_waits_for_slow_pipelines_and_its_items_for_each_other(crawl):
    async def start(self):
        for item in numbers(6):
            yield item
            await asyncio.sleep(2)
        for item in numbers(3000, 6):
            yield item | {"wait": 0.1}

    sink = Watched()
    done = crawl(spider_with(start), PAGES, sink=sink, ITEM_PIPELINES={Slow: 1}, CONCURRENT_ITEMS=1000)

    # The first is under way from 1 s to 6 s; what came meanwhile goes together.
    assert sink.handed[:2] == [(6, 1), (12, 3)]
    assert [item["n"] for item in done.items] == list(range(3006))


@pytest.mark.parametrize("stop_at_s", [0.5, 2, 4])
def test_a_start_that_is_stopped_delivers_what_is_under_way(crawl, stop_at_s):
    async def start(self):
        for item in numbers(2500):
            yield item
        await asyncio.sleep(1000)

    async def during(crawler):
        await asyncio.sleep(stop_at_s)
        crawler.engine.close_spider(crawler.spider, "enough")

    sink = Watched()
    done = crawl(
        spider_with(start), PAGES, sink=sink, during=during, ITEM_PIPELINES={Slow: 1},
        CONCURRENT_ITEMS=5000,
    )  # fmt: skip

    assert done.reason == "enough"
    assert done.lasted_s < 100
    # Stopped while it waits for the pipelines, the generator is closed where it is.
    assert done.items == numbers(2000)


def test_no_checkpoint_follows_when_a_delivery_was_broken_off(crawl):
    async def start(self):
        yield {"n": 1}
        await asyncio.sleep(10)
        yield {"n": 2}

    class Broken(RecordingSink):
        def hand(self, identity, items):
            super().hand(identity, items)
            raise Odd

    class Odd(BaseException):
        pass

    sink = Broken()
    done = crawl(spider_with(start), PAGES, sink=sink, raises=(Odd, CrawlError))

    assert done.error is not None
    assert sink.written == []


class Drops:
    """A pipeline that takes nothing."""

    def process_item(self, item):
        raise DropItem("no")


def test_items_of_a_start_that_are_all_dropped_are_skipped_by_a_later_run_too(crawl):
    async def start(self):
        for item in numbers(2000):
            yield item
        await asyncio.sleep(10)

    leases = []

    async def during(crawler):
        await asyncio.sleep(5)
        leases.append(crawler.engine._parts.frontier._ledger.start_delivered)

    done = crawl(spider_with(start), PAGES, during=during, ITEM_PIPELINES={Drops: 1})

    assert leases == [2000]
    assert done.items == []
    assert done.stats["item_dropped_count"] == 2000


@pytest.mark.parametrize("is_stopped_first", [True, False])
def test_a_crawl_that_is_cut_off_leaves_no_delivery_behind(crawl, is_stopped_first):
    async def start(self):
        yield {"n": 1, "wait": 1000}
        await asyncio.sleep(5000)

    async def during(crawler):
        await asyncio.sleep(5)
        if is_stopped_first:
            crawler.stop()
            await asyncio.sleep(5)
        crawler.engine.stop_now()

    done = crawl(spider_with(start), PAGES, during=during, ITEM_PIPELINES={Slow: 1})

    assert done.items == []
    assert done.lasted_s < 100
