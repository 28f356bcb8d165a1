from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from framework.feeds import FeedSink, build_feeds
from framework.feeds.writer import close_file
from framework.settings import Settings
from framework.signalmanager import SignalManager


class FakeStats:
    """Counters in a dict."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def inc_value(self, key: str, count: int = 1, start: int = 0) -> None:
        self.values[key] = self.values.get(key, start) + count


class FakeSpider:
    name = "books"
    category = "poetry"
    custom_settings: dict[str, Any] = {}

    def __init__(self) -> None:
        self.shelf = 7

    @property
    def season(self) -> str:
        return "spring"


class FakeCrawler:
    """As much of a crawler as feeds need."""

    engine = None
    request_fingerprinter = None

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = Settings(settings)
        self.stats: Any = FakeStats()
        self.signals = SignalManager(self)
        self.spider = FakeSpider()


@pytest.fixture
def crawler() -> Callable[..., FakeCrawler]:
    """Make a crawler of the feeds and other settings given."""
    return lambda feeds, **settings: FakeCrawler({"FEEDS": feeds, **settings})


@pytest.fixture
def feed(tmp_path: Path) -> Callable[..., FeedSink]:
    """Build the sink of one feed in the test's folder: its name and options."""

    def build(name: str, durable: bool = False, **options: Any) -> FeedSink:
        [sink] = build_feeds(FakeCrawler({"FEEDS": {str(tmp_path / name): options}}), durable=durable)
        return sink

    return build


@pytest.fixture
def crawl() -> Callable[..., dict[str, Any]]:
    """Run sinks through a crawl of one checkpoint an item and return the last cut by name."""

    def run(
        sinks: FeedSink | list[FeedSink], items: Iterable[Any], cut: Any = None, *, close: bool = True
    ) -> dict[str, Any]:
        return asyncio.run(_crawl(sinks if isinstance(sinks, list) else [sinks], items, cut, close=close))

    return run


def kill(sink: FeedSink) -> None:
    """Let go of a sink's files as the end of a process does: nothing is written any more."""
    for batch in {sink._batch, *sink._writer._ended, *(piece.batch for piece in sink._writer._sealed)}:
        close_file(batch)


async def _crawl(sinks: list[FeedSink], items: Iterable[Any], cut: Any, *, close: bool) -> dict[str, Any]:
    cuts: dict[str, Any] = {}
    for sink in sinks:
        await sink.open(cut)
        cuts[sink.name] = sink.seal()
        await sink.write(cuts[sink.name])
    for identity, item in enumerate(items):
        for sink in sinks:
            sink.hand(identity, [(0, item)])
            cuts[sink.name] = sink.seal()
            await sink.write(cuts[sink.name])
    for sink in sinks:
        if close:
            await sink.close()
        else:
            # As if the process had been killed: the file stays as the last write left it.
            kill(sink)
    return cuts


@pytest.fixture
def killed() -> Callable[[FeedSink], None]:
    """Let go of a sink's files as the end of a process does."""
    return kill
