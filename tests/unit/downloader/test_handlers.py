"""Schemes and their handlers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from framework.downloader.handlers import Handlers
from framework.exceptions import InvalidOutput, NotConfigured, PluginError, UnsupportedURLSchemeError
from framework.http import Request, Response
from framework.protocols import Crawler


@dataclass
class FakeExchange:
    told: list[str] = field(default_factory=list)

    def sent(self) -> None:
        self.told.append("sent")

    def answered(self) -> None:
        self.told.append("answered")


class FakeCrawler:
    """What the handlers need of a crawler."""

    spider = "the spider"


CRAWLER = cast("Crawler", FakeCrawler())


class OwnHandler:
    built = 0

    def __init__(self) -> None:
        type(self).built += 1
        self.is_closed = False

    async def download_request(self, request: Request, exchange: Any) -> Response:
        exchange.sent()
        exchange.answered()
        return Response(request.url)

    async def close(self) -> None:
        self.is_closed = True


class ScrapyHandler:
    """Takes request and spider, is not a coroutine, and has nothing to close."""

    def download_request(self, request: Request, spider: Any) -> Response:
        return Response(request.url, body=str(spider).encode())


class NewScrapyHandler:
    async def download_request(self, request: Request) -> Response:
        return Response(request.url)

    def close(self) -> None:
        """Close nothing, at once."""


class Unconfigured:
    def __init__(self) -> None:
        raise NotConfigured("its password is not set")


class Silent:
    def __init__(self) -> None:
        raise NotConfigured


class Wrong:
    async def download_request(self, request: Request) -> str:
        return "no response"


class Unclosable:
    def __init__(self) -> None:
        self.is_closed = False

    async def download_request(self, request: Request) -> Response:
        return Response(request.url)

    async def close(self) -> None:
        raise OSError("cannot close")


def fetch(handlers: Handlers, url: str, exchange: FakeExchange | None = None) -> Response:
    return asyncio.run(handlers.download(Request(url), exchange or FakeExchange()))


def test_a_handler_is_built_once_when_first_needed_and_serves_all_its_schemes() -> None:
    OwnHandler.built = 0
    handlers = Handlers({"http": OwnHandler, "https": OwnHandler}, CRAWLER)
    assert OwnHandler.built == 0

    for url in ("http://a.test/", "https://a.test/", "http://b.test/"):
        assert fetch(handlers, url).url == url

    assert OwnHandler.built == 1


def test_a_handler_is_told_of_the_exchange() -> None:
    exchange = FakeExchange()

    fetch(Handlers({"http": OwnHandler}, CRAWLER), "http://a.test/", exchange)

    assert exchange.told == ["sent", "answered"]


@pytest.mark.parametrize(("handler", "body"), [(ScrapyHandler, b"the spider"), (NewScrapyHandler, b"")])
def test_a_handler_that_was_written_for_scrapy_counts_as_sent_when_called(handler: type, body: bytes) -> None:
    exchange = FakeExchange()

    response = fetch(Handlers({"http": handler}, CRAWLER), "http://a.test/", exchange)

    assert response.body == body
    assert exchange.told == ["sent", "answered"]


def test_a_scheme_in_capitals_is_known() -> None:
    handlers = Handlers({"HTTP": OwnHandler}, CRAWLER)
    request = Request("http://a.test/")
    request._url = "HTTP://a.test/"

    assert asyncio.run(handlers.download(request, FakeExchange())).url == "HTTP://a.test/"


def test_the_schemes_that_are_on_are_told() -> None:
    assert Handlers({"HTTP": OwnHandler, "ftp": None}, CRAWLER).schemes == {"http"}


def test_a_scheme_without_handler_is_refused_with_the_known_ones_and_the_remedy() -> None:
    handlers = Handlers({"http": OwnHandler, "ftp": None}, CRAWLER)

    with pytest.raises(UnsupportedURLSchemeError, match=r"ftp: is off; fetched are: http\. .*\"ftp\": \"myproject"):
        fetch(handlers, "ftp://a.test/")
    with pytest.raises(UnsupportedURLSchemeError, match=r"\"file\": \"framework\.downloader\.file\.FileDown"):
        fetch(handlers, "file:///etc/hostname")


def test_nothing_is_fetched_without_any_handler() -> None:
    with pytest.raises(UnsupportedURLSchemeError, match="fetched are: none"):
        fetch(Handlers({}, CRAWLER), "http://a.test/")


def test_a_handler_that_wants_to_be_left_out_turns_its_scheme_off_with_its_reason() -> None:
    handlers = Handlers({"s3": Unconfigured, "ftp": Silent}, CRAWLER)

    for _ in range(2):
        with pytest.raises(UnsupportedURLSchemeError, match="its password is not set"):
            fetch(handlers, "s3://bucket/key")
        with pytest.raises(UnsupportedURLSchemeError, match="its handler is not configured"):
            fetch(handlers, "ftp://a.test/")


def test_a_handler_that_cannot_be_imported_or_is_none_is_named() -> None:
    with pytest.raises(PluginError, match=r"nowhere\.Handler"):
        fetch(Handlers({"http": "nowhere.Handler"}, CRAWLER), "http://a.test/")
    with pytest.raises(PluginError, match="object is no download handler"):
        fetch(Handlers({"http": object}, CRAWLER), "http://a.test/")


def test_a_handler_that_returns_something_else_is_refused() -> None:
    with pytest.raises(InvalidOutput, match="of http: returned str"):
        fetch(Handlers({"http": Wrong}, CRAWLER), "http://a.test/")


def test_closing_closes_all_and_tells_the_first_error_after_that() -> None:
    made: list[OwnHandler] = []

    class Kept(OwnHandler):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    handlers = Handlers({"a": Unclosable, "b": Kept, "c": ScrapyHandler, "d": NewScrapyHandler}, CRAWLER)

    async def story() -> None:
        for scheme in "abcd":
            await handlers.download(Request(f"{scheme}://host/"), FakeExchange())
        with pytest.raises(OSError, match="cannot close"):
            await handlers.close()
        await handlers.close()

    asyncio.run(story())
    assert made[0].is_closed


def test_the_settings_name_the_handlers_and_the_users_go_before_the_built_in() -> None:
    class Options:
        handlers_base = {"http": OwnHandler, "ftp": OwnHandler}
        handlers = {"http": NewScrapyHandler, "ftp": None}

    class Settings:
        def group(self, cls: type) -> Any:
            return Options()

    class WithSettings(FakeCrawler):
        settings = Settings()

    handlers = Handlers.from_crawler(cast("Crawler", WithSettings()))

    assert fetch(handlers, "http://a.test/").url == "http://a.test/"
    with pytest.raises(UnsupportedURLSchemeError):
        fetch(handlers, "ftp://a.test/")
