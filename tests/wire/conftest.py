"""Whole crawls in this process, against a demo shop in a thread of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from framework import Request, Spider
from framework.crawler import Crawler
from framework.testing.shop import ThreadedShop


@dataclass
class Crawl:
    """What a crawl left behind: the items in its output file, and what it says of itself."""

    items: list[dict[str, Any]]
    stats: dict[str, Any]
    reason: str | None
    view: Any

    def by(self, key: str) -> dict[Any, dict[str, Any]]:
        """Give the items by one of their fields; two with the same value are an error."""
        found = {item[key]: item for item in self.items}
        assert len(found) == len(self.items)
        return found


def page_item(response: Any) -> dict[str, Any]:
    """Say of a page what it is."""
    return {
        "path": response.url.split("/", 3)[3],
        "status": response.status,
        "h1": response.css("h1::text").get(),
        "asked": response.request.meta["asked"],
    }


class PathsSpider(Spider):
    """Asks for some paths of one shop; an item for each page, and for each failure."""

    name = "paths"

    def __init__(self, base: str, paths: Iterable[Any], take: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.base, self.paths, self.take = base, list(paths), take

    async def start(self) -> AsyncIterator[Any]:
        for path in self.paths:
            options = {} if isinstance(path, str) else path
            target = path if isinstance(path, str) else options["path"]
            others = {key: value for key, value in options.items() if key not in ("path", "meta")}
            meta = {"asked": target, **options.get("meta", {})}
            yield Request(self.base + target, errback=self.failed, meta=meta, **others)

    def parse(self, response: Any) -> Any:
        return page_item(response) if self.take is None else self.take(response)

    def failed(self, failure: Any) -> dict[str, Any]:
        return {"asked": failure.request.meta["asked"], "error": type(failure.value).__name__}


class Crawling:
    """Runs crawls; what they yield goes through a real output file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0

    def __call__(self, spidercls: type[Spider], settings: dict[str, Any] | None = None, /, **arguments: Any) -> Crawl:
        self._runs += 1
        output = self._folder / f"items-{self._runs}.jsonl"
        given = {"FEEDS": {str(output): {"format": "jsonl"}}, "RETRY_BACKOFF_BASE": 0.02, **(settings or {})}
        crawler = Crawler(spidercls, given)
        complaints: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            async with asyncio.timeout(30):
                await crawler.crawl(**arguments)

        asyncio.run(watched())
        assert complaints == []
        lines = output.read_text("utf-8").splitlines() if output.exists() else []
        assert crawler.engine is not None
        view = crawler.engine.view()
        assert view.offered == view.done + view.replaced + view.dropped + view.failed + view.pending
        return Crawl([json.loads(line) for line in lines], crawler.stats.get_stats(), crawler.finish_reason, view)

    def paths(
        self,
        shop: ThreadedShop,
        *paths: Any,
        take: Callable[[Any], Any] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> Crawl:
        """Ask for these paths: a string, or the arguments of a Request with ``path`` in the place of its URL."""
        return self(PathsSpider, settings, base=shop.url, paths=paths, take=take)


@pytest.fixture
def crawl(tmp_path: Path) -> Crawling:
    return Crawling(tmp_path)


@pytest.fixture(scope="session")
def served_shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=60, page_size=7) as shop:
        yield shop


@pytest.fixture
def shop(served_shop: ThreadedShop) -> ThreadedShop:
    """Give a shop that has seen nobody yet and behaves."""
    served = served_shop.shop
    served.forget()
    served.faults, served.robots_txt, served.robots_status = None, None, 200
    served.pages.clear()
    return served_shop
