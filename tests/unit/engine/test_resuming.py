"""A crawl that was stopped goes on where it was: nothing is lost and nothing comes twice, on a real job folder."""

import asyncio
import json

import pytest

from framework import Request, Spider
from framework.crawler import Crawler
from framework.exceptions import CloseSpider, DownloadConnectionError
from framework.frontier.records import with_tries
from framework.frontier.store import StoreSearch, requeue_failed
from framework.testing.fakes import FakeHandler, Page, RecordingSink

PAGES = {f"http://a/{number}": Page(str(number)) for number in range(1, 10)}


@pytest.fixture
def crawl(run_real, tmp_path):
    """Crawl in one JOBDIR with one output; return what was fetched and the view of the frontier."""

    def crawl(spidercls, pages=None, **settings):
        handler = FakeHandler(pages or PAGES)
        made = type("Handler", (), {"from_crawler": classmethod(lambda cls, crawler: handler)})
        crawler = Crawler(
            spidercls,
            {
                "DOWNLOAD_HANDLERS": {"http": made},
                "JOBDIR": str(tmp_path / "job"),
                "FEEDS": {str(tmp_path / "items.jsonl"): {"format": "jsonlines"}},
                "LOG_ENABLED": False,
                "PROGRESS": "off",
                "CHECKPOINT_INTERVAL": 0.02,
                "RETRY_ENABLED": False,
                "WARN_FILL_RATE": 0,
                **settings,
            },
        )
        run_real(crawler.crawl())
        return [url.rpartition("/")[2] for url in handler.urls], crawler.engine.view()

    return crawl


@pytest.fixture
def items(tmp_path):
    return lambda: [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]


def test_a_start_that_was_stopped_is_read_again_without_its_items_twice(crawl, items):
    class Begins(Spider):
        name = "begins"
        runs = 0

        async def start(self):
            type(self).runs += 1
            for number in range(1, 5):
                yield {"begun": number}
                yield Request(f"http://a/{number}")

        def parse(self, response):
            yield {"page": response.text}

    first, _ = crawl(Begins, START_BACKLOG=1, CLOSESPIDER_PAGECOUNT=1, CONCURRENT_REQUESTS=1)
    second, view = crawl(Begins, START_BACKLOG=1)

    assert Begins.runs == 2
    assert 0 < len(first) < 4
    assert sorted([*first, *second]) == ["1", "2", "3", "4"]
    assert sorted(map(str, items())) == sorted(
        str(item) for number in range(1, 5) for item in ({"begun": number}, {"page": str(number)})
    )
    assert (view.done, view.pending) == (4, 0)


def test_what_a_start_has_delivered_is_committed_before_its_end(crawl, items, tmp_path):
    output = tmp_path / "items.jsonl"

    class Begins(Spider):
        name = "begins"

        async def start(self):
            for number in range(2500):
                yield {"begun": number}
            yield Request("http://a/1")
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if output.read_bytes():  # a checkpoint was made meanwhile
                    break
            else:
                raise AssertionError("nothing was committed")
            raise CloseSpider("enough")

    crawl(Begins)
    assert len(items()) == 2500
    crawl(Begins)

    assert items() == [{"begun": number} for number in range(2500)]


def test_a_start_that_came_to_its_end_is_not_run_again(crawl, items):
    class Ends(Spider):
        name = "ends"
        runs = 0

        async def start(self):
            type(self).runs += 1
            for number in range(1, 5):
                yield Request(f"http://a/{number}", dont_filter=True)

        def parse(self, response):
            yield {"page": response.text}
            if response.text == "1" and self.runs == 1:
                raise CloseSpider("enough")

    first, _ = crawl(Ends, CONCURRENT_REQUESTS=1)
    second, view = crawl(Ends)

    assert Ends.runs == 1
    assert sorted([*first, *second]) == ["1", "2", "3", "4"]
    assert sorted(item["page"] for item in items()) == ["1", "2", "3", "4"]
    assert view.done == 4


