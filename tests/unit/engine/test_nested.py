"""Fetches inside a visit: polite, in nobody's way, and never waiting for what their own visit holds."""

import asyncio

import pytest

from framework import Request, Spider, signals
from framework.exceptions import DownloadTimeoutError, IgnoreRequest
from framework.http.request import NO_CALLBACK
from framework.protocols import HostPolicy
from framework.testing.fakes import Page

TIGHT = {"CONCURRENT_REQUESTS": 1, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}


class Nests(Spider):
    """Fetches ``nested`` in its callback."""

    name = "nests"
    start_urls = ["http://a/1"]
    nested = "http://a/n"

    async def parse(self, response):
        inner = await self.crawler.engine.download_async(Request(self.nested, callback=NO_CALLBACK))
        yield {"page": response.text, "nested": inner.text, "url": inner.url}


class LoginHook:
    """A downloader middleware that fetches a page before each request of the crawl."""

    def __init__(self, crawler):
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    async def process_request(self, request):
        if "login" not in request.url:
            response = await self.crawler.engine.download_async(Request(self.url_for(request)))
            request.headers["X-Token"] = response.body

    def url_for(self, request):
        return request.url.rpartition("/")[0] + "/login"


class Tokens(Spider):
    name = "tokens"
    start_urls = ["http://a/1", "http://a/2"]

    def parse(self, response):
        yield {"page": response.text, "token": response.request.headers["X-Token"].decode()}


PAGES = {"http://a/1": "1", "http://a/2": "2", "http://a/n": "n", "http://a/login": "t", "http://b/login": "b"}


def test_a_callback_may_fetch(crawl):
    done = crawl(Nests, PAGES, **TIGHT)

    assert done.items == [{"page": "1", "nested": "n", "url": "http://a/n"}]
    assert done.paths == ["1", "n"]
    assert done.view.offered == 1  # it is not stored


def test_a_nested_fetch_keeps_the_hosts_delay(crawl):
    done = crawl(Nests, PAGES, DOWNLOAD_DELAY=10, RANDOMIZE_DOWNLOAD_DELAY=False)

    assert done.sent_at("n") == [10.0]


def test_a_nested_fetch_follows_redirects_and_retries(crawl):
    pages = PAGES | {
        "http://a/n": Page(status=302, headers={"Location": "/m"}),
        "http://a/m": [503, DownloadTimeoutError("slow"), "m"],
    }

    done = crawl(Nests, pages, **TIGHT)

    assert done.items == [{"page": "1", "nested": "m", "url": "http://a/m"}]
    assert done.paths == ["1", "n", "m", "m", "m"]


def test_a_retry_of_a_nested_fetch_waits_for_its_time(crawl):
    class Later:
        @classmethod
        def from_crawler(cls, crawler):
            self = cls()
            self.crawler = crawler
            return self

        def process_response(self, request, response):
            if response.status != 503:
                return response
            again = request.copy()
            again._retry = "later"
            again._not_before_at = self.crawler.wall_clock() + 30
            return again

    done = crawl(Nests, PAGES | {"http://a/n": [503, "n"]}, DOWNLOADER_MIDDLEWARES={Later: 1000})

    assert done.sent_at("n") == [0.0, 30.0]


@pytest.mark.parametrize("error", [DownloadTimeoutError("slow"), IgnoreRequest("no")])
def test_what_comes_to_nothing_is_raised_where_it_was_asked_for(crawl, error):
    class Catches(Nests):
        async def parse(self, response):
            try:
                await self.crawler.engine.download_async(Request("http://a/n"))
            except type(error) as caught:
                yield {"caught": str(caught)}

    done = crawl(Catches, PAGES | {"http://a/n": error}, RETRY_ENABLED=False, **TIGHT)

    assert done.items == [{"caught": str(error)}]


def test_a_hook_lends_its_turn_to_what_it_fetches(crawl):
    done = crawl(Tokens, PAGES, DOWNLOADER_MIDDLEWARES={LoginHook: 10}, **TIGHT)

    assert sorted(map(str, done.items)) == ["{'page': '1', 'token': 't'}", "{'page': '2', 'token': 't'}"]
    assert done.handler.most_active == 1


def test_a_hook_lends_its_turn_under_a_delay_too(crawl):
    done = crawl(
        Tokens,
        PAGES,
        DOWNLOADER_MIDDLEWARES={LoginHook: 10},
        DOWNLOAD_DELAY=10,
        RANDOMIZE_DOWNLOAD_DELAY=False,
        **TIGHT,
    )

    times = sorted(round(sent.at) for sent in done.handler.sent)
    assert times == [0, 10, 20, 30]


