"""Checks the prices of books. Goes live by one line of ``settings.py``."""

from __future__ import annotations

from typing import Any

from itemadapter import ItemAdapter

from framework.exceptions import DropItem


class PriceCheckPipeline:
    """Drops an item whose price is missing, not above zero, or differs between its text and its number."""

    def process_item(self, item: Any) -> Any:
        """Let an item with a sound price pass; items without price fields are none of our business."""
        adapter = ItemAdapter(item)
        if "price" not in adapter:
            return item
        text, value = adapter["price"], adapter.get("price_value")
        if not isinstance(value, float) or not value > 0:
            msg = f"price_value is {value!r}, not a number above zero ({adapter.get('url')})"
            raise DropItem(msg)
        if text != f"£{value:.2f}":
            msg = f"price is {text!r} but price_value is {value!r} ({adapter.get('url')})"
            raise DropItem(msg)
        return item
