"""Which request goes when, in a whole crawl: politeness, priorities, order, gates, budgets, hosts that hang."""

import asyncio

import pytest

from framework import Request, Spider
from framework.protocols import HostPolicy, Wait
from framework.testing.fakes import FakeHandler, Page

STEADY = {"RANDOMIZE_DOWNLOAD_DELAY": False}


class Starts(Spider):
    """Yields requests for ``paths``, each on its host."""

    name = "starts"
    paths = ()

    async def start(self):
        for path in self.paths:
            yield Request(f"http://{path}")

    def parse(self, response):
        yield {"page": response.url}


def starts(*paths):
    return type("Some", (Starts,), {"paths": paths})


def numbered(host, count):
    return [f"{host}/{number}" for number in range(1, count + 1)]


# -- start ------------------------------------------------------------------------------------------------------------


def test_start_is_read_as_the_backlog_shrinks(crawl):
    ahead = []

    class Lazy(Spider):
        name = "lazy"
        yielded = 0

        async def start(self):
            for number in range(100):
                Lazy.yielded += 1
                yield Request(f"http://a/{number}")

        def parse(self, response):
            ahead.append(Lazy.yielded - self.crawler.stats.get_value("response_received_count"))

    done = crawl(Lazy, {None: Page("x", wait_s=1)}, START_BACKLOG=5, CONCURRENT_REQUESTS=2)

    assert done.view.done == 100
    assert max(ahead) <= 5 + 2 + 2


@pytest.mark.parametrize("order", ["depth", "breadth"])
def test_the_order_of_links(crawl, order):
    links = {"0": ("1", "2"), "1": ("1a", "1b"), "2": ("2a", "2b")}

    class Tree(Starts):
        paths = ("a/0",)

        def parse(self, response):
            for path in links.get(response.url[9:], ()):
                yield Request(f"http://a/{path}")

    done = crawl(Tree, {None: "x"}, CRAWL_ORDER=order, CONCURRENT_REQUESTS=1)

    expected = {"depth": ["0", "1", "1a", "1b", "2", "2a", "2b"], "breadth": ["0", "1", "2", "1a", "1b", "2a", "2b"]}
    assert done.paths == expected[order]


def test_priorities(crawl):
    class Urgent(Starts):
        async def start(self):
            for number in (0, 3, 1, 2):
                yield Request(f"http://a/{number}", priority=number)

    done = crawl(Urgent, {None: "x"}, CONCURRENT_REQUESTS=1, START_BACKLOG=100)

    assert done.paths == ["3", "2", "1", "0"]


def test_a_priority_that_is_none_costs_one_request(crawl, caplog):
    class Wrong:
        def process_spider_output(self, response, result):
            for element in result:
                if isinstance(element, Request) and element.url.endswith("2"):
                    element.priority = "high"
                yield element

    class Links(Starts):
        paths = ("a/1",)

        def parse(self, response):
            if response.url.endswith("1"):
                yield {"n": 1}
                yield Request("http://a/2")
                yield Request("http://a/3")

    done = crawl(Links, {None: "x"}, SPIDER_MIDDLEWARES={Wrong: 1})

    assert done.paths == ["1", "3"]
    assert done.items == [{"n": 1}]
    assert done.stats["refused/broken"] == 1
    assert "its priority must be an int, not 'high'" in caplog.text


# -- politeness -------------------------------------------------------------------------------------------------------


def test_the_delay_lies_between_two_sends_of_one_host(crawl):
    done = crawl(starts(*numbered("a", 3), *numbered("b", 2)), {None: "x"}, DOWNLOAD_DELAY=10, **STEADY)

    by_host = {host: [round(s.at) for s in done.handler.sent if s.url[7] == host] for host in "ab"}
    assert by_host == {"a": [0, 10, 20], "b": [0, 10]}


def test_the_delay_runs_from_the_sending_and_not_from_the_lease(crawl):
    pages = {"http://a/1": Page("x", connect_s=7), None: "x"}

    done = crawl(starts(*numbered("a", 2)), pages, DOWNLOAD_DELAY=10, **STEADY)

    assert [round(sent.at) for sent in done.handler.sent] == [7, 17]


