"""Callbacks of every kind: how they are called, what they give, what becomes of what they raise."""

import asyncio

import pytest

from framework import Request, Spider
from framework.exceptions import CloseSpider, DownloadTimeoutError, IgnoreRequest
from framework.testing.fakes import Page

PAGES = {f"http://a/{path}": path for path in ("1", "2", "3", "4")}
PAGES["http://a/404"] = 404


class One(Spider):
    name = "one"
    start_urls = ["http://a/1"]


def gives(callback):
    return type("Gives", (One,), {"parse": callback})


def test_a_generator(crawl):
    def parse(self, response):
        yield {"page": response.text}
        yield None
        yield Request("http://a/2", self.second)

    def second(self, response):
        yield {"page": response.text}

    done = crawl(type("Gives", (One,), {"parse": parse, "second": second}), PAGES)

    assert done.items == [{"page": "1"}, {"page": "2"}]
    assert done.reason == "finished"


def test_an_asynchronous_generator(crawl):
    async def parse(self, response):
        yield {"n": 1}
        await asyncio.sleep(1)
        yield None
        yield {"n": 2}

    assert crawl(gives(parse), PAGES).items == [{"n": 1}, {"n": 2}]


def test_a_coroutine_that_returns_a_list(crawl):
    async def parse(self, response):
        await asyncio.sleep(1)
        return [{"n": 1}, None, {"n": 2}]

    assert crawl(gives(parse), PAGES).items == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("result", [None, [], ()])
def test_a_plain_return_of_nothing(crawl, result):
    assert crawl(gives(lambda self, response: result), PAGES).items == []


def test_a_plain_return_of_one_item_or_request(crawl):
    def parse(self, response):
        return Request("http://a/2", self.second)

    async def second(self, response):
        return {"n": 2}

    assert crawl(type("Gives", (One,), {"parse": parse, "second": second}), PAGES).items == [{"n": 2}]


def test_cb_kwargs_are_the_callbacks_arguments(crawl):
    class Kwargs(Spider):
        name = "kwargs"

        async def start(self):
            yield Request("http://a/1", self.parse, cb_kwargs={"a": 1, "b": 2})

        def parse(self, response, a, b=0):
            yield {"a": a, "b": b, "kept": response.cb_kwargs}

    assert crawl(Kwargs, PAGES).items == [{"a": 1, "b": 2, "kept": {"a": 1, "b": 2}}]


def test_something_that_is_no_output_is_told_and_costs_nothing_else(crawl, caplog):
    def parse(self, response):
        yield 5
        yield {"n": 1}

    done = crawl(gives(parse), PAGES)

    assert done.items == [{"n": 1}]
    assert done.stats["spider_exceptions/InvalidOutput"] == 1
    assert "parse" in caplog.text
    assert "test_callbacks.py" in caplog.text


@pytest.mark.parametrize("result", [5, "text", b"bytes"])
def test_a_return_of_something_else_is_an_error_of_the_callback(crawl, result):
    done = crawl(gives(lambda self, response: result), PAGES)

    assert done.stats["spider_exceptions/InvalidOutput"] == 1
    assert done.view.failed == 1


class Broken(One):
    def parse(self, response):
        yield {"n": 1}
        yield Request("http://a/2", self.second)
        yield {"n": 2}
        raise LookupError("here")

    def second(self, response):
        yield {"page": response.text}


class BrokenAsync(Broken):
    async def parse(self, response):
        for element in super().parse(response):
            yield element
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("spider", [Broken, BrokenAsync])
def test_an_exception_keeps_what_was_yielded_before(crawl, caplog, spider):
    done = crawl(spider, PAGES)

    assert sorted(map(str, done.items)) == ["{'n': 1}", "{'n': 2}", "{'page': '2'}"]
    assert (done.view.failed, done.view.done) == (1, 1)
    assert done.stats["spider_exceptions/LookupError"] == 1
    assert done.stats["spider_exceptions/count"] == 1
    assert "raised on <200 http://a/1>" in caplog.text


