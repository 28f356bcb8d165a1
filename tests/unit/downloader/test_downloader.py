"""One request through middlewares and handler, and back."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from framework import signals as events
from framework.downloader.chain import MiddlewareChain
from framework.downloader.downloader import Downloader, Outcome, landing_of
from framework.downloader.handlers import Handlers
from framework.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionError,
    DownloadError,
    DownloadTimeoutError,
    ForbiddenAddressError,
    IgnoreRequest,
    ResponseDataLossError,
    StopDownload,
    TlsError,
    UnsupportedURLSchemeError,
)
from framework.http import Request, Response
from framework.protocols import Crawler, Landing
from framework.signalmanager import SignalManager

REQUEST = Request("http://a.test/")


class FakeTransfer:
    def __init__(self) -> None:
        self.told: list[object] = []

    def sent(self) -> None:
        self.told.append("sent")

    def answered(self) -> None:
        self.told.append("answered")

    def landed(self, landing: Landing) -> None:
        self.told.append(landing)


class FakeHandler:
    """Answers with a response, or raises."""

    def __init__(self, answer: Response | BaseException) -> None:
        self.answer = answer
        self.is_closed = False

    async def download_request(self, request: Request, exchange: Any) -> Response:
        exchange.sent()
        if isinstance(self.answer, BaseException):
            raise self.answer
        exchange.answered()
        return self.answer

    async def close(self) -> None:
        self.is_closed = True


class FakeCrawler:
    spider = "the spider"


class Hooks:
    """Each hook given as a function."""

    def __init__(self, **hooks: Any) -> None:
        for name, hook in hooks.items():
            setattr(self, name, hook)


def raising(error: BaseException) -> Any:
    def hook(*_: object) -> None:
        raise error

    return hook


def downloader_of(
    answer: Response | BaseException, *middlewares: object, signals: SignalManager | None = None
) -> tuple[Downloader, FakeHandler]:
    handler = FakeHandler(answer)
    handlers = Handlers({"http": lambda: handler}, cast("Crawler", FakeCrawler()))
    chain = MiddlewareChain(middlewares, "the spider")
    return Downloader(chain, handlers, signals or SignalManager(), "the spider"), handler


def fetch(answer: Response | BaseException, *middlewares: object) -> tuple[Outcome, list[object]]:
    transfer = FakeTransfer()
    downloader, _ = downloader_of(answer, *middlewares)
    return asyncio.run(downloader.fetch(REQUEST, transfer)), transfer.told


def test_a_response_comes_with_its_request_after_it_has_landed() -> None:
    response = Response("http://a.test/")
    seen: list[object] = []

    def process_response(request: Request, response: Response) -> Response:
        seen.append(response.request)
        return response

    outcome, told = fetch(response, Hooks(process_response=process_response))

    assert outcome is response
    assert response.request is REQUEST
    assert seen == [REQUEST]
    assert told == ["sent", "answered", Landing.ANSWERED]


def test_a_response_from_a_request_hook_passes_the_response_hooks_but_not_the_network() -> None:
    made = Response("http://made.test/")
    passed: list[object] = []

    def process_response(request: Request, response: Response) -> Response:
        passed.append(response)
        return response

    outcome, told = fetch(
        Response("http://a.test/"),
        Hooks(process_request=lambda request: made),
        Hooks(process_response=process_response),
    )

    assert outcome is made
    assert made.request is REQUEST
    assert passed == [made]
    assert told == []


def test_a_request_from_a_request_hook_goes_straight_back() -> None:
    other = Request("http://other.test/")

    outcome, told = fetch(
        Response("http://a.test/"),
        Hooks(process_request=lambda request: other, process_response=raising(AssertionError())),
    )

    assert outcome is other
    assert told == []


@pytest.mark.parametrize("error", [IgnoreRequest("no"), ValueError("a bug")], ids=["ignore", "bug"])
def test_what_a_request_hook_raises_passes_the_exception_hooks_and_comes_back(error: Exception) -> None:
    seen: list[object] = []

    outcome, told = fetch(
        Response("http://a.test/"),
        Hooks(process_request=raising(error), process_exception=lambda request, exception: seen.append(exception)),
    )

    assert outcome is error
    assert seen == [error]
    assert told == []


def test_a_failed_fetch_passes_the_exception_hooks_and_comes_back() -> None:
    error = DownloadTimeoutError("slow")
    seen: list[object] = []

    outcome, told = fetch(error, Hooks(process_exception=lambda request, exception: seen.append(exception)))

    assert outcome is error
    assert seen == [error]
    assert told == ["sent", Landing.SILENT]


def test_an_exception_hook_may_give_a_response_which_passes_the_response_hooks() -> None:
    made = Response("http://made.test/")
    final = Response("http://final.test/")

    outcome, _ = fetch(
        DownloadError("broken"),
        Hooks(
            process_exception=lambda request, exception: made,
            process_response=lambda request, response: final if response is made else None,
        ),
    )

    assert outcome is final
    assert final.request is REQUEST


def test_an_exception_hook_may_give_a_request() -> None:
    other = Request("http://other.test/")

    assert fetch(DownloadError("broken"), Hooks(process_exception=lambda *_: other))[0] is other


def test_what_an_exception_hook_raises_comes_back() -> None:
    error = IgnoreRequest("enough")

    assert fetch(DownloadError("broken"), Hooks(process_exception=raising(error)))[0] is error


def test_what_a_response_hook_raises_comes_back_past_the_exception_hooks() -> None:
    error = IgnoreRequest("not this one")

    outcome, told = fetch(
        Response("http://a.test/"),
        Hooks(process_response=raising(error), process_exception=raising(AssertionError())),
    )

    assert outcome is error
    assert told[-1] is Landing.ANSWERED


def test_a_request_from_a_response_hook_comes_back() -> None:
    other = Request("http://other.test/")

    assert fetch(Response("http://a.test/"), Hooks(process_response=lambda *_: other))[0] is other


def test_a_cancelled_fetch_lands_too() -> None:
    transfer = FakeTransfer()
    downloader, _ = downloader_of(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(downloader.fetch(REQUEST, transfer))

    assert transfer.told == ["sent", Landing.UNKNOWN]


def local(error: DownloadError) -> DownloadError:
    error.blames = "local"
    return error


@pytest.mark.parametrize(
    ("error", "landing"),
    [
        (DownloadTimeoutError(), Landing.SILENT),
        (DownloadConnectionError(), Landing.SILENT),
        (CannotResolveHostError(), Landing.SILENT),
        (TlsError(), Landing.ANSWERED),
        (ResponseDataLossError(), Landing.ANSWERED),
        (DownloadCancelledError(), Landing.ANSWERED),
        (StopDownload(), Landing.ANSWERED),
        (DownloadError(), Landing.UNKNOWN),
        (ForbiddenAddressError(), Landing.UNKNOWN),
        (UnsupportedURLSchemeError(), Landing.UNKNOWN),
        (local(DownloadConnectionError()), Landing.UNKNOWN),
        (ValueError(), Landing.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.value,
)
def test_an_error_tells_whether_its_host_is_there(error: Exception, landing: Landing) -> None:
    assert landing_of(error) is landing


def listening(heard: list[tuple[str, dict[str, Any]]]) -> SignalManager:
    signals = SignalManager()
    for signal in (events.request_reached_downloader, events.response_downloaded, events.request_left_downloader):

        def handler(signal: Any, **arguments: Any) -> None:
            heard.append((signal.name, arguments))

        signals.connect(handler, signal, weak=False)
    return signals


def test_signals_tell_of_a_fetch_in_scrapys_order() -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    response = Response("http://a.test/")
    downloader, _ = downloader_of(response, signals=listening(heard))

    asyncio.run(downloader.fetch(REQUEST, FakeTransfer()))

    assert [name for name, _ in heard] == [
        "request_reached_downloader",
        "response_downloaded",
        "request_left_downloader",
    ]
    assert heard[1][1]["response"] is response
    assert all(a["request"] is REQUEST and a["spider"] == "the spider" for _, a in heard)


def test_a_request_leaves_the_downloader_even_when_it_fails() -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    downloader, _ = downloader_of(DownloadError("broken"), signals=listening(heard))

    asyncio.run(downloader.fetch(REQUEST, FakeTransfer()))

    assert [name for name, _ in heard] == ["request_reached_downloader", "request_left_downloader"]


def test_closing_closes_the_handlers() -> None:
    downloader, handler = downloader_of(Response("http://a.test/"))

    async def story() -> None:
        await downloader.fetch(REQUEST, FakeTransfer())
        await downloader.close()

    asyncio.run(story())
    assert handler.is_closed
