"""Exceptions and inputs in the chain of spider middlewares."""

import asyncio

import pytest

from framework import Request, Spider
from framework.exceptions import CloseSpider
from framework.http import Response
from framework.spidermiddlewares.base import BaseSpiderMiddleware

PAGES = {None: "x"}
RESPONSE = Response("http://a/1")


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


class One(Spider):
    name = "one"
    start_urls = ["http://a/1"]

    def parse(self, response):
        yield {"n": 1}


class OneAsync(One):
    async def parse(self, response):
        yield {"n": 1}


# -- input -------------------------------------------------------------------------------------------------------------


class Refuses:
    def process_spider_input(self, response, spider):
        assert spider.name
        raise LookupError("not this one")


def test_input_hooks_see_the_response_before_the_callback(crawl):
    seen = []

    class Looks:
        def process_spider_input(self, response):
            seen.append(response.url)

    class Late(One):
        def parse(self, response):
            seen.append("parse")

    crawl(Late, PAGES, SPIDER_MIDDLEWARES={Looks: 1})

    assert seen == ["http://a/1", "parse"]


def test_what_an_input_hook_raises_goes_to_the_errback(crawl):
    class WithErrback(One):
        async def start(self):
            yield Request("http://a/1", errback=self.failed)

        def failed(self, failure):
            yield {"failed": failure.type.__name__}

    done = crawl(WithErrback, PAGES, SPIDER_MIDDLEWARES={Refuses: 1})

    assert done.items == [{"failed": "LookupError"}]
    assert done.view.failed == 1


def test_what_an_input_hook_raises_is_told_where_nobody_takes_it(crawl, caplog):
    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={Refuses: 1})

    assert "A spider middleware raised on <200 http://a/1>" in caplog.text
    assert done.stats["spider_exceptions/LookupError"] == 1
    assert done.items == []


def test_what_an_input_hook_raises_may_be_taken_by_an_exception_hook(crawl):
    class Takes:
        def process_spider_exception(self, response, exception):
            yield {"instead": str(exception)}

    done = crawl(One, PAGES, SPIDER_MIDDLEWARES={Refuses: 1, Takes: 2})

    assert done.items == [{"instead": "not this one"}]


def test_close_spider_in_an_input_hook_closes(crawl):
    class Closes:
        def process_spider_input(self, response):
            raise CloseSpider("by a middleware")

    assert crawl(One, PAGES, SPIDER_MIDDLEWARES={Closes: 1}).reason == "by a middleware"


# -- exceptions --------------------------------------------------------------------------------------------------------


class Fails(One):
    def parse(self, response):
        yield {"n": 1}
        raise LookupError("in the callback")


class FailsAsync(One):
    async def parse(self, response):
        yield {"n": 1}
        raise LookupError("in the callback")


class Recovers:
    def process_spider_exception(self, response, exception, spider):
        return [{"instead": str(exception)}, Request("http://a/2", spider.after)]


def with_after(cls):
    return type(cls.__name__, (cls,), {"after": lambda self, response: {"after": response.url}})


@pytest.mark.parametrize("spider", [Fails, FailsAsync])
@pytest.mark.parametrize("wrapper", [None, Wraps, WrapsAsync])
def test_an_exception_hook_puts_output_in_the_place_of_an_exception(crawl, spider, wrapper):
    middlewares = {Tags: 1, Recovers: 2} | ({wrapper: 3} if wrapper else {})

    done = crawl(with_after(spider), PAGES, SPIDER_MIDDLEWARES=middlewares)

    by_wrapper = [wrapper.mark] if wrapper else []
    assert done.items == [
        {"n": 1, "by": [*by_wrapper, "fused"]},
        {"instead": "in the callback", "by": ["fused"]},
        {"after": "http://a/2", "by": [*by_wrapper, "fused"]},
    ]
    assert "spider_exceptions/LookupError" not in done.stats


def test_an_exception_hook_may_give_an_asynchronous_output(crawl):
    class RecoversAsync:
        async def process_spider_exception(self, response, exception):
            await asyncio.sleep(1)
            yield {"instead": str(exception)}

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={RecoversAsync: 1})

    assert done.items == [{"n": 1}, {"instead": "in the callback"}]


def test_an_exception_hook_that_passes_leaves_it_to_the_next(crawl, caplog):
    class Passes:
        def process_spider_exception(self, response, exception):
            return None

    class Plain:
        def process_spider_input(self, response):
            pass

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={Passes: 1, Plain: 2})

    assert done.items == [{"n": 1}]
    assert done.stats["spider_exceptions/LookupError"] == 1
    assert done.view.failed == 1


def test_what_an_exception_hook_raises_goes_to_the_next(crawl):
    class Worse:
        def process_spider_exception(self, response, exception):
            raise KeyError("worse")

    class Takes:
        def process_spider_exception(self, response, exception):
            return [{"instead": type(exception).__name__}]

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={Worse: 2, Takes: 1})

    assert done.items == [{"n": 1}, {"instead": "KeyError"}]


def test_what_recovered_output_raises_goes_to_the_hooks_that_come_after(crawl):
    class HalfRecovers:
        def process_spider_exception(self, response, exception):
            yield {"half": True}
            raise KeyError("again")

    class Takes:
        def process_spider_exception(self, response, exception):
            return [{"instead": type(exception).__name__}]

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={HalfRecovers: 2, Takes: 1})
    assert done.items == [{"n": 1}, {"half": True}, {"instead": "KeyError"}]

    done = crawl(Fails, PAGES, SPIDER_MIDDLEWARES={HalfRecovers: 2})
    assert done.items == [{"n": 1}, {"half": True}]
    assert done.stats["spider_exceptions/KeyError"] == 1


def test_a_synchronous_middleware_keeps_what_came_before_an_exception(crawl):
    done = crawl(FailsAsync, PAGES, SPIDER_MIDDLEWARES={Wraps: 1})

    assert done.items == [{"n": 1, "by": ["sync"]}]
    assert done.stats["spider_exceptions/LookupError"] == 1
