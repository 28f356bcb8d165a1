"""The loop: signals, idleness, background tasks, requests from outside, and the figures at the end."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.exceptions import CloseSpider, DontCloseSpider, IgnoreRequest
from framework.testing.fakes import Page

PAGES = {f"http://a/{path}": path for path in "123456"}


class Collects(Spider):
    """Gives an item a page."""

    name = "collects"
    start_urls = ["http://a/1"]

    def parse(self, response):
        yield {"page": response.text}


class Listens(Collects):
    """Notes the signals it hears; ``heard`` is the class's own."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.heard = []

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        for name in cls.listens_to:
            crawler.signals.connect(spider.note(name), getattr(signals, name), weak=False)
        return spider

    def note(self, name):
        def heard(**arguments):
            self.heard.append((name, arguments))
            return self.on(name, arguments)

        return heard

    def on(self, name, arguments):
        pass


def test_signals_come_in_their_order_with_their_arguments(crawl):
    class All(Listens):
        listens_to = (
            "engine_started",
            "spider_opened",
            "request_scheduled",
            "request_reached_downloader",
            "response_downloaded",
            "request_left_downloader",
            "response_received",
            "item_scraped",
            "spider_idle",
            "spider_closed",
            "engine_stopped",
        )

    done = crawl(All, PAGES)

    assert [name for name, _ in All.heard] == list(All.listens_to)
    arguments = dict(All.heard)
    for name in All.listens_to:
        declared = set(getattr(signals, name).arguments)
        assert declared <= set(arguments[name]), name
    assert arguments["spider_closed"]["reason"] == "finished"
    assert arguments["item_scraped"]["item"] == {"page": "1"}
    assert arguments["response_received"]["request"].url == "http://a/1"
    assert done.reason == "finished"


def test_request_dropped_tells_of_what_was_refused(crawl):
    class Twice(Listens):
        listens_to = ("request_dropped", "request_scheduled")

        async def start(self):
            yield Request("http://a/1")
            yield Request("http://a/1")
            yield Request("gopher://a/")

    done = crawl(Twice, PAGES)

    dropped = [arguments["request"].url for name, arguments in Twice.heard if name == "request_dropped"]
    assert dropped == ["http://a/1", "gopher://a/"]
    assert done.stats["dupefilter/filtered"] == 1
    assert done.stats["refused/duplicate"] == 1
    assert done.stats["refused/scheme"] == 1


def test_a_handler_of_request_scheduled_may_drop_a_request(crawl):
    class Picky(Listens):
        listens_to = ("request_scheduled",)
        start_urls = ["http://a/1", "http://a/2"]

        def on(self, name, arguments):
            if arguments["request"].url.endswith("1"):
                raise IgnoreRequest

    done = crawl(Picky, PAGES)

    assert done.paths == ["2"]
    assert done.stats["refused/dropped by a signal handler"] == 1
    assert done.view.offered == 1


def test_stats_keys(crawl):
    class Links(Collects):
        def parse(self, response):
            yield {"page": response.text}
            yield Request("http://a/1")
            if response.text == "1":
                yield Request("http://a/2")

    stats = crawl(Links, PAGES).stats

    assert stats["scheduler/enqueued"] == 3  # the first one came from start(), unfiltered
    assert stats["scheduler/dequeued"] == 3
    assert stats["response_received_count"] == 3
    assert stats["item_scraped_count"] == 3
    assert stats["dupefilter/filtered"] == 3


# -- idle -------------------------------------------------------------------------------------------------------------


class Idles(Listens):
    listens_to = ("spider_idle",)

    def on(self, name, arguments):
        count = len(self.heard)
        if count < 3:
            self.crawler.engine.crawl(Request(f"http://a/{count + 1}"))
            raise DontCloseSpider


def test_an_idle_handler_may_add_requests_without_losing_time(crawl):
    class Adds(Idles):
        pass

    done = crawl(Adds, PAGES)

    assert done.items == [{"page": "1"}, {"page": "2"}, {"page": "3"}]
    assert len(Adds.heard) == 3
    assert done.lasted_s < 1


def test_an_idle_handler_need_not_raise_when_it_adds_requests(crawl):
    class Adds(Idles):
        def on(self, name, arguments):
            self.crawler.engine.crawl(Request("http://a/2"))

    assert crawl(Adds, PAGES).items == [{"page": "1"}, {"page": "2"}]


def test_a_crawl_that_is_kept_open_is_asked_again_every_five_seconds(crawl):
    class Waits(Idles):
        def on(self, name, arguments):
            if len(self.heard) < 4:
                self.crawler.engine.crawl(Request("http://a/1", priority=1))  # known since the second time
                raise DontCloseSpider

    done = crawl(Waits, PAGES)

    assert len(Waits.heard) == 4
    assert 10 <= done.lasted_s <= 15.1


def test_a_request_from_outside_ends_the_wait_of_an_idle_crawl_at_once(crawl):
    class Waits(Idles):
        def on(self, name, arguments):
            if len(self.heard) == 1:
                raise DontCloseSpider

    async def during(crawler):
        await asyncio.sleep(2)
        crawler.engine.crawl(Request("http://a/2"))

    done = crawl(Waits, PAGES, during=during)

    assert done.sent_at("2") == [2.0]
    assert done.lasted_s < 2.1


def test_closing_ends_the_wait_of_an_idle_crawl_at_once(crawl):
    class Waits(Idles):
        def on(self, name, arguments):
            raise DontCloseSpider

    async def during(crawler):
        await asyncio.sleep(2)
        crawler.stop()

    done = crawl(Waits, PAGES, during=during)

    assert done.reason == "shutdown"
    assert done.lasted_s < 2.1