def test_a_failed_request_that_is_tried_again_does_not_deliver_its_items_twice(crawl, items, tmp_path):
    class Fails(Spider):
        name = "fails"
        start_urls = ["http://a/1", "http://a/2"]
        is_mended = False

        def parse(self, response):
            yield {"page": response.text, "part": 1}
            if response.text == "2" and not self.is_mended:
                raise LookupError("not mended yet")
            yield {"page": response.text, "part": 2}

    crawl(Fails, CLOSESPIDER_ERRORCOUNT=1)  # a job whose queue is empty would begin anew
    assert len(items()) == 3
    path = tmp_path / "job" / "frontier.db"
    assert requeue_failed(path, data_of=with_tries) == 1
    crawl(Fails, CLOSESPIDER_ERRORCOUNT=1)  # it fails once more
    assert requeue_failed(path, data_of=with_tries) == 1
    Fails.is_mended = True
    fetched, view = crawl(Fails)

    assert fetched == ["2"]
    assert sorted((item["page"], item["part"]) for item in items()) == [("1", 1), ("1", 2), ("2", 1), ("2", 2)]
    assert (view.done, view.failed) == (2, 0)
    with StoreSearch(path) as reader:
        ended = [fate for batch in reader.each_batch() for fate in batch if fate.url == "http://a/2"]
    assert [(fate.items, [error for _, error in fate.tries]) for fate in ended] == [(2, ["callback: LookupError"] * 2)]


@pytest.fixture
def again(crawl, tmp_path):
    """Try the failed request of the job again, in a crawl with the settings given."""

    def again(spidercls, pages=None, **settings):
        assert requeue_failed(tmp_path / "job" / "frontier.db", data_of=with_tries) == 1
        return crawl(spidercls, pages, **settings)

    return again


@pytest.fixture
def handed():
    """Give an output that keeps the positions of what it gets, with its class for the settings."""

    class Keeps(RecordingSink):
        positions = []

        def hand(self, identity, items):
            self.positions.extend((identity, position) for position, _ in items)
            super().hand(identity, items)

    keeps = Keeps()
    return keeps.positions, {type("Made", (), {"from_crawler": classmethod(lambda cls, crawler: keeps)}): 1}


class Recovers:
    """A spider middleware that gives an item in place of an exception."""

    def process_spider_exception(self, response, exception):
        return [{"recovered": str(exception)}]


class Parts(Spider):
    """Gives three parts of a page, or as many as it can before its bug; and an item when there is no page."""

    name = "parts"
    breaks_after = 3

    async def start(self):
        yield Request("http://a/1", errback=self.no_page)

    def parse(self, response):
        for number in range(3):
            if number == self.breaks_after:
                raise LookupError("a bug")
            yield {"part": number}

    def no_page(self, failure):
        yield {"failure": str(failure.value)}


def down(reason):
    return {"http://a/1": Page(error=DownloadConnectionError(reason))}


def test_what_an_errback_gave_costs_the_next_try_none_of_its_items(crawl, again, items, handed):
    positions, pipelines = handed
    crawl(Parts, down("no answer"), CLOSESPIDER_ITEMCOUNT=1, ITEM_PIPELINES=pipelines)
    again(Parts, down("still none"), CLOSESPIDER_ITEMCOUNT=1, ITEM_PIPELINES=pipelines)
    _, view = again(Parts, ITEM_PIPELINES=pipelines)

    failures = [{"failure": "no answer"}, {"failure": "still none"}]
    assert items() == [*failures, {"part": 0}, {"part": 1}, {"part": 2}]
    assert (view.done, view.failed) == (1, 0)
    assert len({*positions}) == 5
    assert [position for _, position in positions[2:]] == [0, 1, 2]


def test_what_a_hook_recovered_costs_the_next_try_none_of_its_items(crawl, again, items, handed, monkeypatch):
    positions, pipelines = handed
    settings = {"SPIDER_MIDDLEWARES": {Recovers: 50}, "ITEM_PIPELINES": pipelines}
    monkeypatch.setattr(Parts, "breaks_after", 1)
    crawl(Parts, CLOSESPIDER_ITEMCOUNT=1, **settings)
    monkeypatch.undo()
    again(Parts, **settings)

    assert items() == [{"part": 0}, {"recovered": "a bug"}, {"part": 1}, {"part": 2}]
    assert len({*positions}) == 4
    assert [position for _, position in positions if position < 3] == [0, 1, 2]


def test_what_a_callback_delivered_is_neither_missing_nor_doubled_after_an_errback(crawl, again, items, monkeypatch):
    monkeypatch.setattr(Parts, "breaks_after", 2)
    crawl(Parts, CLOSESPIDER_ITEMCOUNT=1)
    again(Parts, down("no answer"), CLOSESPIDER_ITEMCOUNT=1)
    monkeypatch.undo()
    again(Parts)

    assert items() == [{"part": 0}, {"part": 1}, {"failure": "no answer"}, {"part": 2}]