@pytest.mark.parametrize("error", [asyncio.CancelledError, BaseException, type("Odd", (BaseException,), {})])
@pytest.mark.parametrize("is_async", [True, False])
def test_an_exception_that_is_no_exception_ends_the_visit_only(crawl, error, is_async):
    def parse(self, response):
        yield {"n": 1}
        raise error

    async def parse_async(self, response):
        yield {"n": 1}
        raise error

    done = crawl(gives(parse_async if is_async else parse), PAGES)

    assert done.items == [{"n": 1}]
    assert done.stats[f"spider_exceptions/{error.__name__}"] == 1
    assert (done.reason, done.view.failed) == ("finished", 1)


def test_awaiting_a_task_that_was_cancelled_is_an_error_of_the_callback(crawl):
    async def parse(self, response):
        yield {"n": 1}
        task = asyncio.ensure_future(asyncio.sleep(10))
        await asyncio.sleep(1)
        task.cancel()
        await task

    done = crawl(gives(parse), PAGES)

    assert done.items == [{"n": 1}]
    assert done.stats["spider_exceptions/CancelledError"] == 1


@pytest.mark.parametrize("how", ["generator exit", "cancels itself"])
def test_what_looks_like_the_end_of_the_crawl_and_is_not_ends_the_visit(crawl, caplog, how):
    class Odd(One):
        start_urls = ["http://a/1", "http://a/2"]

        async def parse(self, response):
            if response.text == "2":
                yield {"n": 2}
            elif how == "generator exit":
                raise GeneratorExit
            else:
                asyncio.current_task().cancel()
                await asyncio.sleep(1)

    done = crawl(Odd, PAGES)

    assert done.items == [{"n": 2}]
    assert (done.reason, done.view.failed, done.view.done) == ("finished", 1, 1)
    assert "Internal error on <Lease <GET http://a/1> attempt 1>" in caplog.text


def test_an_asynchronous_generator_is_closed_when_a_middleware_breaks_it_off(crawl):
    closed = []

    class Breaks:
        async def process_spider_output(self, response, result):
            async for element in result:
                yield element
                raise LookupError

    async def parse(self, response):
        try:
            yield {"n": 1}
            yield {"n": 2}
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    done = crawl(gives(parse), PAGES, SPIDER_MIDDLEWARES={Breaks: 10})

    assert done.items == [{"n": 1}]
    assert closed == [True]


# -- errbacks ---------------------------------------------------------------------------------------------------------


class WithErrback(Spider):
    name = "errback"
    url = "http://a/404"
    custom_settings = {"RETRY_ENABLED": False}

    async def start(self):
        yield Request(self.url, self.parse, errback=self.failed, cb_kwargs={"extra": 1})

    def parse(self, response, extra):
        yield {"parsed": response.status}

    def failed(self, failure):
        response = getattr(failure.value, "response", None)
        yield {
            "error": failure.type.__name__,
            "url": failure.request.url,
            "status": response.status if response else None,
            "kwargs": failure.request.cb_kwargs,
        }
        yield Request("http://a/2", self.second)

    def second(self, response):
        yield {"page": response.text}


def test_an_errback_hears_of_a_status_that_nobody_wants(crawl):
    done = crawl(WithErrback, PAGES)

    assert done.items == [
        {"error": "HttpError", "url": "http://a/404", "status": 404, "kwargs": {"extra": 1}},
        {"page": "2"},
    ]
    assert done.view.dropped == 1


def test_an_errback_hears_of_a_download_that_failed(crawl):
    pages = {**PAGES, "http://a/404": DownloadTimeoutError("too long")}

    done = crawl(WithErrback, pages)

    assert done.items[0]["error"] == "DownloadTimeoutError"
    assert done.items[1] == {"page": "2"}
    assert done.view.failed == 1


def test_what_an_errback_gives_without_a_response_meets_no_spider_middleware(crawl):
    class ReadsTheResponse:
        def process_spider_output(self, response, result):
            for element in result:
                yield {**element, "of": response.url} if isinstance(element, dict) else element

    class Fails(WithErrback):
        def failed(self, failure):
            yield {"error": failure.type.__name__}
            yield Request("http://a/2", self.second)

        def second(self, response):
            yield {"is_start": "is_start_request" in response.meta}

    pages = {**PAGES, "http://a/404": DownloadTimeoutError("too long")}

    done = crawl(Fails, pages, SPIDER_MIDDLEWARES={ReadsTheResponse: 10})

    assert done.items == [{"error": "DownloadTimeoutError"}, {"is_start": False, "of": "http://a/2"}]