def test_concurrency_by_host_and_in_all(crawl):
    spider = starts(*numbered("a", 6), *numbered("b", 6))

    done = crawl(spider, {None: Page("x", wait_s=1)}, CONCURRENT_REQUESTS=5, CONCURRENT_REQUESTS_PER_DOMAIN=3)

    assert done.handler.most_active == 5
    assert 3 <= done.lasted_s < 3.1


def test_one_hosts_own_rules(crawl):
    rules = {"a": {"delay": 10, "randomize_delay": False}, "b": {"concurrency": 1}}

    done = crawl(
        starts(*numbered("a", 2), *numbered("b", 2), *numbered("c", 2)),
        {None: Page("x", wait_s=1)},
        DOWNLOAD_SLOTS=rules,
    )

    times = [(sent.url[7], round(sent.at)) for sent in done.handler.sent]
    assert sorted(times) == [("a", 0), ("a", 10), ("b", 0), ("b", 1), ("c", 0), ("c", 0)]


def test_download_slot_in_the_meta(crawl):
    class Slots(Starts):
        async def start(self):
            yield Request("http://a/1")
            yield Request("http://a/2", meta={"download_slot": "other"})
            yield Request("http://a/3")

    done = crawl(Slots, {None: "x"}, DOWNLOAD_DELAY=10, **STEADY)

    assert [(s.url[-1], round(s.at)) for s in done.handler.sent] == [("1", 0), ("2", 0), ("3", 10)]


def test_retry_after_holds_the_whole_host_even_when_its_slot_has_just_been_freed(crawl):
    pages = {
        "http://a/1": [Page(status=503, headers={"Retry-After": "30"}), "1"],
        "http://b/1": Page("b", wait_s=5),
        None: "x",
    }

    done = crawl(starts(*numbered("a", 3), *numbered("b", 1)), pages, CONCURRENT_REQUESTS_PER_DOMAIN=1)

    a = [(sent.url[-1], round(sent.at)) for sent in done.handler.sent if sent.url[7] == "a"]
    assert a[0] == ("1", 0)
    assert sorted(a[1:]) == [("1", 30), ("2", 30), ("3", 30)]
    assert done.sent_at("1")[1] == 0.0  # the other host goes on


def test_a_hold_by_a_component_stops_the_host_at_once(crawl):
    class Holds(Starts):
        paths = tuple(numbered("a", 4))

        def parse(self, response):
            if response.url.endswith("1"):
                until_at = self.crawler.wall_clock() + 60
                self.crawler.engine.set_host(response.request, HostPolicy(hold_until_at=until_at))

    done = crawl(Holds, {None: "x"}, CONCURRENT_REQUESTS=1)

    assert [round(sent.at) for sent in done.handler.sent] == [0, 60, 60, 60]


# -- gates ------------------------------------------------------------------------------------------------------------


class Door:
    """An extension that is a gate: host ``a`` waits until ``open_at``."""

    open_at = 20

    @classmethod
    def from_crawler(cls, crawler):
        self = cls()
        self.crawler = crawler
        self.is_open = False
        self.asked = 0
        return self

    def connect_waker(self, wake):
        self.wake = wake

    def ask(self, request):
        self.asked += 1
        if self.is_open or request.url[7] != "a":
            return None
        if self.asked == 1:
            self.crawler.engine.spawn(self.open_later(), "door")
        return Wait("door")

    async def open_later(self):
        await asyncio.sleep(self.open_at)
        self.is_open = True
        self.wake("door")


def test_a_gate_holds_its_requests_and_no_others_and_loses_none(crawl):
    done = crawl(starts(*numbered("a", 5), *numbered("b", 5)), {None: "x"}, EXTENSIONS={Door: 1})

    a = [(sent.url[-1], round(sent.at)) for sent in done.handler.sent if sent.url[7] == "a"]
    b = [round(sent.at) for sent in done.handler.sent if sent.url[7] == "b"]
    assert a == [(str(n), 20) for n in range(1, 6)]
    assert b == [0] * 5
    assert done.crawler.get_extension(Door).asked == 15


