"""How a crawl ends before its end: in good order, at once, by the process, by an output that fails. Nothing is lost."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.exceptions import CloseSpider, ExportError
from framework.telemetry.stats import MemoryStatsCollector
from framework.testing.fakes import FakeHandler, Page, RecordingSink


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


# -- outputs ----------------------------------------------------------------------------------------------------------


def test_a_checkpoint_hands_seals_and_writes_in_this_order(crawl):
    done = crawl(Collects, slow(), CHECKPOINT_INTERVAL=15, CONCURRENT_REQUESTS=3, CONCURRENT_REQUESTS_PER_DOMAIN=3)

    assert done.sink.calls == [
        "open",
        *["hand"] * 3,  # at 10 s
        *["seal", "write"],  # at 15 s
        *["hand"] * 3,  # at 20 s
        *["seal", "write"],  # at the end
        "close",
    ]


def test_items_and_fate_come_in_one_step(crawl):
    seen = []

    class Watches(RecordingSink):
        def from_crawler(self, crawler):
            self.crawler = crawler
            return self

        def seal(self):
            seen.append((len(self.items), self.crawler.engine.view().done))
            return super().seal()

    crawl(Collects, slow(), sink=Watches(), CHECKPOINT_INTERVAL=0.5, CONCURRENT_REQUESTS=1, START_BACKLOG=1)

    assert seen[-1] == (6, 6)
    assert all(items == done for items, done in seen)


@pytest.mark.parametrize("error", [ExportError("the disk is full"), OSError("broken")])
@pytest.mark.parametrize("call", ["write", "seal"])
def test_an_output_that_cannot_be_written_ends_the_crawl_with_its_error(crawl, error, call):
    sink = RecordingSink()
    sink.errors[call] = error

    done = crawl(Collects, slow(), sink=sink, raises=type(error), CHECKPOINT_INTERVAL=15, CONCURRENT_REQUESTS=2)

    assert done.error is error
    assert done.reason == "failed"
    assert 15 <= done.lasted_s < 15.1
    assert done.view.pending == 4
    assert done.sink.calls.count(call) == 1


def test_an_output_that_fails_at_the_last_checkpoint_fails_the_crawl(crawl):
    sink = RecordingSink()
    sink.errors["write"] = ExportError("the disk is full")

    done = crawl(Collects, slow(0.0), sink=sink, raises=ExportError)

    assert (done.reason, done.view.done) == ("failed", 6)


def test_an_output_that_fails_after_another_failure_is_told(crawl, caplog):
    sink = RecordingSink()
    sink.errors["write"] = ExportError("the disk is full")

    done = crawl(Collects, slow(), sink=sink, raises=LookupError, STATS_CLASS=BrokenStats)

    assert isinstance(done.error, LookupError)
    assert "The last checkpoint could not be made" in caplog.text
    assert "the disk is full" in caplog.text


def test_a_sink_that_does_not_take_items_loses_only_its_own(crawl, caplog):
    deaf, other = RecordingSink(), RecordingSink()
    deaf.name = "deaf"
    deaf.errors["hand"] = LookupError("no")

    done = crawl(Collects, slow(0.0), sink=other, sinks=[deaf])

    assert len(done.items) == 6
    assert deaf.items == []
    assert "deaf did not take the items of <Lease <GET http://a/1> attempt 1>: no" in caplog.text
    assert done.view.done == 6


def test_leasing_stops_while_too_much_is_unsealed_and_goes_on_after_the_checkpoint(crawl):
    done = crawl(
        Collects,
        slow(0.0),
        UNSEALED_MAX=1,
        CONCURRENT_REQUESTS=1,
        CHECKPOINT_INTERVAL=10,
    )

    times = [round(sent.at) for sent in done.handler.sent]
    assert len(done.items) == 6
    assert times == sorted(times)
    assert times[-1] >= 20
    assert len(set(times)) >= 3


def test_a_slow_output_holds_back_leasing_until_it_has_written(crawl):
    class Slow(RecordingSink):
        async def write(self, cut):
            await asyncio.sleep(100)
            await super().write(cut)

    done = crawl(Collects, slow(0.0), sink=Slow(), UNSEALED_MAX=2, CONCURRENT_REQUESTS=1, CHECKPOINT_INTERVAL=10)

    times = [round(sent.at, -1) for sent in done.handler.sent]
    assert times == [0, 0, 0, 110, 110, 110] or times[3] >= 110
    assert len(done.items) == 6


def test_a_checkpoint_that_is_under_way_at_the_end_is_made_to_its_end(crawl):
    written = []

    class Slow(RecordingSink):
        async def write(self, cut):
            await asyncio.sleep(7)
            written.append(cut)
            await super().write(cut)

    done = crawl(Collects, slow(), sink=Slow(), CHECKPOINT_INTERVAL=15, CONCURRENT_REQUESTS=3)

    assert written == sorted(written)
    assert written[-1] == 6
    assert done.sink.calls.count("seal") == len(written)


@pytest.mark.parametrize("stop", ["stop_now", "cancel"])
def test_a_stop_at_once_lets_a_checkpoint_end(crawl, stop):
    written = []

    class Slow(RecordingSink):
        async def write(self, cut):
            await asyncio.sleep(7)
            written.append(cut)
            await super().write(cut)

    def act(crawler):
        if stop == "stop_now":
            crawler.engine.stop_now()
        else:
            crawler.engine._main.cancel()

    done = crawl(
        Collects,
        slow(),
        sink=Slow(),
        during=after(18, act),
        raises=asyncio.CancelledError,
        CHECKPOINT_INTERVAL=15,
        CONCURRENT_REQUESTS=3,
    )

    assert written == [3, 3]
    assert (done.view.done, done.view.pending) == (3, 3)


def test_closing_twice_and_late_changes_nothing(crawl):
    class Closes(Collects):
        def parse(self, response):
            yield {"page": response.text}
            raise CloseSpider(response.text)

    handler = FakeHandler(slow(1.0))

    done = crawl(Closes, handler=handler, CONCURRENT_REQUESTS=3)

    assert done.reason == "1"
    assert len(done.items) == 3
