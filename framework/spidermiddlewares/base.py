"""What spider middlewares are built on: Scrapy's ``BaseSpiderMiddleware``.

Place in the flow: between a callback's output and the engine. A subclass overrides ``get_processed_request`` or
``get_processed_item``; the engine calls these directly, once for each element. The generators are there for code that
calls or overrides them, as Scrapy documents them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, ClassVar, Self

from framework.http import Request, Response
from framework.protocols import Crawler


class BaseSpiderMiddleware:
    """Looks at each request and item that a callback (or ``start()``) yields.

    Args:
        crawler: the crawl.
    """

    refusal: ClassVar[str] = "spider middleware"
    """The reason under which a request is counted for which ``get_processed_request`` returned ``None``."""

    keeps_identity: ClassVar[bool] = False
    """Whether ``get_processed_request`` never changes URL, method or body: known duplicates then need not pass. A class
    has to say so itself; it is not inherited."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl."""
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Let through what ``start()`` yields."""
        async for element in start:
            processed = self._processed(element, None)
            if processed is not None:
                yield processed

    def process_spider_output(self, response: Response, result: Iterable[Any]) -> Iterator[Any]:
        """Let through what a callback gives."""
        for element in result:
            processed = self._processed(element, response)
            if processed is not None:
                yield processed

    async def process_spider_output_async(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Let through what an asynchronous callback gives."""
        async for element in result:
            processed = self._processed(element, response)
            if processed is not None:
                yield processed

    def _processed(self, element: Any, response: Response | None) -> Any:
        if isinstance(element, Request):
            return self.get_processed_request(element, response)
        return self.get_processed_item(element, response)

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Give the request to go on with, this one or another, or ``None`` to drop it.

        Args:
            request: what was yielded.
            response: whose callback yielded it; ``None`` for ``start()``.
        """
        return request

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """Give the item to go on with, this one or another, or ``None`` to drop it.

        Args:
            item: what was yielded.
            response: whose callback yielded it; ``None`` for ``start()``.
        """
        return item