def test_what_waits_at_a_gate_when_the_crawl_stops_is_pending(crawl):
    async def during(crawler):
        await asyncio.sleep(5)
        crawler.stop()

    done = crawl(starts(*numbered("a", 5)), {None: "x"}, EXTENSIONS={Door: 1}, during=during)

    assert (done.view.pending, done.paths) == (5, [])


def test_a_filter_refuses_under_its_own_reason_and_one_that_breaks_costs_one_request(crawl, caplog):
    class Filter:
        def refuse(self, request):
            if request.url.endswith("2"):
                raise LookupError("odd")
            return "not today" if request.url.endswith("1") else None

    done = crawl(starts(*numbered("a", 3)), {None: "x"}, EXTENSIONS={Filter: 1})

    assert done.paths == ["3"]
    assert done.stats["refused/not today"] == 1
    assert done.stats["refused/broken"] == 1
    assert "could not judge <GET http://a/2>, which is dropped: odd" in caplog.text


# -- budgets ----------------------------------------------------------------------------------------------------------


def test_hosts_that_hang_delay_nobody_else(crawl):
    others = [f"h{host}/{number}" for number in range(20) for host in range(10)]
    pages = {None: Page("x", wait_s=0.1), **{f"http://hangs/{n}": 30.0 for n in range(1, 9)}}
    settings = {"CONCURRENT_REQUESTS": 8, "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "RETRY_ENABLED": False}

    def last_of_the_others(done):
        return max(sent.at for sent in done.handler.sent if "hangs" not in sent.url)

    free = last_of_the_others(crawl(starts(*others), pages, **settings))
    held = last_of_the_others(crawl(starts(*numbered("hangs", 8), *others), pages, **settings))

    assert held < free + 1.2  # STALL_AFTER


def test_a_host_that_hangs_gets_nothing_more_once_it_has_stalled(crawl):
    pages = {None: Page("x", wait_s=0.2), **{f"http://hangs/{n}": 30.0 for n in range(1, 20)}}
    spider = starts(*numbered("hangs", 2), *numbered("a", 40), *[f"hangs/{n}" for n in range(3, 10)])

    done = crawl(spider, pages, CONCURRENT_REQUESTS=4, CONCURRENT_REQUESTS_PER_DOMAIN=2, RETRY_ENABLED=False)

    early = [sent for sent in done.handler.sent if "hangs" in sent.url and sent.at < 29]
    assert len(early) == 2


def test_sockets_have_a_limit_of_their_own(crawl):
    spider = starts(*[f"h{n}/1" for n in range(20)])

    done = crawl(spider, {None: 30.0}, CONCURRENT_REQUESTS=2, SOCKETS_MAX=5, RETRY_ENABLED=False)

    assert done.handler.most_active == 5
    assert len(done.items) == 20


def test_the_bytes_being_parsed_hold_back_leasing_and_never_for_good(crawl):
    most = []

    class Heavy(Spider):
        name = "heavy"
        start_urls = [f"http://a/{n}" for n in range(10)]

        async def parse(self, response):
            limits = self.crawler.engine._parts.limits
            most.append(limits.active_size)
            await asyncio.sleep(10)
            nested = await self.crawler.engine.download_async(Request("http://b/n", dont_filter=True))
            yield {"nested": len(nested.body)}

    done = crawl(
        Heavy,
        {None: Page(b"x" * 50_000)},
        SCRAPER_SLOT_MAX_ACTIVE_SIZE=60_000,
        CONCURRENT_REQUESTS=1,
    )

    assert len(done.items) == 10
    assert max(most) == 100_000  # one page over the limit, and then nothing more
    assert done.lasted_s >= 50


def test_a_callback_that_yields_very_much_lets_others_run(crawl):
    order = []

    class Floods(Starts):
        paths = ("a/1", "b/2")

        def parse(self, response):
            order.append(f"begin {response.url[-1]}")
            if response.url.endswith("1"):
                for number in range(600):
                    yield {"n": number}
                    yield Request("http://a/1")
            order.append(f"end {response.url[-1]}")

    done = crawl(Floods, {None: "x"}, handler=FakeHandler({None: "x"}))

    assert order == ["begin 1", "begin 2", "end 2", "end 1"]
    assert len(done.items) == 600
