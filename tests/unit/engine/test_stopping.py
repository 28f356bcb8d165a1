"""How a crawl ends before its end: in good order, at once, by the process, by an output that fails. Nothing is lost."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.exceptions import ExportError
from framework.telemetry.stats import MemoryStatsCollector
from framework.testing.fakes import Page, RecordingSink
from framework.testing.virtualtime import virtual_now


class Collects(Spider):
    name = "collects"
    start_urls = [f"http://a/{number}" for number in range(1, 7)]

    def parse(self, response):
        yield {"page": response.text}


def slow(wait_s=10.0):
    return {f"http://a/{number}": Page(str(number), wait_s=wait_s) for number in range(1, 10)}


def after(seconds, action):
    async def during(crawler):
        await asyncio.sleep(seconds)
        action(crawler)

    return during


def test_a_graceful_stop_works_off_what_is_in_flight(crawl):
    done = crawl(Collects, slow(), during=after(5, lambda crawler: crawler.stop()), CONCURRENT_REQUESTS=2)

    assert sorted(item["page"] for item in done.items) == ["1", "2"]
    assert done.reason == "shutdown"
    assert (done.view.done, done.view.pending) == (2, 4)
    assert 10 <= done.lasted_s < 10.1


def test_a_graceful_stop_waits_for_callbacks_pipelines_and_nested_fetches(crawl):
    class Slow(Collects):
        async def parse(self, response):
            yield {"page": response.text}
            nested = await self.crawler.engine.download_async(Request("http://a/9"))
            yield {"nested": nested.text}

    class Pipeline:
        async def process_item(self, item):
            await asyncio.sleep(3)
            return item

    done = crawl(
        Slow,
        slow(),
        during=after(5, lambda crawler: crawler.stop()),
        CONCURRENT_REQUESTS=1,
        ITEM_PIPELINES={Pipeline: 1},
    )

    assert done.items == [{"page": "1"}, {"nested": "9"}]
    assert 23 <= done.lasted_s < 23.1


def test_a_stop_at_once_gives_up_what_is_in_flight_and_keeps_what_has_finished(crawl):
    pages = slow() | {"http://a/1": "1", "http://a/2": "2"}

    done = crawl(Collects, pages, during=after(5, lambda crawler: crawler.engine.stop_now()), CONCURRENT_REQUESTS=2)

    assert done.sink.written == [{"page": "1"}, {"page": "2"}]
    assert done.reason == "shutdown"
    assert (done.view.done, done.view.pending) == (2, 4)
    assert 5 <= done.lasted_s < 5.1


def test_a_stop_at_once_after_a_graceful_one_keeps_its_reason(crawl):
    async def during(crawler):
        await asyncio.sleep(1)
        crawler.engine.close_spider(reason="enough")
        await asyncio.sleep(1)
        crawler.engine.stop_now()
        crawler.engine.stop_now()

    done = crawl(Collects, slow(), during=during)

    assert done.reason == "enough"
    assert done.crawler.engine.is_cut_off
    assert 2 <= done.lasted_s < 2.1


def test_a_stop_at_once_reaches_visits_in_every_state(crawl):
    """Waiting in a hook, in a callback, in a pipeline, for a turn; and leased but not begun."""

    class Hangs(Collects):
        start_urls = [f"http://{host}/1" for host in ("hook", "callback", "pipeline", "turn", "wire")]

        async def parse(self, response):
            yield {"page": response.url}
            if "callback" in response.url:
                await asyncio.sleep(1000)
            if "turn" in response.url:
                await self.crawler.engine.download_async(Request("http://wire/2"))

    class Hook:
        async def process_request(self, request):
            if "hook" in request.url:
                await asyncio.sleep(1000)

    class Pipeline:
        async def process_item(self, item):
            if "pipeline" in item["page"]:
                await asyncio.sleep(1000)
            return item

    done = crawl(
        Hangs,
        {None: "ok", "http://wire/1": 1000.0},
        during=after(5, lambda crawler: crawler.engine.stop_now()),
        DOWNLOADER_MIDDLEWARES={Hook: 1},
        ITEM_PIPELINES={Pipeline: 1},
        CONCURRENT_REQUESTS_PER_DOMAIN=1,
    )

    assert done.view.pending == 5
    assert done.items == []


class BrokenStats(MemoryStatsCollector):
    def inc_value(self, key, *args, **kwargs):
        if key == "scheduler/dequeued":
            raise LookupError(key)
        super().inc_value(key, *args, **kwargs)


def test_leases_whose_tasks_never_began_go_back(crawl):
    done = crawl(Collects, slow(), raises=LookupError, STATS_CLASS=BrokenStats)

    assert done.reason == "failed"
    assert done.paths == []
    assert done.view.pending == done.view.offered > 0


def test_stop_during_start_keeps_what_it_has_yielded(crawl):
    class Starts(Spider):
        name = "starts"
        cleaned = []

        async def start(self):
            try:
                yield {"from": "start"}
                yield Request("http://a/1")
                await asyncio.sleep(1000)
            finally:
                await asyncio.sleep(2)
                self.cleaned.append(True)

        def parse(self, response):
            yield {"page": response.text}

    done = crawl(Starts, slow(0.0), during=after(5, lambda crawler: crawler.stop()))

    assert done.items == [{"page": "1"}, {"from": "start"}]
    assert Starts.cleaned == [True]
    assert done.reason == "shutdown"
    assert not done.crawler.engine.start_error


def test_stop_while_start_waits_for_the_backlog(crawl):
    done = crawl(
        Collects, slow(), during=after(5, lambda crawler: crawler.stop()), START_BACKLOG=1, CONCURRENT_REQUESTS=1
    )

    assert done.paths == ["1"]
    assert done.reason == "shutdown"


def test_stop_before_start_has_begun(crawl):
    class Early(Collects):
        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.opened, signals.spider_opened)
            return spider

        def opened(self):
            self.crawler.engine.close_spider(reason="not today")

    done = crawl(Early, slow())

    assert (done.reason, done.paths) == ("not today", [])


def test_stop_at_once_in_a_signal_of_the_beginning(crawl):
    class Early(Collects):
        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.opened, signals.engine_started)
            return spider

        def opened(self):
            self.crawler.engine.stop_now()

    done = crawl(Early, slow())

    assert (done.reason, done.paths) == ("shutdown", [])


def test_stopping_an_engine_that_does_not_run_only_notes_the_reason(crawl):
    done = crawl(Collects, slow(0.0))
    done.crawler.engine.stop_now()

    assert done.reason == "finished"
    assert not done.crawler.engine.is_cut_off


class Waits(RecordingSink):
    """Writes only when its server is back, unless the crawl is cut off meanwhile."""

    back_at_s = 1000

    def from_crawler(self, crawler):
        self.crawler = crawler
        return self

    async def write(self, cut):
        while virtual_now() < self.back_at_s:
            if self.crawler.engine.is_cut_off:
                raise ExportError("the server is away")
            await asyncio.sleep(0.5)
        await super().write(cut)


def test_a_stop_at_once_at_the_last_checkpoint_reaches_who_waits_there(crawl):
    done = crawl(
        Collects,
        slow(0.0),
        sink=Waits(),
        during=after(20, lambda crawler: crawler.engine.stop_now()),
        raises=ExportError,
    )

    assert 20 <= done.lasted_s < 21
    assert done.reason == "failed"
    assert done.crawler.has_failed
    assert done.sink.written == []


def test_a_stop_at_once_at_a_last_checkpoint_that_is_made_all_the_same_cuts_nothing_off(crawl):
    class Slow(RecordingSink):
        async def write(self, cut):
            await asyncio.sleep(30)
            await super().write(cut)

    async def during(crawler):
        await asyncio.sleep(10)
        crawler.stop()
        await asyncio.sleep(10)
        crawler.engine.stop_now()
        assert crawler.engine.is_cut_off

    done = crawl(Collects, slow(0.0), sink=Slow(), during=during)

    assert 30 <= done.lasted_s < 31
    assert done.reason == "finished"
    assert not done.crawler.has_failed
    assert len(done.sink.written) == 6


def test_a_cancelled_crawl_keeps_what_has_finished(crawl):
    pages = slow() | {"http://a/1": "1"}

    async def during(crawler):
        await asyncio.sleep(5)
        crawler.engine._main.cancel()

    done = crawl(Collects, pages, during=during, raises=asyncio.CancelledError, CONCURRENT_REQUESTS=2)

    assert done.sink.written == [{"page": "1"}]
    assert done.reason == "shutdown"
    assert (done.view.done, done.view.pending) == (1, 5)


def test_a_cancelled_crawl_that_was_stopped_at_once_too_is_cancelled(crawl):
    async def during(crawler):
        await asyncio.sleep(5)
        crawler.engine.stop_now()
        crawler.engine._main.cancel()

    done = crawl(Collects, slow(), during=during, raises=asyncio.CancelledError)

    assert isinstance(done.error, asyncio.CancelledError)


# -- the spider's code wants the process to end -----------------------------------------------------------------------


class Leaves(Collects):
    """Raises ``error`` where it is told to, when page 2 comes."""

    error: type[BaseException]
    where: str

    async def start(self):
        yield Request("http://a/1")
        await asyncio.sleep(5)
        self.leave("start")
        if self.where == "background":
            self.crawler.engine.spawn(self.leave_later(), "leave")
        yield Request("http://a/2")

    def leave(self, where):
        if where == self.where:
            raise self.error

    async def leave_later(self):
        self.leave("background")

    def parse(self, response):
        yield {"page": response.text}
        if response.text == "2":
            self.leave("callback")


class LeavingHooks:
    """The same in a downloader middleware, a pipeline and an extension."""

    def __init__(self, spider):
        self.spider = spider

    @classmethod
    def from_crawler(cls, crawler):
        self = cls(crawler.spider)
        crawler.signals.connect(self.idle, signals.spider_idle, weak=False)
        return self

    def idle(self):
        self.spider.leave("signal")

    def process_request(self, request):
        if request.url.endswith("2"):
            self.spider.leave("hook")

    def process_item(self, item):
        if item["page"] == "2":
            self.spider.leave("pipeline")
        return item


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["callback", "start", "hook", "background", "signal", "pipeline"])
def test_a_wish_to_exit_stops_at_once_saves_and_is_passed_on(crawl, error, where):
    done = crawl(
        type("Leaves", (Leaves,), {"error": error, "where": where}),
        {"http://a/1": "1", "http://a/2": Page("2", wait_s=1)},
        raises=(SystemExit, KeyboardInterrupt),
        DOWNLOADER_MIDDLEWARES={LeavingHooks: 1},
        ITEM_PIPELINES={LeavingHooks: 1},
        EXTENSIONS={LeavingHooks: 1},
    )

    assert isinstance(done.error, error)
    assert done.reason == "shutdown"
    assert done.crawler.engine.is_cut_off
    assert done.sink.written[:1] == [{"page": "1"}]
    assert done.view.done == (2 if where == "signal" else 1)