class Follows(Spider):
    """Gives one page twice, unless its bug is in between; and once when there is no page."""

    name = "follows"
    is_mended = True

    async def start(self):
        yield Request("http://a/1", errback=self.no_page)

    def again(self, why):
        return Request("http://a/2", dont_filter=True, callback=self.followed, cb_kwargs={"why": why})

    def parse(self, response):
        yield self.again("first")
        if not self.is_mended:
            raise LookupError("a bug")
        yield self.again("second")

    def no_page(self, failure):
        yield {"failure": str(failure.value)}
        yield self.again(str(failure.value))

    def followed(self, response, why):
        yield {"followed": why}


class FollowsOn:
    """A spider middleware that gives a request in place of an exception."""

    @classmethod
    def from_crawler(cls, crawler):
        one = cls()
        one.crawler = crawler
        return one

    def process_spider_exception(self, response, exception):
        return [{"recovered": str(exception)}, self.crawler.spider.again(str(exception))]


def test_what_an_errback_follows_is_not_taken_for_what_the_next_try_does(crawl, again, items):
    pages = {**down("no answer"), "http://a/2": Page("2")}
    crawl(Follows, pages, CLOSESPIDER_ITEMCOUNT=1)
    again(Follows, {**pages, **down("still none")}, CLOSESPIDER_ITEMCOUNT=1)
    _, view = again(Follows)

    followed = sorted(item["followed"] for item in items() if "followed" in item)
    assert followed == ["first", "no answer", "second", "still none"]
    assert (view.done, view.failed, view.pending) == (5, 0, 0)


def test_what_a_hook_follows_after_a_bug_is_not_taken_for_what_the_next_try_does(crawl, again, items, monkeypatch):
    monkeypatch.setattr(Follows, "is_mended", False)
    crawl(Follows, CLOSESPIDER_ITEMCOUNT=1, SPIDER_MIDDLEWARES={FollowsOn: 50})
    monkeypatch.undo()
    _, view = again(Follows, SPIDER_MIDDLEWARES={FollowsOn: 50})

    assert sorted(item["followed"] for item in items() if "followed" in item) == ["a bug", "first", "second"]
    assert (view.done, view.failed, view.pending) == (4, 0, 0)


def test_items_that_were_lost_with_their_abandoned_visit_are_delivered_by_the_next_try(crawl, again, items):
    class Odd(dict):
        def __repr__(self):
            raise LookupError("no words for it")

    class Breaks:
        def process_item(self, item):
            raise ValueError("broken")

    class Gives(Spider):
        name = "gives"
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            if response.text == "2":
                raise CloseSpider("enough")
            yield Odd(page=1)
            yield {"page": 1}

    crawl(Gives, CONCURRENT_REQUESTS=1, ITEM_PIPELINES={Breaks: 1})
    assert items() == []
    again(Gives)

    assert items() == [{"page": 1}, {"page": 1}]


def test_state_and_cookies_come_back(crawl):
    class Counts(Spider):
        name = "counts"
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            self.state["pages"] = self.state.get("pages", 0) + 1
            yield {"pages": self.state["pages"], "cookie": response.request.headers.get("Cookie")}
            if self.state["pages"] == 1:
                raise CloseSpider("half-way")

    seen = []

    class Looks(RecordingSink):
        def hand(self, identity, handed):
            seen.extend(item for _, item in handed)

    looks = Looks()
    made = type("Made", (), {"from_crawler": classmethod(lambda cls, crawler: looks)})
    pages = {url: Page("x", headers={"Set-Cookie": "session=abc"}) for url in Counts.start_urls}

    crawl(Counts, pages, CONCURRENT_REQUESTS=1, ITEM_PIPELINES={made: 1})
    crawl(Counts, pages, ITEM_PIPELINES={made: 1})

    assert seen == [{"pages": 1, "cookie": None}, {"pages": 2, "cookie": b"session=abc"}]


def test_a_sink_that_is_full_gets_a_checkpoint_at_once(crawl):
    class Full(RecordingSink):
        @property
        def is_full(self):
            return True

    class Waits(Spider):
        name = "waits"
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            yield {"page": response.text}

    full = Full()
    made = type("Made", (), {"from_crawler": classmethod(lambda cls, crawler: full)})

    crawl(
        Waits,
        {"http://a/1": Page("1"), "http://a/2": Page("2", wait_s=0.5)},
        ITEM_PIPELINES={made: 1},
        CHECKPOINT_INTERVAL=60,
    )

    # One before the first request, one between the pages, one at the end.
    assert full.calls.count("write") >= 3
    assert full.calls.index("hand") < full.calls.index("write", 2) < len(full.calls) - full.calls[::-1].index("hand")
