"""The benchmark's spider for fwk, as a user of either framework writes it; its twin differs in the imports only."""

import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from framework import Request, Spider


class PagesSpider(Spider):
    """Follows every link and yields one item a page."""

    name = "pages"

    def __init__(self, start_url: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.start_url = start_url
        # The clock of the crawl starts here; what came before is reported as start-up.
        Path(os.environ["BENCH_STAMP"]).write_text(f"{time.monotonic()} {time.process_time()}", encoding="ascii")

    async def start(self) -> AsyncIterator[Any]:
        """Begin at one page; unlike `start_urls` this lets the filter know it, so that it is fetched once."""
        yield Request(self.start_url)

    def parse(self, response: Any) -> Iterator[Any]:
        """Take the three fields, then follow all links."""
        yield {
            "url": response.url,
            "title": response.css("h1::text").get(),
            "price": response.css(".price::text").get(),
            "text": response.css(".text::text").get(),
        }
        yield from response.follow_all(response.css("a::attr(href)").getall())
