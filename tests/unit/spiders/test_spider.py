from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import pytest

from framework.exceptions import PluginError
from framework.http import HtmlResponse, Request
from framework.settings import Settings
from framework.signalmanager import SignalManager
from framework.signals import spider_closed
from framework.spiders import Spider


class Books(Spider):
    name = "books"
    allowed_domains = ["books.example"]

    def parse(self, response):
        yield {"url": response.url}


@pytest.fixture
def crawler():
    return SimpleNamespace(settings=Settings(), signals=SignalManager())


def first(spider):
    async def collect():
        return [element async for element in spider.start()]

    return asyncio.run(collect())


def test_arguments_become_attributes():
    spider = Books(colour="blue")

    assert (spider.name, spider.colour, spider.start_urls, spider.state) == ("books", "blue", [], {})
    assert Books("other").name == "other"
    assert repr(spider) == "<Books 'books'>"


def test_a_spider_must_have_a_name():
    with pytest.raises(PluginError, match="Spider must have a name: add `name = "):
        Spider()


def test_start_urls_become_requests_that_are_not_filtered():
    spider = Books(start_urls=["https://a.example/", "https://b.example/"])

    assert [(request.url, request.dont_filter) for request in first(spider)] == [
        ("https://a.example/", True),
        ("https://b.example/", True),
    ]


def test_the_older_start_requests_is_asked():
    class Old(Books):
        def start_requests(self):
            yield Request("https://old.example/")

    assert [request.url for request in first(Old())] == ["https://old.example/"]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"start_urls": "https://a.example/"}, r"start_urls is a string; make it a list"),
        ({"start_urls": ["a.example"]}, r"Books\.start_urls has 'a\.example': Missing scheme"),
        ({"start_urls": [7]}, r"Books\.start_urls has 7: "),
        ({"start_url": "https://a.example/"}, r"it must be a list called start_urls"),
    ],
)
def test_start_urls_that_cannot_be_are_told(attributes, said):
    with pytest.raises(PluginError, match=said):
        first(Books(**attributes))


def test_a_spider_is_made_for_a_crawl(crawler):
    spider = Books.from_crawler(crawler, colour="blue")

    assert spider.crawler is crawler
    assert spider.settings is crawler.settings
    assert spider.colour == "blue"


def test_closed_is_called_at_the_end(crawler):
    class Closing(Books):
        def closed(self, reason):
            self.reason = reason

    spider = Closing.from_crawler(crawler)
    crawler.signals.send_catch_log(spider_closed, spider=spider, reason="finished")

    assert spider.reason == "finished"


def test_arguments_that_do_not_fit_are_told_as_typed(crawler):
    class Picky(Books):
        def __init__(self, category):
            super().__init__()

    with pytest.raises(PluginError, match=r"spider 'books' .*\(-a colour\): .*'colour'; give -a NAME=VALUE"):
        Picky.from_crawler(crawler, colour="blue")
    with pytest.raises(PluginError, match=r"\(none\): .*'category'"):
        Picky.from_crawler(crawler)


def test_a_type_error_inside_of_init_is_the_spiders_own(crawler):
    class Broken(Books):
        def __init__(self):
            len(7)

    with pytest.raises(TypeError, match="has no len"):
        Broken.from_crawler(crawler)


def test_custom_settings_count_for_the_spider():
    class Slow(Books):
        custom_settings = {"DOWNLOAD_DELAY": 9}

    settings = Settings()
    Slow.update_settings(settings)

    assert settings.getint("DOWNLOAD_DELAY") == 9


def test_requests_without_a_callback_go_to_parse():
    spider = Books()

    assert spider._parse == spider.parse


def test_a_spider_without_parse_says_so():
    class Bare(Spider):
        name = "bare"

    with pytest.raises(PluginError, match=r"Bare has no parse method.*https://a\.example/.*add def parse"):
        Bare().parse(HtmlResponse("https://a.example/"))


def test_the_logger_has_the_spiders_name(caplog):
    with caplog.at_level(logging.DEBUG):
        Books().log("hello")
        Books().logger.warning("careful")

    assert [(record.name, record.levelname) for record in caplog.records] == [("books", "DEBUG"), ("books", "WARNING")]


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://books.example/", True),
        ("https://www.books.example/", True),
        ("https://BOOKS.example/", True),
        ("https://books/", True),
        ("https://otherbooks.example/", False),
    ],
)
def test_a_spider_handles_its_domains(url, is_ours):
    assert Books.handles_request(Request(url)) is is_ours


def test_closed_gets_the_reason_by_its_place(crawler):
    class Ends(Books):
        def closed(self, why):
            self.ended = why

    spider = Ends.from_crawler(crawler)
    crawler.signals.send_catch_log(spider_closed, spider=spider, reason="shutdown")

    assert spider.ended == "shutdown"
