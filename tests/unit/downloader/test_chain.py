"""The middleware chain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from framework.downloader.chain import MiddlewareChain
from framework.exceptions import InvalidOutput
from framework.http import Request, Response

REQUEST = Request("http://a.test/")
RESPONSE = Response("http://a.test/")
SPIDER = object()


class Recorder:
    """Writes down what happens, and answers what it was told to."""

    def __init__(self, name: str, calls: list[str], **answers: Any) -> None:
        self.name, self.calls, self.answers = name, calls, answers

    def process_request(self, request: Request) -> Any:
        self.calls.append(f"{self.name} request")
        return self.answers.get("request")

    def process_response(self, request: Request, response: Response) -> Any:
        self.calls.append(f"{self.name} response")
        return self.answers.get("response", response)

    def process_exception(self, request: Request, exception: Exception) -> Any:
        self.calls.append(f"{self.name} exception")
        return self.answers.get("exception")


class AsyncRecorder(Recorder):
    async def process_request(self, request: Request) -> Any:
        await asyncio.sleep(0)
        return super().process_request(request)

    async def process_response(self, request: Request, response: Response) -> Any:
        await asyncio.sleep(0)
        return super().process_response(request, response)

    async def process_exception(self, request: Request, exception: Exception) -> Any:
        await asyncio.sleep(0)
        return super().process_exception(request, exception)


class WithSpider:
    """As middlewares for older Scrapy are written."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def process_request(self, request: Request, spider: object) -> None:
        self.seen.append(spider)

    async def process_response(self, request: Request, response: Response, spider: object) -> Response:
        self.seen.append(spider)
        return response

    def process_exception(self, request: Request, exception: Exception, spider: object) -> None:
        self.seen.append(spider)


class Empty:
    pass


KINDS = pytest.mark.parametrize("kind", [Recorder, AsyncRecorder])


@KINDS
def test_requests_pass_in_order_and_responses_and_exceptions_in_reverse(kind: type[Recorder]) -> None:
    calls: list[str] = []
    chain = MiddlewareChain([kind("a", calls), Empty(), kind("b", calls)], SPIDER)

    async def story() -> None:
        assert await chain.on_request(REQUEST) is None
        assert await chain.on_response(REQUEST, RESPONSE) is RESPONSE
        assert await chain.on_exception(REQUEST, ValueError()) is None

    asyncio.run(story())
    assert calls == ["a request", "b request", "b response", "a response", "b exception", "a exception"]


@KINDS
@pytest.mark.parametrize("answer", [RESPONSE, REQUEST], ids=["response", "request"])
def test_the_first_answer_to_a_request_or_exception_ends_the_round(
    kind: type[Recorder], answer: Response | Request
) -> None:
    calls: list[str] = []
    first = kind("a", calls, request=answer)
    last = kind("b", calls, exception=answer)
    chain = MiddlewareChain([first, last], SPIDER)

    async def story() -> None:
        assert await chain.on_request(REQUEST) is answer
        assert await chain.on_exception(REQUEST, ValueError()) is answer

    asyncio.run(story())
    assert calls == ["a request", "b exception"]


@KINDS
def test_a_response_hook_may_give_another_response_and_the_next_sees_that(kind: type[Recorder]) -> None:
    other = Response("http://other.test/")
    seen: list[Response] = []

    class Outer:
        def process_response(self, request: Request, response: Response) -> Response:
            seen.append(response)
            return response

    chain = MiddlewareChain([Outer(), kind("b", [], response=other)], SPIDER)

    assert asyncio.run(chain.on_response(REQUEST, RESPONSE)) is other
    assert seen == [other]


@KINDS
def test_a_request_from_a_response_hook_ends_the_round(kind: type[Recorder]) -> None:
    calls: list[str] = []
    other = Request("http://other.test/")
    chain = MiddlewareChain([kind("a", calls), kind("b", calls, response=other)], SPIDER)

    assert asyncio.run(chain.on_response(REQUEST, RESPONSE)) is other
    assert calls == ["b response"]


def test_hooks_that_take_the_spider_get_it() -> None:
    middleware = WithSpider()
    chain = MiddlewareChain([middleware], SPIDER)

    async def story() -> None:
        await chain.on_request(REQUEST)
        await chain.on_response(REQUEST, RESPONSE)
        await chain.on_exception(REQUEST, ValueError())

    asyncio.run(story())
    assert middleware.seen == [SPIDER] * 3


def test_hooks_that_a_class_lacks_are_not_in_the_chain() -> None:
    assert repr(MiddlewareChain([Empty(), WithSpider()], SPIDER)) == (
        "<MiddlewareChain 1 request, 1 response, 1 exception hooks>"
    )


@KINDS
@pytest.mark.parametrize("hook", ["request", "response", "exception"])
def test_a_hook_that_returns_garbage_is_named(kind: type[Recorder], hook: str) -> None:
    chain = MiddlewareChain([kind("a", [], **{hook: 42})], SPIDER)

    async def story() -> None:
        if hook == "request":
            await chain.on_request(REQUEST)
        elif hook == "response":
            await chain.on_response(REQUEST, RESPONSE)
        else:
            await chain.on_exception(REQUEST, ValueError())

    with pytest.raises(InvalidOutput, match=rf"{kind.__name__}\.process_{hook} returned int \(42\); it must return"):
        asyncio.run(story())


def test_a_response_hook_that_forgets_to_return_is_named_though_it_takes_the_spider() -> None:
    class Forgetful:
        def process_response(self, request: Request, response: Response, spider: object) -> None:
            return None

    with pytest.raises(InvalidOutput, match=r"Forgetful\.process_response returned NoneType"):
        asyncio.run(MiddlewareChain([Forgetful()], SPIDER).on_response(REQUEST, RESPONSE))