def test_a_hook_may_fetch_several_things_at_once(crawl):
    class Twice(LoginHook):
        async def process_request(self, request):
            if "login" not in request.url:
                fetch = self.crawler.engine.download_async
                answers = await asyncio.gather(*(fetch(Request(f"http://a/login?{n}")) for n in range(3)))
                request.headers["X-Token"] = b"".join(answer.body for answer in answers)

    done = crawl(Tokens, PAGES | {None: Page("t", wait_s=1)}, DOWNLOADER_MIDDLEWARES={Twice: 10}, **TIGHT)

    assert [item["token"] for item in done.items] == ["ttt", "ttt"]
    assert done.handler.most_active == 1


def test_a_hook_may_fetch_on_while_another_of_its_fetches_waits_to_give_back(crawl):
    """The first fetch ends and waits for a new turn while the second one begins: nothing is taken twice."""

    class Overlaps(LoginHook):
        async def process_request(self, request):
            if "login" in request.url:
                return
            fetch = self.crawler.engine.download_async
            first = asyncio.ensure_future(fetch(Request("http://a/login?1")))
            await asyncio.sleep(1.5)  # it is there, and waits for its host's delay
            second = await fetch(Request("http://b/login?2"))
            request.headers["X-Token"] = (await first).body + second.body

    done = crawl(
        Tokens,
        PAGES | {None: Page("t", wait_s=1)},
        DOWNLOADER_MIDDLEWARES={Overlaps: 10},
        DOWNLOAD_DELAY=10,
        RANDOMIZE_DOWNLOAD_DELAY=False,
    )

    assert [item["token"] for item in done.items] == ["tt", "tt"]


def test_the_hooks_of_a_nested_fetch_lend_too(crawl):
    """As robots.txt of a new origin does: asked for by a hook of a nested fetch, on the same host."""

    done = crawl(Nests, PAGES, DOWNLOADER_MIDDLEWARES={LoginHook: 10}, **TIGHT)

    assert done.items[0]["nested"] == "n"
    assert done.paths == ["login", "1", "login", "n"]


def test_robots_txt_of_another_origin_is_fetched_for_a_nested_fetch(crawl):
    class Elsewhere(Nests):
        nested = "http://b/n"

    pages = PAGES | {
        "http://b/n": "n",
        "http://a/robots.txt": 404,
        "http://b/robots.txt": "User-agent: *\nDisallow: /x",
    }

    done = crawl(Elsewhere, pages, ROBOTSTXT_OBEY=True, DOWNLOAD_DELAY=5, RANDOMIZE_DOWNLOAD_DELAY=False, **TIGHT)

    assert done.items[0]["nested"] == "n"
    assert done.paths == ["robots.txt", "1", "robots.txt", "n"]
    assert done.sent_at("1") == [5.0]


def test_a_fetch_that_a_hook_does_not_wait_for_breaks_no_count(crawl):
    class Forgets(LoginHook):
        def process_request(self, request):
            if "login" not in request.url:
                self.task = asyncio.ensure_future(
                    self.crawler.engine.download_async(Request("http://b/login", dont_filter=True))
                )
                request.headers["X-Token"] = "none"

        async def process_response(self, request, response):
            if "login" not in request.url:
                await self.task
            return response

    done = crawl(Tokens, PAGES, DOWNLOADER_MIDDLEWARES={Forgets: 10}, **TIGHT)

    assert len(done.items) == 2


def test_a_time_out_around_a_nested_fetch_in_a_hook_breaks_no_count(crawl):
    class GivesUp(LoginHook):
        async def process_request(self, request):
            if "login" not in request.url:
                try:
                    async with asyncio.timeout(3):
                        await self.crawler.engine.download_async(Request("http://a/login"))
                except TimeoutError:
                    request.headers["X-Token"] = "late"

    done = crawl(Tokens, PAGES | {"http://a/login": 100.0}, DOWNLOADER_MIDDLEWARES={GivesUp: 10}, **TIGHT)

    assert [item["token"] for item in done.items] == ["late", "late"]


def test_nested_fetches_go_before_new_leases_and_cannot_be_starved(crawl):
    class Many(Nests):
        start_urls = [f"http://a/{number}" for number in range(20)]

    done = crawl(Many, {None: Page("x", wait_s=1)}, CONCURRENT_REQUESTS=1)

    # After the first page each page's nested fetch comes before the next page.
    assert done.paths[:6] == ["0", "n", "1", "n", "2", "n"]
    assert len(done.items) == 20


def test_the_total_holds_for_nested_fetches(crawl):
    class Many(Spider):
        name = "many"
        start_urls = ["http://a/1"]

        async def parse(self, response):
            fetch = self.crawler.engine.download_async
            answers = await asyncio.gather(*(fetch(Request(f"http://h{n}/n")) for n in range(20)))
            yield {"answers": len(answers)}

    done = crawl(Many, {None: Page("x", wait_s=0.5)}, CONCURRENT_REQUESTS=3)

    assert done.items == [{"answers": 20}]
    assert done.handler.most_active == 3


