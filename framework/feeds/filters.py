"""Which items a feed takes.

Place in the flow: asked by the sink for each item, where the feed's options name item classes or a filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ItemFilter:
    """Takes items of the classes that the feed names, or all; the class to derive an ``item_filter`` from.

    Args:
        feed_options: the options of the feed, as in ``FEEDS``, with classes loaded.
    """

    def __init__(self, feed_options: Mapping[str, Any] | None = None) -> None:
        self.feed_options = feed_options
        self.item_classes: tuple[type, ...] = tuple((feed_options or {}).get("item_classes") or ())

    def accepts(self, item: Any) -> bool:
        """Say whether the feed takes this item."""
        return not self.item_classes or isinstance(item, self.item_classes)
