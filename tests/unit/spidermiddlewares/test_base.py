from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from framework.http import Request, Response
from framework.spidermiddlewares.base import BaseSpiderMiddleware

PAGE = Response("http://a.example/")
WANTED, UNWANTED = Request("http://a.example/1"), Request("http://a.example/2")


class Picky(BaseSpiderMiddleware):
    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        return request if request is WANTED else None

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        return {**item, "page": response and response.url} if item else None


OUTPUT = [WANTED, {"a": 1}, UNWANTED, {}]


async def output() -> AsyncIterator[Any]:
    for element in OUTPUT:
        yield element


def test_a_callbacks_output_is_looked_at_one_by_one(make_crawler: Any) -> None:
    middleware = Picky.from_crawler(make_crawler())

    assert list(middleware.process_spider_output(PAGE, OUTPUT)) == [WANTED, {"a": 1, "page": PAGE.url}]


def test_asynchronous_output_is_looked_at_alike(make_crawler: Any) -> None:
    middleware = Picky.from_crawler(make_crawler())

    async def collect() -> list[Any]:
        return [element async for element in middleware.process_spider_output_async(PAGE, output())]

    assert asyncio.run(collect()) == [WANTED, {"a": 1, "page": PAGE.url}]


def test_the_start_is_looked_at_without_a_page(make_crawler: Any) -> None:
    middleware = Picky.from_crawler(make_crawler())

    async def collect() -> list[Any]:
        return [element async for element in middleware.process_start(output())]

    assert asyncio.run(collect()) == [WANTED, {"a": 1, "page": None}]


def test_nothing_is_changed_by_the_class_itself(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = BaseSpiderMiddleware(crawler)

    assert list(middleware.process_spider_output(PAGE, OUTPUT)) == OUTPUT
    assert middleware.crawler is crawler
    assert middleware.refusal == "spider middleware"
