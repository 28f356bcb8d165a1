"""What visits tell the outside: refusals, errors, and the lines of a DEBUG log."""

from framework import Request, Spider, signals
from framework.engine.callbacks import place_of
from framework.exceptions import IgnoreRequest

PAGES = {None: "x"}


class Twice(Spider):
    name = "twice"

    async def start(self):
        yield Request("http://a/1")
        yield Request("http://a/1")
        yield Request("http://a/1")
        yield Request("gopher://a/")
        yield Request("HTTP://a/upper")

    def parse(self, response):
        yield Request("http://a/1")
        yield Request("http://a/1")


def test_refusals_are_counted_one_by_one_or_together(crawl):
    quiet = crawl(Twice, PAGES).stats

    class Loud(Twice):
        @classmethod
        def from_crawler(cls, crawler, *args, **kwargs):
            spider = super().from_crawler(crawler, *args, **kwargs)
            crawler.signals.connect(spider.on_drop, signals.request_dropped)
            spider.dropped = []
            return spider

        def on_drop(self, request):
            self.dropped.append(request.url)

    loud = crawl(Loud, PAGES)

    for key in ("refused/duplicate", "dupefilter/filtered", "refused/scheme"):
        assert loud.stats[key] == quiet[key]
    assert len(loud.crawler.spider.dropped) == quiet["refused/duplicate"] + 1


def test_the_first_duplicate_is_told_and_all_of_them_on_request(crawl, caplog):
    crawl(Twice, PAGES, is_debug=True)
    assert caplog.text.count("Filtered duplicate request: <GET http://a/1>") == 1
    assert "DUPEFILTER_DEBUG shows all" in caplog.text
    assert "Refused (scheme): <GET gopher://a/>" in caplog.text
    assert "Crawled (200) <GET http://a/1>" in caplog.text
    caplog.clear()

    crawl(Twice, PAGES, is_debug=True, DUPEFILTER_DEBUG=True)
    assert caplog.text.count("Filtered duplicate request: <GET http://a/1>") > 2


def test_a_request_that_a_middleware_drops_is_told_at_debug_level(crawl, caplog):
    class Drops:
        def process_request(self, request):
            raise IgnoreRequest("not today")

    crawl(Twice, PAGES, is_debug=True, DOWNLOADER_MIDDLEWARES={Drops: 1})

    assert "Dropped <GET http://a/1>: not today" in caplog.text


class Callable:
    def __call__(self, response):
        yield {"n": 1}
        raise LookupError("in an object")


def test_a_callback_may_be_any_callable_object(crawl, caplog):
    class Objects(Spider):
        name = "objects"

        async def start(self):
            yield Request("http://a/1", Callable())

    done = crawl(Objects, PAGES)

    assert done.items == [{"n": 1}]
    assert "Callable object at" in caplog.text


def test_the_place_of_a_callback_is_its_file_and_line():
    assert place_of(Twice.parse).startswith("Twice.parse (tests/unit/engine/test_parts.py:")
    assert place_of(len) == "len"


def test_a_callback_whose_arguments_do_not_fit_is_told_in_one_line(crawl, caplog):
    class Misfit(Spider):
        name = "misfit"

        async def start(self):
            yield Request("http://a/1", cb_kwargs={"page": 1})

        def parse(self, response):
            yield {"n": 1}

    crawl(Misfit, PAGES)

    assert "a callback takes the response" in caplog.text
    assert "Traceback" not in caplog.text


def test_without_filters_and_middlewares_everything_passes(crawl):
    class Data(Spider):
        name = "data"

        async def start(self):
            yield Request("data:,hello")
            yield Request("http://a/1")

        def parse(self, response):
            yield {"body": response.body}

    done = crawl(Data, PAGES, DOWNLOADER_MIDDLEWARES_BASE={}, SPIDER_MIDDLEWARES_BASE={})

    assert sorted(item["body"] for item in done.items) == [b"hello", b"x"]
