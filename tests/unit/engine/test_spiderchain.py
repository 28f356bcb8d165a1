"""Spider middlewares of every kind, in a chain and in a whole crawl."""

import pytest

from framework import Request, Spider
from framework.engine.spiderchain import SpiderChain
from framework.exceptions import InvalidOutput
from framework.http import Response
from framework.spidermiddlewares.base import BaseSpiderMiddleware
from framework.testing.fakes import Page

PAGES = {None: "x"}
RESPONSE = Response("http://a/1")


def chain_of(*middlewares, known=()):
    refused = []
    chain = SpiderChain(
        middlewares, "the spider", lambda request, why: refused.append((request.url, why)), lambda r: r.url in known
    )
    return chain, refused


class Tags(BaseSpiderMiddleware):
    """Fused: marks items, drops requests that end with ``drop``."""

    refusal = "tagged"

    def __init__(self, mark="fused"):
        self.mark = mark

    @classmethod
    def from_crawler(cls, crawler):
        return cls()

    def get_processed_item(self, item, response):
        return None if item.get("drop") else {**item, "by": [*item.get("by", ()), self.mark]}

    def get_processed_request(self, request, response):
        return None if request.url.endswith("drop") else request


class Wraps:
    """A synchronous generator, as most middlewares written for Scrapy."""

    mark = "sync"

    def process_spider_output(self, response, result, spider):
        for element in result:
            yield {**element, "by": [*element.get("by", ()), self.mark]} if isinstance(element, dict) else element


class WrapsAsync:
    mark = "async"

    async def process_spider_output(self, response, result):
        async for element in result:
            yield {**element, "by": [*element.get("by", ()), self.mark]} if isinstance(element, dict) else element


class WrapsBoth(Wraps):
    mark = "both/sync"

    async def process_spider_output_async(self, response, result, spider):
        async for element in result:
            yield {**element, "by": [*element.get("by", ()), "both/async"]} if isinstance(element, dict) else element


class One(Spider):
    name = "one"
    start_urls = ["http://a/1"]

    def parse(self, response):
        yield {"n": 1}


class OneAsync(One):
    async def parse(self, response):
        yield {"n": 1}


ORDERS = {Tags: 1, Wraps: 2, WrapsAsync: 3, WrapsBoth: 4}


def test_the_nearest_to_the_spider_sees_the_output_first(crawl):
    assert crawl(One, PAGES, SPIDER_MIDDLEWARES=ORDERS).items == [
        {"n": 1, "by": ["both/sync", "async", "sync", "fused"]}
    ]


def test_an_asynchronous_output_takes_the_asynchronous_way_where_there_is_one(crawl):
    assert crawl(OneAsync, PAGES, SPIDER_MIDDLEWARES=ORDERS).items == [
        {"n": 1, "by": ["both/async", "async", "sync", "fused"]}
    ]


@pytest.mark.parametrize("spider", [One, OneAsync])
def test_fused_middlewares_alone(crawl, spider):
    assert crawl(spider, PAGES, SPIDER_MIDDLEWARES={Tags: 1}).items == [{"n": 1, "by": ["fused"]}]


@pytest.mark.parametrize("wrapper", [None, Wraps, WrapsAsync])
@pytest.mark.parametrize("is_async", [True, False])
def test_what_a_fused_middleware_drops_is_counted_under_its_reason(crawl, wrapper, is_async):
    class Links(One):
        def parse(self, response):
            yield {"drop": True}
            yield Request("http://a/drop")
            yield {"n": 2}

    class LinksAsync(Links):
        async def parse(self, response):
            for element in super().parse(response):
                yield element

    middlewares = {Tags: 1} | ({wrapper: 2} if wrapper else {})

    done = crawl(LinksAsync if is_async else Links, PAGES, SPIDER_MIDDLEWARES=middlewares)

    assert done.stats["refused/tagged"] == 1
    assert [item["n"] for item in done.items] == [2]


def test_what_is_known_needs_no_hooks_that_only_add_to_it():
    class Adds(BaseSpiderMiddleware):
        keeps_identity = True

        def __init__(self):
            self.seen = []

        def get_processed_request(self, request, response):
            self.seen.append(request.url)
            return request

    adds = Adds()
    chain, _ = chain_of(adds, known={"http://a/known"})
    requests = [
        Request("http://a/known"),
        Request("http://a/new"),
        Request("http://a/known", dont_filter=True),
    ]

    assert list(chain.output(requests, RESPONSE)) == requests
    assert adds.seen == ["http://a/new", "http://a/known"]


