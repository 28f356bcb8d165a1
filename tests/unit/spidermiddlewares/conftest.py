"""A crawl that is made of fakes: settings, stats and a spider."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from framework.settings import Settings
from framework.telemetry.stats import StatsCollector


@pytest.fixture
def make_crawler() -> Callable[..., Any]:
    def make(settings: dict[str, Any] | None = None, **of_spider: Any) -> Any:
        crawler = SimpleNamespace(settings=Settings(settings or {}), stats=StatsCollector(), signals=None)
        crawler.spider = SimpleNamespace(**{"name": "books", **of_spider}, crawler=crawler)
        return crawler

    return make
