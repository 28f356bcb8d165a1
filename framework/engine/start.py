"""The root visit: ``spider.start()``, which yields the first requests and items and is consumed lazily.

Place in the flow: step 1. It waits while more than ``START_BACKLOG`` requests are pending, so that a start that yields
millions costs no memory and a start that reads a database reads it as the crawl goes on.

Its items do not wait for its end, which may be days away: some thousand at a time, and each after a second at most,
they pass the pipelines and go to the sinks. ``lease.delivered`` says how many a later run of the job skips.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from framework.exceptions import CloseSpider, InvalidOutput
from framework.http import Request
from framework.pipelines.items import is_item
from framework.protocols import DONE, Fate, FateKind, Lease

from .callbacks import close_output, ends_the_crawl, invalid_element, place_of, tell
from .parts import Parts
from .snapshot import snapshot

logger = logging.getLogger(__name__)

_BREATHE_AFTER = 100
_DELIVER_AT = 2000
_DELIVER_AFTER_S = 1.0
_STOPPED = Fate(FateKind.DONE, "stopped")
"""Of a ``start()`` that was not read to its end: a later run of the job reads it anew."""


class StartVisit:
    """The visit that every other one descends from.

    Args:
        lease: the frontier's root.
        parts: the parts of the crawl.
        backlog: how many pending requests are enough (``START_BACKLOG``).

    Attributes:
        error: what ``start()`` raised, if anything.
        is_finished: its fate and items have been handed over.
    """

    def __init__(self, lease: Lease, parts: Parts, backlog: int) -> None:
        self.lease = lease
        self.is_finished = False
        self._parts = parts
        self._backlog = backlog
        self._wanted = asyncio.Event()
        self._items: list[tuple[int, Any]] = []
        self._position = 0
        self._delivery: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_read = False
        self._task: asyncio.Task[Any] | None = None
        self._is_stopped = False
        self.error: BaseException | None = None

    def pending_changed(self) -> None:
        """Go on when the backlog has shrunk; called by the engine after each lease."""
        if not self._wanted.is_set() and self._parts.frontier.pending < self._backlog:
            self._wanted.set()

    def stop(self) -> None:
        """Read no further; what ``start()`` has yielded so far is kept."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Consume ``start()`` to its end, or until the crawl stops."""
        try:
            fate = await self._read()
            if self._timer is not None:
                self._timer.cancel()
            if self._delivery is not None:
                await self._delivery
            items = await self._parts.items.process(self._items, None)
        finally:
            await self._end_delivery()
        self.lease.delivered = max(self.lease.delivered, self._position)
        if self._is_stopped and not self._is_read:
            fate = _STOPPED
        self._parts.committer.finish(self.lease, fate, items)
        self.is_finished = True

    async def _read(self) -> Fate:
        spider = self._parts.spider
        source = self._elements()
        try:
            await self._consume_until_stopped(self._parts.spider_chain.start(source))
        except CloseSpider as close:
            self._parts.close(close.reason)
        except BaseException as error:
            if ends_the_crawl(error):
                raise
            self.error = error
            tell(f"{place_of(spider.start)} raised", error)
            await self._parts.tell_error(error, None, None)
            return Fate(FateKind.FAILED, f"callback: {type(error).__name__}")
        finally:
            await close_output(source)
        return DONE

    # -- items on their way while start() goes on ----------------------------------------------------------------

    async def _keep(self, item: Any) -> None:
        """Take an item as it is now; wait when many have to pass the pipelines first."""
        if self._position >= self.lease.delivered:
            self._items.append((self._position, snapshot(item)))
        self._position += 1
        if self._items and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELIVER_AFTER_S, self._deliver_in_time)
        while len(self._items) >= _DELIVER_AT:
            # It is not cut short when start() is.
            await asyncio.shield(self._begin_delivery())

    def _deliver_in_time(self) -> None:
        self._timer = None
        if self._delivery is not None and not self._delivery.done():
            self._timer = asyncio.get_running_loop().call_later(_DELIVER_AFTER_S, self._deliver_in_time)
        elif self._items:
            self._begin_delivery()

    def _begin_delivery(self) -> asyncio.Task[None]:
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.create_task(self._deliver(), name="items of start()")
        return self._delivery

    async def _deliver(self) -> None:
        """Hand over the items so far; in one step with their number, which the next checkpoint stores."""
        items, self._items = self._items, []
        position = self._position
        passed = await self._parts.items.process(items, None)
        self.lease.delivered = position
        self._parts.committer.deliver(self.lease, passed)

    async def _end_delivery(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._delivery is not None and not self._delivery.done():
            self._delivery.cancel()
            await asyncio.wait([self._delivery])

    async def _consume_until_stopped(self, elements: AsyncIterator[Any]) -> None:
        task = self._task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a running coroutine has a task
        try:
            if not self._is_stopped:
                await self._consume(elements)
        except asyncio.CancelledError:
            if not self._is_stopped or task.cancelling() > 1:
                raise
        finally:
            # What comes now, the spider's own clean-up and pipelines, is not to be cut short.
            self._task = None
            if self._is_stopped:
                task.uncancel()
            await close_output(elements)

    async def _consume(self, elements: AsyncIterator[Any]) -> None:
        parts = self._parts
        since_breath = 0
        async for element in elements:
            if isinstance(element, Request):
                if not parts.keeps(element, parts.spider.start):
                    continue
                await parts.offer(self.lease, (element,))
                since_breath += 1
                if since_breath >= _BREATHE_AFTER:
                    since_breath = 0
                    await parts.breathe()
                if parts.frontier.pending >= self._backlog:
                    self._wanted.clear()
                    await self._wanted.wait()
            elif is_item(element):
                await self._keep(element)
            elif element is not None:
                parts.stats.inc_value("spider_exceptions/InvalidOutput")
                logger.error("%s", invalid_element(element, parts.spider.start))
        self._is_read = True

    async def _elements(self) -> AsyncIterator[Any]:
        """Yield from ``spider.start()``, which may be a generator of either kind or return an iterable."""
        spider = self._parts.spider
        result = spider.start()
        if inspect.iscoroutine(result):
            result = await result
        if isinstance(result, AsyncIterable):
            try:
                async for element in result:
                    yield element
            finally:
                await close_output(result)
        elif isinstance(result, Iterable):
            for element in result:
                yield element
        elif result is not None:
            msg = f"{place_of(spider.start)} must be `async def start(self)` with `yield`, not return {result!r}"
            raise InvalidOutput(msg)