def test_a_chain_without_middlewares_changes_nothing():
    chain, refused = chain_of()
    result = [1, 2]

    assert chain.output(result, RESPONSE) is result
    assert chain.inputs == ()
    assert refused == []


def test_hooks_that_are_inherited_unchanged_cost_nothing():
    class Plain(BaseSpiderMiddleware):
        def __init__(self):
            pass

    chain, _ = chain_of(Plain(), Plain())
    result = [1, 2]

    assert chain.output(result, RESPONSE) is result
    assert chain.element_hooks.on_request == ()


def test_an_output_that_is_no_iterable_is_refused_by_name(crawl, caplog):
    class Wrong:
        def process_spider_output(self, response, result):
            return 5

    class WrongToo:
        def process_spider_exception(self, response, exception):
            return 5

    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={Wrong: 1})
    assert done.view.failed == 1
    assert "Wrong.process_spider_output must return an iterable" in caplog.text

    class Fails(One):
        def parse(self, response):
            raise LookupError

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={WrongToo: 2})
    assert done.view.failed == 1
    assert "WrongToo.process_spider_exception must return an iterable" in caplog.text


def test_a_coroutine_in_the_place_of_a_generator_is_refused_by_name(crawl, caplog):
    class Wrong:
        async def process_spider_output(self, response, result):
            return result

    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={Wrong: 1})

    assert done.view.failed == 1
    assert "must return an iterable" in caplog.text
    assert "not coroutine" in caplog.text


# -- start -------------------------------------------------------------------------------------------------------------


class StartsAnew:
    async def process_start(self, start):
        yield {"before": True}
        async for element in start:
            yield element


class StartsWithNone(StartsAnew):
    async def process_start(self, start):
        yield None
        async for element in super().process_start(start):
            yield element


class StartsOld:
    def process_start_requests(self, start_requests, spider):
        assert spider.name
        yield {"old": True}
        yield from start_requests


@pytest.mark.parametrize(
    ("middleware", "item"), [(StartsWithNone, {"before": True}), (StartsOld, {"old": True})], ids=["new", "old"]
)
def test_a_middleware_may_wrap_start(crawl, middleware, item):
    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={middleware: 1, Wraps: 2})

    assert item in done.items
    assert {"n": 1, "by": ["sync"]} in done.items


def test_an_older_hook_keeps_what_start_yielded_before_it_raised(crawl):
    class Breaks(One):
        async def start(self):
            yield Request("http://a/1")
            raise LookupError("in start")

    done = crawl(Breaks, PAGES, SPIDER_MIDDLEWARES={StartsOld: 1})

    assert {"n": 1} in done.items
    assert {"old": True} in done.items
    assert done.crawler.has_failed


def test_fused_middlewares_see_what_start_yields(crawl):
    class Mixed(One):
        async def start(self):
            yield {"n": 0}
            yield Request("http://a/drop")
            yield Request("http://a/1")

    for middlewares in ({Tags: 1}, {Tags: 1, StartsAnew: 2}):
        done = crawl(Mixed, PAGES, SPIDER_MIDDLEWARES=middlewares)

        assert {"n": 0, "by": ["fused"]} in done.items
        assert done.paths == ["1"]


def test_a_process_start_that_is_no_generator_fails_the_start(crawl, caplog):
    class Wrong:
        def process_start(self, start):
            return None

    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={Wrong: 1})

    assert done.crawler.has_failed
    assert done.paths == []


def test_a_chain_refuses_what_a_hook_returns_by_name():
    class Wrong:
        def process_spider_output(self, response, result):
            return None

    chain, _ = chain_of(Wrong())

    with pytest.raises(InvalidOutput, match=r"Wrong\.process_spider_output must return an iterable"):
        chain.output([], RESPONSE)


def test_items_of_pages_without_a_callback_do_not_exist(crawl):
    from framework.http.request import NO_CALLBACK

    class Quiet(One):
        async def start(self):
            yield Request("http://a/1", NO_CALLBACK)

    done = crawl(Quiet, {None: Page("x")})

    assert (done.items, done.view.done) == ([], 1)
