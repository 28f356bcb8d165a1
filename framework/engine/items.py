"""The items of a visit on their way through the pipelines.

Place in the flow: step 6 of a request's life. Items keep their position in the callback's output whatever order slow
pipelines end in; a dropped or broken one leaves a gap.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from framework import signals
from framework.exceptions import DropItem
from framework.failure import Failure
from framework.http import Response
from framework.pipelines.chain import PipelineChain
from framework.protocols import StatsCollector
from framework.signalmanager import SignalManager

from .callbacks import ends_the_crawl, tell
from .spool import ItemSpool

logger = logging.getLogger(__name__)

_CHUNK = 256


class ItemStage:
    """Passes items through the pipelines, and tells stats, signals and log what became of each.

    Args:
        chain: the compiled pipelines.
        at_once: how many items of one visit may be in asynchronous pipelines at once (``CONCURRENT_ITEMS``).
        stats, signals, spider: those of the crawl.
        note: shown each item that left the pipelines.
        drop_level: of the log line about a dropped item whose ``DropItem`` names none (``DEFAULT_DROPITEM_LOG_LEVEL``).
        folder: where the items of a visit wait that has very many; ``None`` for the system's temporary folder.
    """

    def __init__(  # noqa: PLR0913 - built in one place
        self,
        chain: PipelineChain,
        *,
        at_once: int,
        stats: StatsCollector,
        signals: SignalManager,
        spider: Any,
        drop_level: str = "WARNING",
        note: Callable[[Any], None] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._chain = chain
        self._folder = folder
        self._note = note
        self._at_once = at_once
        self._stats = stats
        self._signals = signals
        self._spider = spider
        self._drop_level = drop_level
        self._is_debug = logger.isEnabledFor(logging.DEBUG)

    def spool(self, items: Iterable[tuple[int, Any]]) -> ItemSpool:
        """Return a place on disk for the items of one visit, with these as the first."""
        return ItemSpool(self._folder, items)

    async def process_spooled(self, items: ItemSpool, response: Response | None) -> ItemSpool:
        """Pass very many items through, some at a time; return those that came out, on disk like the others."""
        passed = items.empty()
        for chunk in _chunks(items, max(self._at_once, _CHUNK)):
            for entry in await self.process(chunk, response):
                passed.append(entry)
            await asyncio.sleep(0)
        return passed

    async def process(self, items: Sequence[tuple[int, Any]], response: Response | None) -> list[tuple[int, Any]]:
        """Pass items through; return those that came out, with their positions."""
        if self._chain.is_sync:
            results = [await self._one(position, item, response) for position, item in items]
        else:
            results = []
            for start in range(0, len(items), self._at_once):
                chunk = items[start : start + self._at_once]
                results += await asyncio.gather(*(self._one(position, item, response) for position, item in chunk))
        return [result for result in results if result is not None]

    async def _one(self, position: int, item: Any, response: Response | None) -> tuple[int, Any] | None:
        chain = self._chain
        try:
            if chain.is_empty:
                passed = item
            elif chain.is_sync:
                passed = chain.process_sync(item)
            else:
                passed = await chain.process(item)
        except DropItem as drop:
            await self._dropped(item, drop, response)
            return None
        except BaseException as error:
            if ends_the_crawl(error):
                raise
            await self._broke(item, error, response)
            return None
        self._stats.inc_value("item_scraped_count")
        if self._note is not None:
            self._show(self._note, passed)
        if self._is_debug:
            logger.debug("Scraped from %s: %s", response or "start()", passed)
        if self._signals.has(signals.item_scraped):
            await self._signals.send_catch_log_async(
                signals.item_scraped, item=passed, response=response, spider=self._spider
            )
        return position, passed

    def _show(self, note: Callable[[Any], None], item: Any) -> None:
        """Count the item's fields; what goes wrong with that costs the counts, and not the item."""
        try:
            note(item)
        except Exception as error:
            self._note = None
            tell(f"The fields of a {type(item).__name__} cannot be counted; no more are, and no item is lost", error)

    async def _dropped(self, item: Any, drop: DropItem, response: Response | None) -> None:
        self._stats.inc_value("item_dropped_count")
        self._stats.inc_value(f"item_dropped_reasons_count/{type(drop).__name__}")
        level: Any = drop.log_level or self._drop_level
        if not isinstance(level, int):
            level = logging.getLevelNamesMapping().get(str(level).upper(), logging.WARNING)
        logger.log(level, "Dropped an item of %s: %s", response, drop)
        await self._signals.send_catch_log_async(
            signals.item_dropped, item=item, response=response, exception=drop, spider=self._spider
        )

    async def _broke(self, item: Any, error: BaseException, response: Response | None) -> None:
        self._stats.inc_value("item_error_count")
        tell(f"A pipeline failed on an item of {response or 'start()'}, which is lost: {item!r:.500}", error)
        await self._signals.send_catch_log_async(
            signals.item_error, item=item, response=response, spider=self._spider, failure=Failure(error)
        )


def _chunks(items: Iterable[tuple[int, Any]], size: int) -> Iterator[list[tuple[int, Any]]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk
