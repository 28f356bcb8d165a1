"""Checkpoints: items and fates become durable together, in order, and a stop interrupts none of them."""

import asyncio

import pytest

from framework import Spider
from framework.crawler import Crawler
from framework.exceptions import CloseSpider, CrawlError, ExportError, PluginError
from framework.frontier.local import LocalFrontier
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


class BrokenStats(MemoryStatsCollector):
    def inc_value(self, key, *args, **kwargs):
        if key == "scheduler/dequeued":
            raise LookupError(key)
        super().inc_value(key, *args, **kwargs)


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


def test_a_sink_that_does_not_take_items_loses_only_its_own_and_fails_the_crawl(crawl, caplog):
    deaf, other = RecordingSink(), RecordingSink()
    deaf.name = "deaf"
    deaf.errors["hand"] = LookupError("no")

    done = crawl(Collects, slow(0.0), sink=other, sinks=[deaf])

    assert len(done.items) == 6
    assert deaf.items == []
    assert (
        "deaf did not take the items of <Lease <GET http://a/1> attempt 1>, 1 of which are lost to it: no"
        in caplog.text
    )
    assert done.view.done == 6
    assert done.stats["item_lost_count"] == 6
    assert done.reason == "finished"
    assert done.crawler.has_failed


def test_two_sinks_of_one_name_are_refused_before_anything_is_opened(run):
    class First(RecordingSink):
        opened = []

        @classmethod
        def from_crawler(cls, crawler):
            return cls()

        async def open(self, cut):
            self.opened.append(self)

    class Second(First):
        pass

    crawler = Crawler(Collects, {"ITEM_PIPELINES": {First: 1, Second: 2}})

    with pytest.raises(PluginError, match=r"two sinks are called 'recording' \(.*First and .*Second\).*another 'name'"):
        run(crawler.crawl())

    assert First.opened == []


def test_a_visit_that_the_frontier_has_lost_ends_the_crawl_before_its_items_are_written(crawl, monkeypatch):
    async def prepare(frontier, group):
        return [lease for lease, *_ in group.visits][:1]

    monkeypatch.setattr(LocalFrontier, "prepare", prepare)

    done = crawl(Collects, slow(), raises=CrawlError, CHECKPOINT_INTERVAL=15, CONCURRENT_REQUESTS=2)

    assert "another worker has taken over" in str(done.error)
    assert done.reason == "failed"
    assert len(done.sink.items) == 2
    assert done.sink.written == []
    assert done.view.pending == 4


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
    assert times == [0, 0, 110, 110, 110, 220]  # start() is one of the visits that no checkpoint has stored
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


def test_a_checkpoint_is_made_to_its_end_however_often_it_is_cancelled(crawl):
    """Once as the crawl is over, a second time by a stop at once, a third time by whoever runs the crawl."""
    written = []

    class Slow(RecordingSink):
        async def write(self, cut):
            await asyncio.sleep(20)
            written.append(cut)
            await super().write(cut)

    async def during(crawler):
        await asyncio.sleep(12)
        crawler.engine.stop_now()
        await asyncio.sleep(1)
        crawler.engine._main.cancel()

    done = crawl(
        Collects,
        slow(),
        sink=Slow(),
        during=during,
        raises=asyncio.CancelledError,
        CHECKPOINT_INTERVAL=9,
        CONCURRENT_REQUESTS=6,
        CONCURRENT_REQUESTS_PER_DOMAIN=6,
    )

    assert written == [0, 6]
    assert len(done.sink.written) == 6


@pytest.mark.parametrize("interval_s", [5, 50])
def test_a_checkpoint_that_somebody_cancels_ends_the_crawl_with_an_error(crawl, interval_s):
    class Cancels(RecordingSink):
        async def write(self, cut):
            asyncio.current_task().cancel()
            await super().write(cut)

    done = crawl(
        Collects,
        slow(),
        sink=Cancels(),
        raises=CrawlError,
        CHECKPOINT_INTERVAL=interval_s,
        CONCURRENT_REQUESTS=3,
        CONCURRENT_REQUESTS_PER_DOMAIN=3,
    )

    assert "what has finished since the last checkpoint is not stored" in str(done.error)
    assert done.reason == "failed"
    assert done.sink.calls.count("write") == 1
    assert done.sink.written == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_no_checkpoint_follows_when_the_end_of_a_visit_was_broken_off(crawl, error):
    class BrokenOff(RecordingSink):
        def hand(self, identity, items):
            super().hand(identity, items)
            if len(self.items) == 2:
                raise error

    done = crawl(Collects, slow(), sink=BrokenOff(), raises=CrawlError, CONCURRENT_REQUESTS=1, CHECKPOINT_INTERVAL=15)

    assert "broken off" in str(done.error)
    assert done.reason == "failed"
    assert done.sink.items == [{"page": "1"}, {"page": "2"}]
    assert done.sink.written == [{"page": "1"}]
    assert (done.view.done, done.view.pending) == (1, 5)


def test_closing_twice_and_late_changes_nothing(crawl):
    class Closes(Collects):
        def parse(self, response):
            yield {"page": response.text}
            raise CloseSpider(response.text)

    handler = FakeHandler(slow(1.0))

    done = crawl(Closes, handler=handler, CONCURRENT_REQUESTS=3)

    assert done.reason == "1"
    assert len(done.items) == 3
