"""Every book of the demo shop, from its JSON API, whose requests ``middlewares/sign.py`` signs.

Run it against a shop that is open (``fwk shop``): ``fwk crawl api -O api.jsonl``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from framework import Request, Spider
from framework.http import JsonResponse


class ApiSpider(Spider):
    """Goes through the pages of the API."""

    name = "api"
    shop: str | None = None

    async def start(self) -> AsyncIterator[Any]:
        self.shop = (self.shop or self.settings["SHOP_URL"]).rstrip("/")
        yield Request(f"{self.shop}/api/books?page=1")

    def parse(self, response: JsonResponse) -> Iterator[Any]:
        data = response.json()
        yield from data["books"]
        if data["next"]:
            yield response.follow(data["next"])