@pytest.mark.parametrize("keeps_open", [False, True])
def test_an_idle_handler_may_close_the_spider_with_a_reason(crawl, keeps_open):
    class Closes(Idles):
        listens_to = ("spider_idle", "spider_idle") if keeps_open else ("spider_idle",)

        def on(self, name, arguments):
            if len(self.heard) == 1:
                raise CloseSpider("nothing left")
            raise DontCloseSpider

    assert crawl(Closes, PAGES).reason == "nothing left"


def test_an_idle_handler_that_breaks_ends_nothing(crawl, caplog):
    class Breaks(Idles):
        def on(self, name, arguments):
            raise LookupError("idle")

    assert crawl(Breaks, PAGES).reason == "finished"
    assert "LookupError" in caplog.text


def test_scheduler_empty_comes_when_more_could_be_sent_than_there_is(crawl):
    class Lazy(Listens):
        listens_to = ("scheduler_empty",)

        async def start(self):
            for number in range(1, 4):
                if self.crawler.engine.needs_backout():
                    await self.crawler.signals.wait_for(signals.scheduler_empty)
                yield Request(f"http://a/{number}")
                await asyncio.sleep(0.1)

    done = crawl(Lazy, {url: Page(body, wait_s=10) for url, body in PAGES.items()}, CONCURRENT_REQUESTS=1)

    assert Lazy.heard
    assert done.sent_at("2") == [10.0]


# -- requests and tasks from outside ----------------------------------------------------------------------------------


def test_crawl_takes_requests_only(crawl):
    class Wrong(Collects):
        def parse(self, response):
            with pytest.raises(TypeError, match=r"engine\.crawl takes a Request, not 'http://a/2'"):
                self.crawler.engine.crawl("http://a/2")
            yield {"n": 1}

    assert crawl(Wrong, PAGES).items == [{"n": 1}]


def test_before_and_after_the_crawl_the_engine_refuses_work(crawl):
    ran = []

    async def task():
        ran.append(True)

    class Early:
        @classmethod
        def from_crawler(cls, crawler):
            crawler.signals.connect(cls.closed, signals.engine_stopped, weak=False)
            cls.crawler = crawler
            return cls()

        @classmethod
        def closed(cls):
            engine = cls.crawler.engine
            assert not engine.is_running
            with pytest.raises(RuntimeError, match="cannot crawl <GET http://a/2>"):
                engine.crawl(Request("http://a/2"))
            with pytest.raises(RuntimeError, match="cannot run 'late'"):
                engine.spawn(task(), "late")
            ran.append("closed")

    crawl(Collects, PAGES, EXTENSIONS={Early: 1})

    assert ran == ["closed"]


def test_a_background_task_runs_beside_the_crawl_and_ends_with_it(crawl, caplog):
    seen = []

    class Spawns(Collects):
        async def start(self):
            self.crawler.engine.spawn(self.beats(), "beats")
            self.crawler.engine.spawn(self.breaks(), "breaks")
            yield Request("http://a/1")

        async def beats(self):
            try:
                while True:
                    await asyncio.sleep(1)
                    seen.append(self.crawler.engine.in_flight)
            except asyncio.CancelledError:
                with pytest.raises(RuntimeError, match="the crawl is not running"):
                    self.crawler.engine.spawn(self.beats(), "another one")
                with pytest.raises(RuntimeError, match="the crawl is not running"):
                    self.crawler.engine.crawl(Request("http://a/5"))
                seen.append("cancelled")
                raise

        async def breaks(self):
            raise LookupError("in the background")

    done = crawl(Spawns, {"http://a/1": Page("1", wait_s=3.5)})

    assert seen == [1, 1, 1, "cancelled"]
    assert "The background task 'breaks' failed" in caplog.text
    assert done.reason == "finished"


def test_what_is_asked_from_outside_is_counted_like_everything(crawl):
    async def during(crawler):
        await asyncio.sleep(1)
        engine = crawler.engine
        assert engine.is_running
        assert engine.view().leased == 1
        engine.crawl(Request("http://a/2"))
        engine.crawl(Request("http://a/2"))

    done = crawl(Collects, {**PAGES, "http://a/1": Page("1", wait_s=3)}, during=during)

    assert done.items == [{"page": "2"}, {"page": "1"}]
    assert done.stats["scheduler/enqueued"] == 2


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_broken_frontier_ends_the_crawl_with_its_error(crawl):
    class Breaks(Collects):
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            yield {"page": response.text}
            if response.text == "2":
                frontier = self.crawler.engine._parts.frontier
                frontier.finish = lambda *args: (_ for _ in ()).throw(OSError("frontier is gone"))

    done = crawl(Breaks, PAGES, raises=OSError, CONCURRENT_REQUESTS=1)

    assert str(done.error) == "frontier is gone"
    assert done.reason == "failed"
    assert [item["page"] for item in done.sink.items] == ["1", "2"]
    assert done.sink.written == []  # its item would come again: the visit has not ended


def test_an_internal_error_ends_only_its_visit(crawl, caplog):
    class Trips(Collects):
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            if response.text == "1":
                parts = self.crawler.engine._parts
                process = parts.items.process

                async def breaks(items, response):
                    parts.items.process = process
                    raise LookupError("a defect")

                parts.items.process = breaks
            yield {"page": response.text}

    done = crawl(Trips, PAGES, CONCURRENT_REQUESTS=1)

    assert done.items == [{"page": "2"}]
    assert (done.view.failed, done.view.done) == (1, 1)
    assert "Internal error on <Lease <GET http://a/1> attempt 1>" in caplog.text