def test_an_errback_hears_of_a_request_that_a_middleware_drops(crawl):
    class Drops:
        def process_request(self, request):
            if request.url.endswith("404"):
                raise IgnoreRequest("not today")

    done = crawl(WithErrback, PAGES, DOWNLOADER_MIDDLEWARES={Drops: 10})

    assert done.items[0]["error"] == "IgnoreRequest"
    assert done.items[1] == {"page": "2"}
    assert done.view.dropped == 1


def test_an_errback_that_raises_is_an_error_of_the_spider(crawl, caplog):
    class Worse(WithErrback):
        def failed(self, failure):
            raise LookupError("in the errback")

    done = crawl(Worse, {**PAGES, "http://a/404": DownloadTimeoutError("too long")})

    assert done.stats["spider_exceptions/LookupError"] == 1
    assert "raised on <Lease <GET http://a/404> attempt 1>" in caplog.text


@pytest.mark.parametrize("error", [DownloadTimeoutError("slow"), LookupError("odd"), asyncio.CancelledError()])
def test_without_an_errback_a_failure_is_logged_and_the_crawl_goes_on(crawl, caplog, error):
    class Two(One):
        start_urls = ["http://a/404", "http://a/2"]

        def parse(self, response):
            yield {"page": response.text}

    done = crawl(Two, {**PAGES, "http://a/404": error}, RETRY_ENABLED=False)

    assert done.items == [{"page": "2"}]
    assert done.view.failed == 1
    assert "Could not download" in caplog.text


def test_without_an_errback_a_dropped_request_is_no_error(crawl, caplog):
    class Drops:
        def process_request(self, request):
            raise IgnoreRequest("not today")

    done = crawl(One, PAGES, DOWNLOADER_MIDDLEWARES={Drops: 10})

    assert done.view.dropped == 1
    assert done.stats["refused/middleware"] == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


# -- CloseSpider ------------------------------------------------------------------------------------------------------


def test_close_spider_in_a_callback_keeps_what_it_gave_and_works_off_what_is_in_flight(crawl):
    class Closes(Spider):
        name = "closes"
        start_urls = ["http://a/1", "http://a/2", "http://a/3", "http://a/4"]

        def parse(self, response):
            yield {"page": response.text}
            if response.text == "1":
                raise CloseSpider("enough")

    pages = {**PAGES, "http://a/2": Page("2", wait_s=5)}

    done = crawl(Closes, pages, CONCURRENT_REQUESTS=2)

    assert done.reason == "enough"
    assert done.items == [{"page": "1"}, {"page": "2"}]
    assert (done.view.done, done.view.pending) == (2, 2)
    assert "spider_exceptions/CloseSpider" not in done.stats


def test_close_spider_in_start_keeps_what_it_gave(crawl):
    class Closes(Spider):
        name = "closes"

        async def start(self):
            yield {"from": "start"}
            yield Request("http://a/1")
            raise CloseSpider("in start")

    done = crawl(Closes, PAGES)

    assert done.reason == "in start"
    assert done.items == [{"from": "start"}]
    assert not done.crawler.engine.start_error


def test_close_spider_in_an_errback(crawl):
    class Closes(WithErrback):
        def failed(self, failure):
            yield {"n": 1}
            raise CloseSpider("bad host")

    done = crawl(Closes, PAGES)

    assert (done.reason, done.items) == ("bad host", [{"n": 1}])


def test_the_first_reason_counts(crawl):
    class Closes(Spider):
        name = "closes"
        start_urls = ["http://a/1", "http://a/2"]

        def parse(self, response):
            raise CloseSpider(f"page {response.text}")

    assert crawl(Closes, PAGES).reason == "page 1"


def test_a_middleware_whose_hook_does_not_fit_is_told_how_it_should_look(crawl, caplog):
    class Short:
        def process_request(self):
            return None

    crawl(gives(lambda self, response: None), PAGES, DOWNLOADER_MIDDLEWARES={Short: 10})

    assert "it should be def process_request(self, request)" in caplog.text
