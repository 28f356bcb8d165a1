"""Every book of the demo shop, from its product pages.

Run it against a shop that is open (``fwk shop`` in another terminal): ``fwk crawl books -O books.jsonl``. Another
address: ``-a shop=http://127.0.0.1:9000``. ``make demo`` does both by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

from framework import Request, Spider
from framework.http import HtmlResponse


class BooksSpider(Spider):
    """Goes from the shop's front page through all categories and their pages to every book."""

    name = "books"
    # Beside the feed, its books go into MongoDB: see MONGO_URI in settings.py.
    custom_settings = {
        "ITEM_PIPELINES": {
            "pipelines.price.PriceCheckPipeline": 300,
            "framework.pipelines.mongo.MongoPipeline": 900,
        },
    }
    shop: str | None = None

    async def start(self) -> AsyncIterator[Any]:
        self.shop = (self.shop or self.settings["SHOP_URL"]).rstrip("/")
        yield Request(self.shop + "/")

    def parse(self, response: HtmlResponse) -> Iterator[Any]:
        yield from response.follow_all(css="ul.browse a", callback=self.parse_category)

    def parse_category(self, response: HtmlResponse) -> Iterator[Any]:
        yield from response.follow_all(css="article.book h3 a", callback=self.parse_book)
        yield from response.follow_all(css="li.next a", callback=self.parse_category)

    def parse_book(self, response: HtmlResponse) -> Iterator[dict[str, Any]]:
        book = response.css("article.product")
        specs = response.css("table.specs")
        price = book.xpath("./p[@class='price']/text()").get(default="")
        yield {
            "url": urlsplit(response.url).path,
            "id": int(book.attrib["data-id"]),
            "upc": specs.css("td.upc::text").get(),
            "title": book.css("h1::text").get(),
            "author": book.css("p.author::text").get(),
            "category": response.css("ul.breadcrumb li:nth-child(2) a::text").get(),
            "price": price,
            "price_value": float(price.lstrip("£") or "nan"),
            "rating": int(book.xpath("./*[contains(@class, 'rating')]/@data-rating").get(default="0")),
            "stock": int(specs.css("td.stock::text").get(default="0")),
            "year": int(specs.css("td.year::text").get(default="0")),
            "pages": int(specs.css("td.pages::text").get(default="0")),
            "description": "\n\n".join(book.css(".description p::text").getall()),
            "image": book.css("img.cover::attr(src)").get(),
        }
