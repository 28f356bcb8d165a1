"""A crawl that is made of fakes: settings, stats, a spider and an engine that answers from a table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from framework.http import Request, Response
from framework.protocols import HostPolicy
from framework.settings import Settings
from framework.telemetry.stats import StatsCollector


class FakeEngine:
    """Answers nested fetches from ``pages`` (URL to response or exception) and notes what it is told."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.fetched: list[Request] = []
        self.spawned: list[Coroutine[Any, Any, None]] = []
        self.holds: list[tuple[Request, HostPolicy]] = []

    async def download_async(self, request: Request) -> Response:
        self.fetched.append(request)
        await asyncio.sleep(0)
        page: Response | Exception = self.pages[request.url]
        if isinstance(page, Exception):
            raise page
        return page

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        self.spawned.append(coroutine)

    def set_host(self, request: Request, policy: HostPolicy) -> None:
        self.holds.append((request, policy))

    def work_off(self) -> None:
        async def all_of_it() -> None:
            await asyncio.gather(*self.spawned)

        asyncio.run(all_of_it())
        self.spawned.clear()


MakeCrawler = Callable[..., Any]


@pytest.fixture
def make_crawler() -> MakeCrawler:
    def make(settings: dict[str, Any] | None = None, **of_spider: Any) -> Any:
        crawler = SimpleNamespace(
            settings=Settings(settings or {}), stats=StatsCollector(), engine=FakeEngine(), signals=None
        )
        crawler.spider = SimpleNamespace(**{"name": "books", **of_spider}, crawler=crawler)
        return crawler

    return make
