"""This repository's spider ``api``, fed with answers of the shop's form."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from framework.http import JsonResponse
from framework.settings import Settings
from spiders.api import ApiSpider


def answer(page: int, following: str | None) -> JsonResponse:
    body = json.dumps({"books": [{"id": page}, {"id": page + 1}], "next": following}).encode()
    return JsonResponse(f"http://shop.example/api/books?page={page}", body=body)


def test_it_starts_at_the_first_page_of_the_shop_that_the_settings_name() -> None:
    spider = ApiSpider()
    spider.settings = Settings({"SHOP_URL": "http://shop.example/"})

    async def consume() -> list[Any]:
        return [element async for element in spider.start()]

    assert [request.url for request in asyncio.run(consume())] == ["http://shop.example/api/books?page=1"]


def test_a_page_gives_its_books_and_the_next_page() -> None:
    *books, following = ApiSpider(shop="http://shop.example").parse(answer(1, "/api/books?page=2"))

    assert books == [{"id": 1}, {"id": 2}]
    assert following.url == "http://shop.example/api/books?page=2"


def test_the_last_page_gives_only_books() -> None:
    assert list(ApiSpider(shop="http://shop.example").parse(answer(5, None))) == [{"id": 5}, {"id": 6}]
