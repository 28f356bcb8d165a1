"""What a component may know of the crawl it belongs to: the crawler that ``from_crawler`` gets, and its parts.

The real classes are higher up; these protocols are what built-in components are written against.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any, Protocol, runtime_checkable

from framework.http import Request, Response
from framework.settings import Settings
from framework.signalmanager import SignalManager

from .frontier import FrontierView, HostPolicy


class StatsCollector(Protocol):
    """Counters and values of a crawl, under Scrapy's method names. Keys are documented in the reference."""

    def get_value(self, key: str, default: Any = None) -> Any:
        """Return one value."""
        ...

    def get_stats(self) -> dict[str, Any]:
        """Return all values."""
        ...

    def set_value(self, key: str, value: Any) -> None:
        """Set one value."""
        ...

    def inc_value(self, key: str, count: int = 1, start: int = 0) -> None:
        """Add ``count`` to one value, which begins at ``start``."""
        ...

    def max_value(self, key: str, value: Any) -> None:
        """Keep the larger of the old value and ``value``."""
        ...

    def min_value(self, key: str, value: Any) -> None:
        """Keep the smaller of the old value and ``value``."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A component whose state survives a stop: cookies, counts of its own.

    One with a large state may have an attribute ``snapshot_revision`` too, not declared here: any value but ``None``.
    As long as it is equal to that of the last checkpoint, ``snapshot`` is not called, and what it gave then is stored.
    """

    def snapshot(self) -> Any:
        """Return the state as data that can be stored (see the stored form of requests); called at each checkpoint."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Take back what ``snapshot`` returned at the last checkpoint; called before the first request."""
        ...


class SpiderLike(Protocol):
    """What built-in components read of a spider."""

    name: str

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """The spider's own logger."""
        ...


class Engine(Protocol):
    """What a component may ask of the engine (``crawler.engine``)."""

    async def download_async(self, request: Request) -> Response:
        """Fetch now: a nested fetch, polite, not stored, not filtered."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine that the engine owns: it is awaited or cancelled when the crawl ends."""
        ...

    def close_spider(self, spider: Any = None, reason: str = "cancelled") -> None:
        """End the crawl: nothing new is leased, what is in flight is worked off."""
        ...

    def set_host(self, request: Request, policy: HostPolicy) -> None:
        """Change the politeness of the host that ``request`` belongs to (``Retry-After``, a throttle)."""
        ...

    def view(self) -> FrontierView:
        """Return the frontier's numbers."""
        ...

    @property
    def in_flight(self) -> int:
        """Requests on the wire now."""
        ...


class Crawler(Protocol):
    """One crawl, complete when components see it in ``from_crawler``.

    ``engine`` is set before any hook is called; while components are built it is ``None``.
    """

    @property
    def settings(self) -> Settings:
        """Return the settings of the crawl."""
        ...

    @property
    def stats(self) -> Any:
        """Return the stats collector (a ``StatsCollector``)."""
        ...

    @property
    def signals(self) -> SignalManager:
        """Return the signal manager."""
        ...

    @property
    def spider(self) -> Any:
        """Return the spider."""
        ...

    @property
    def engine(self) -> Engine | None:
        """Return the engine, once the crawl is built."""
        ...

    @property
    def request_fingerprinter(self) -> Any:
        """Return what says which requests are the same."""
        ...
