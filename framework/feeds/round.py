"""The feeds of one crawl together, and what is told of each file that is finished.

Place in the flow: shared by the sinks of a crawl; the signals ``feed_slot_closed`` and ``feed_exporter_closed`` come
from here.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from framework import signals
from framework.protocols import Crawler

from .batch import Batch


@dataclasses.dataclass(frozen=True, slots=True)
class FeedSlot:
    """One finished file, as handlers of ``feed_slot_closed`` know it from Scrapy.

    Attributes:
        batch_id: the number of the batch, from 1.
        uri: where it was written.
        itemcount: the items in it.
        format: its format.
        storage: what handed out the file.
        uri_template: the key of ``FEEDS``.
        store_empty: whether it is left although no item came.
    """

    batch_id: int
    uri: str
    itemcount: int
    format: str
    storage: Any
    uri_template: str
    store_empty: bool


def slot_of(batch: Batch, items: int | None = None) -> FeedSlot:
    """Return the slot of a batch; ``items`` where the batch itself does not know how many it holds."""
    feed = batch.feed
    count = batch.item_count if items is None else items
    return FeedSlot(batch.number, batch.uri, count, feed.format, batch.storage, feed.uri, feed.store_empty)


class FeedRound:
    """The feeds of one crawl that are open; the last one to close says so by signal."""

    __slots__ = ("open_feeds",)

    def __init__(self) -> None:
        self.open_feeds = 0

    async def tell_slot(self, crawler: Crawler, slot: FeedSlot) -> None:
        """Say that a file is finished."""
        await crawler.signals.send_catch_log_async(signals.feed_slot_closed, slot=slot)

    async def leave(self, crawler: Crawler) -> None:
        """Say that a feed is closed, if it is the last."""
        self.open_feeds -= 1
        if self.open_feeds == 0:
            await crawler.signals.send_catch_log_async(signals.feed_exporter_closed)
