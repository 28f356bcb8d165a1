"""This repository's pipeline that checks prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from framework.exceptions import DropItem
from pipelines.price import PriceCheckPipeline


@dataclass
class Book:
    price: str
    price_value: float


@pytest.mark.parametrize(
    "item",
    [
        {"price": "£12.30", "price_value": 12.3},
        {"price": "£0.01", "price_value": 0.01},
        {"price": "£1200.00", "price_value": 1200.0},
        {"title": "no price at all"},
        Book("£5.00", 5.0),
    ],
)
def test_an_item_with_a_sound_price_or_none_passes_as_it_is(item: Any) -> None:
    assert PriceCheckPipeline().process_item(item) is item


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("£12.30", None, "price_value is None"),
        ("£12.30", "12.30", "price_value is '12.30'"),
        ("£0.00", 0.0, "not a number above zero"),
        ("£-1.00", -1.0, "not a number above zero"),
        ("", float("nan"), "price_value is nan"),
        ("£12.30", 12.4, "price is '£12.30' but price_value is 12.4"),
        ("$12.30", 12.3, "price is '\\$12.30'"),
        (None, 12.3, "price is None"),
    ],
)
def test_an_item_whose_price_is_wrong_is_dropped_with_the_reason_and_the_page(
    text: Any, value: Any, message: str
) -> None:
    with pytest.raises(DropItem, match=message) as caught:
        PriceCheckPipeline().process_item({"url": "/book/1.html", "price": text, "price_value": value})

    assert "/book/1.html" in str(caught.value)
