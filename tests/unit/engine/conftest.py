"""A whole crawl between a fake network and a recording output, on a loop whose clock jumps."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

import pytest

from framework import Spider
from framework.crawler import Crawler
from framework.testing.fakes import FakeHandler, RecordingSink
from framework.testing.virtualtime import virtual_now

TOO_LONG_S = 5_000.0


class VirtualCrawler(Crawler):
    clock = staticmethod(virtual_now)

    def wall_clock(self):
        # Built-in middlewares look at the real one; at the beginning of a crawl both say the same.
        return self.began_at + virtual_now()


class Site(Spider):
    """A spider whose start URLs are those of its test."""

    name = "site"


@dataclass
class Crawl:
    """What a crawl has left."""

    crawler: Any
    handler: FakeHandler
    sink: RecordingSink
    lasted_s: float
    error: BaseException | None
    view: Any

    @property
    def items(self):
        return self.sink.items

    @property
    def paths(self):
        """What was sent, without scheme and host."""
        return [url.split("/", 3)[3] for url in self.handler.urls]

    @property
    def stats(self):
        return self.crawler.stats.get_stats()

    @property
    def reason(self):
        return self.crawler.finish_reason

    def sent_at(self, path):
        return [round(sent.at, 2) for sent in self.handler.sent if sent.url.split("/", 3)[3] == path]


def as_component(obj):
    """Give a class that the settings can name and that is built as this very object."""
    # Settings know components by their names, so that each object needs one of its own.
    return type(
        f"{type(obj).__name__}{id(obj)}",
        (),
        {"from_crawler": classmethod(lambda cls, crawler: obj.from_crawler(crawler))},
    )


def _balance(crawl):
    view, limits = crawl.view, crawl.crawler.engine._parts.limits
    assert view.offered == view.done + view.replaced + view.dropped + view.failed + view.pending
    assert view.leased == 0
    assert limits.in_flight == 0
    assert limits.active_size == 0
    assert limits._stalled == 0
    for host in crawl.crawler.engine._parts.frontier._dispatch._schedule.hosts.values():
        assert (host.active, host.reserved, len(host.waiters or ())) == (0, 0, 0)
    assert crawl.handler.is_closed or not crawl.handler.sent
    assert not crawl.sink.is_open
    if crawl.error is None:
        assert crawl.sink.written == crawl.sink.items


@pytest.fixture
def crawl(run, caplog):
    """Crawl with a spider class (or instance methods by name), a table of pages and settings; say what is left."""
    caplog.set_level(logging.INFO)

    def crawl(
        spidercls,
        pages=None,
        *,
        during=None,
        urls=None,
        raises=(),
        sink=None,
        sinks=(),
        handler=None,
        is_debug=False,
        **settings,
    ):
        if is_debug:
            caplog.set_level(logging.DEBUG, logger="framework.engine")
        handler = handler or FakeHandler(pages)
        sink = sink or RecordingSink()
        if urls is not None:
            spidercls = type(spidercls.__name__, (spidercls,), {"start_urls": list(urls)})
        pipelines = settings.pop("ITEM_PIPELINES", {})
        pipelines |= {as_component(other): 1001 for other in sinks}
        crawler = VirtualCrawler(
            spidercls,
            {
                "DOWNLOAD_HANDLERS": {"http": as_component(handler)},
                "ITEM_PIPELINES": {as_component(sink): 1000, **pipelines},
                "EXTENSIONS_BASE": {},
                "CHECKPOINT_INTERVAL": 50,
                "RETRY_BACKOFF_BASE": 0,
                **settings,
            },
        )

        crawler.began_at = time.time()

        async def case():
            began_at = virtual_now()
            async with asyncio.timeout(TOO_LONG_S):
                meanwhile = asyncio.ensure_future(during(crawler)) if during else None
                try:
                    await crawler.crawl()
                    error = None
                except raises as expected:
                    error = expected
                if meanwhile:
                    await meanwhile
            return Crawl(crawler, handler, sink, virtual_now() - began_at, error, crawler.engine.view())

        result = run(case())
        _balance(result)
        return result

    return crawl
