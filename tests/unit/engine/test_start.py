"""The root visit: what start() may be, and what becomes of it."""

import asyncio

import pytest

from framework import Request, Spider

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
