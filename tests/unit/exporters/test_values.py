from __future__ import annotations

import array
import asyncio
import dataclasses
import datetime
import enum
import json
import uuid
from collections import OrderedDict, deque, namedtuple
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import orjson
import pytest
import yarl
from parsel import Selector

from framework.exceptions import ExportError
from framework.exporters.values import json_bytes, json_text, json_types
from framework.item import Field, Item

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = "red"


class Author(Item):
    name = Field()


@dataclasses.dataclass
class Shop:
    _id: int
    city: str


UTC = datetime.UTC
VALUES = [
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "2026-01-02T03:04:05.000678+00:00"),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.time(3, 4), "03:04:00"),
    (datetime.time(3, 4, tzinfo=UTC), "03:04:00+00:00"),
    (Decimal("12.30"), "12.30"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ({"b", "a"}, ["a", "b"]),
    (frozenset({1}), [1]),
    (deque([1, 2]), [1, 2]),
    (Point(1, 2), [1, 2]),
    ((1, "a"), [1, "a"]),
    (b"caf\xc3\xa9", "café"),
    (bytearray(b"x"), "x"),
    (Colour.RED, "red"),
    (Author(name="Ann"), {"name": "Ann"}),
    (Shop(1, "Rome"), {"_id": 1, "city": "Rome"}),
    (OrderedDict(a=1), {"a": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (PurePosixPath("a/b"), "a/b"),
    (yarl.URL("http://a.example/"), "http://a.example/"),
    (array.array("i", [1, 2]), [1, 2]),
    (float("nan"), None),
    (float("inf"), None),
    (2**70, 2**70),
    ("\ud800", "\ud800"),
    ({1: "a", None: "b", False: "c", Decimal(2): "d"}, {"1": "a", "null": "b", "false": "c", "2": "d"}),
]


@pytest.mark.parametrize(("value", "written"), VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_written_the_same_by_the_quick_and_the_long_way(value: Any, written: Any) -> None:
    quick = json.loads(json_bytes({"f": value}))
    long = json.loads(json_text(json_types({"f": value}, "", "dict")))

    assert quick == long == {"f": written}


def test_a_set_of_things_that_have_no_order_is_written_all_the_same() -> None:
    assert sorted(json.loads(json_bytes({1, "a"})), key=str) == [1, "a"]


async def _never() -> None:
    """Stand for a coroutine that somebody forgot to await."""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"author": {"name": object()}}, r"field 'author\.name' of Book: the object <object"),
        ({"tags": ["x", Selector("<a>b</a>")]}, r"field 'tags\[1\]' of Book: the Selector .* add \.get\(\)"),
        ({"image": b"\xff\xd8"}, r"field 'image' of Book: the bytes .* base64"),
        ({"kind": Shop}, r"field 'kind' of Book: the type .* is a class"),
        ({"k": {(1, 2): 3}}, r"field 'k' of Book: the key \(1, 2\) is a tuple, and keys must be text"),
        ({(1, 2): 3}, r"Book: the key \(1, 2\) is a tuple"),
        (object(), r"Book: the object"),
    ],
)
def test_a_value_that_cannot_be_written_is_named_with_field_type_and_remedy(value: Any, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        json_bytes(value, what="Book")


def test_a_coroutine_in_an_item_is_named() -> None:
    coroutine = _never()

    with pytest.raises(ExportError, match="was not awaited"):
        json_bytes({"a": coroutine})

    asyncio.run(coroutine)


def test_a_long_value_is_shortened_in_the_message() -> None:
    class Long:
        def __repr__(self) -> str:
            return "x" * 500

    with pytest.raises(ExportError) as caught:
        json_bytes({"a": Long()})

    assert len(str(caught.value)) < 250


def test_an_item_that_contains_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop

    with pytest.raises(ExportError, match="contains itself"):
        json_bytes(loop)


def test_indent_and_newline_hold_on_the_long_way_too() -> None:
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

    assert json_bytes({"n": 2**70}, options=options) == b'{\n  "n": 1180591620717411303424\n}\n'