def test_the_total_holds_for_nested_fetches_that_waited_for_their_hosts(crawl):
    class Many(Spider):
        name = "many"
        start_urls = ["http://a/1"]

        async def parse(self, response):
            engine = self.crawler.engine
            until = self.crawler.wall_clock() + 20
            requests = [Request(f"http://h{n}/n") for n in range(6)]
            for request in requests:
                engine.set_host(request, HostPolicy(hold_until_at=until))
            answers = await asyncio.gather(*map(engine.download_async, requests))
            yield {"answers": len(answers)}

    done = crawl(Many, {None: Page("x", wait_s=0.5)}, CONCURRENT_REQUESTS=2)

    assert done.items == [{"answers": 6}]
    assert done.handler.most_active == 2


def test_a_lease_that_waited_gives_way_to_a_nested_fetch_that_came_meanwhile(crawl):
    """The room that the engine had when it began to wait for a turn may be gone when the turn comes."""

    class Spawns(Spider):
        name = "spawns"
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            yield {"page": response.text}

    async def during(crawler):
        await asyncio.sleep(8)
        await crawler.engine.download_async(Request("http://b/n"))

    pages = PAGES | {"http://b/n": Page("n", wait_s=0.5, read_s=9)}

    done = crawl(
        Spawns,
        pages,
        during=during,
        CONCURRENT_REQUESTS=1,
        DOWNLOAD_DELAY=10,
        RANDOMIZE_DOWNLOAD_DELAY=False,
    )

    assert done.handler.most_active == 1
    assert done.sent_at("2") == [17.5]


def test_a_spawned_task_owns_what_it_fetches(crawl):
    """A task that a hook spawns borrows nothing from that hook's request."""

    class Spawns(LoginHook):
        def process_request(self, request):
            if "login" not in request.url:
                request.headers["X-Token"] = "none"
                self.crawler.engine.spawn(self.fetch(), "login")

        async def fetch(self):
            await self.crawler.engine.download_async(Request("http://b/login"))

    done = crawl(Tokens, PAGES, DOWNLOADER_MIDDLEWARES={Spawns: 10}, **TIGHT)

    assert done.handler.most_active == 1
    assert len(done.items) == 2


def test_a_handler_may_fetch_in_the_middle_of_its_own_exchange(crawl):
    from framework.testing.fakes import FakeHandler

    class Asks(FakeHandler):
        def from_crawler(self, crawler):
            self.crawler = crawler
            return self

        async def download_request(self, request, exchange):
            if request.url.endswith("1"):
                exchange.sent()
                await self.crawler.engine.download_async(Request("http://a/n"))
            return await super().download_request(request, exchange)

    class One(Tokens):
        start_urls = ["http://a/1"]

        def parse(self, response):
            yield {"page": response.text}

    done = crawl(One, handler=Asks(PAGES), **TIGHT)

    assert done.paths == ["n", "1"]
    assert done.items == [{"page": "1"}]


def test_a_component_may_fetch_before_the_first_request(crawl):
    class Opens(Tokens):
        start_urls = ["http://a/1"]

        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.opened, signals.spider_opened)
            return spider

        async def opened(self):
            self.token = (await self.crawler.engine.download_async(Request("http://a/login"))).text

        def parse(self, response):
            yield {"token": self.token}

    assert crawl(Opens, PAGES).items == [{"token": "t"}]


def test_a_crawl_that_is_stopped_at_once_gives_up_waits_for_turns(crawl):
    class Waits(Nests):
        start_urls = ["http://a/1"]
        nested = "http://b/n"

        async def parse(self, response):
            engine = self.crawler.engine
            fetches = [engine.download_async(Request(f"http://b/{n}")) for n in range(5)]
            await asyncio.gather(*fetches)

    async def during(crawler):
        await asyncio.sleep(0.5)
        crawler.engine.stop_now()

    done = crawl(Waits, PAGES | {None: 100.0}, during=during, **TIGHT)

    assert done.view.pending == 1
    assert done.lasted_s < 1


def test_a_turn_that_waits_for_its_place_is_given_back_when_the_crawl_stops(crawl):
    class Held(Nests):
        async def parse(self, response):
            engine = self.crawler.engine
            inner = Request("http://b/n")
            engine.set_host(inner, HostPolicy(hold_until_at=self.crawler.wall_clock() + 10))
            await engine.download_async(inner)

        start_urls = ["http://a/1", "http://c/long"]

    pages = PAGES | {"http://c/long": Page("x", read_s=1000)}

    async def during(crawler):
        await asyncio.sleep(20)
        crawler.engine.stop_now()

    done = crawl(Held, pages, during=during, **TIGHT)

    assert done.paths == ["1", "long"]
    assert done.view.pending == 2
