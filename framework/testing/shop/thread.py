"""A shop in a thread of its own, for tests that are not coroutines and for commands run as subprocesses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from framework.testing.shop.books import Book
from framework.testing.shop.log import RequestLog
from framework.testing.shop.server import Shop

_PATIENCE_S = 10.0


class ThreadedShop:
    """Runs a `Shop` in its own thread and event loop, between `with` and its end; arguments are those of `Shop`.

    The log may be read at any time. Other switches of `shop` may be set between requests.
    """

    def __init__(self, **options: Any) -> None:
        self.shop = Shop(**options)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started: Future[None] = Future()

    @property
    def url(self) -> str:
        """The shop's address, without a slash at the end."""
        return self.shop.url

    @property
    def log(self) -> RequestLog:
        """Every request that the shop saw."""
        return self.shop.log

    @property
    def books(self) -> Sequence[Book]:
        """The shop's books."""
        return self.shop.books

    def truth(self) -> list[dict[str, Any]]:
        """Give the items that a correct crawl of every product page gives."""
        return self.shop.truth()

    def start(self) -> ThreadedShop:
        """Start the thread; back as soon as requests are answered.

        :raises OSError: the port is taken or an address is not this machine's
        :raises RuntimeError: it is started already
        """
        if self._thread is not None:
            raise RuntimeError("the shop is started already")
        self._started = Future()
        self._thread = threading.Thread(target=self._serve, name="demo-shop", daemon=True)
        self._thread.start()
        try:
            self._started.result(_PATIENCE_S)
        except BaseException:
            thread, self._thread = self._thread, None
            thread.join(_PATIENCE_S)
            raise
        return self

    def stop(self) -> None:
        """Stop the shop and wait for its thread. Safe to repeat."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_PATIENCE_S)
        self._thread = None

    def __enter__(self) -> ThreadedShop:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            await self.shop.start()
        except Exception as error:  # told to the thread that called start
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stopping.wait()
        await self.shop.stop()
