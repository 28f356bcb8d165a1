"""Items as BSON: which types become which, and what is refused, by name."""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import bson
import pytest
from bson.decimal128 import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from framework.item import Field, Item
from framework.pipelines.mongo.documents import Documents, Refused


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Rate(float):
    __slots__ = ()


class Blob(bytes):
    pass


class Read(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        return iter("a")

    def __len__(self) -> int:
        return 1


@dataclass
class Author:
    name: str


class Book(Item):
    author = Field()


OBJECT_ID = bson.ObjectId()
UUID = uuid.UUID(int=5)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("text", "text"),
        (b"\x00", b"\x00"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset({"b", 1}), ["b", 1]),
        (Decimal("1.10"), Decimal128("1.10")),
        (datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2)),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
         datetime.datetime(2026, 1, 1, 23)),
        (datetime.time(1, 2), "01:02:00"),
        (datetime.timedelta(minutes=1.5), 90.0),
        (UUID, bson.Binary.from_uuid(UUID)),
        (Color.RED, "red"),
        (Level.LOW, 1),
        (OBJECT_ID, OBJECT_ID),
        (Text("a"), "a"),
        (Rate(1.5), 1.5),
        (Blob(b"a"), b"a"),
        (OrderedDict(a=Author("Jane")), {"a": {"name": "Jane"}}),
        (Book(author=Author("Jane")), {"author": {"name": "Jane"}}),
        (Read(), {"a": 1}),
        ({"a.b": {"$c": 1}}, {"a.b": {"$c": 1}}),
        (True, True),
        (None, None),
        (2**63 - 1, 2**63 - 1),
    ],
)  # fmt: skip
def test_a_value_becomes_what_mongodb_has_for_it(value: Any, stored: Any) -> None:
    documents = Documents()

    found = bson.decode(documents.encode(documents.fields({"x": value})))["x"]

    assert found == stored


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"a": {"b": [1, object()]}}, r"a\.b\[1\] is of the type object"),
        ({"a": {1: 2}}, "a has the key 1"),
        ({"a": 2**63}, "a is a number of more than 64 bits"),
        ({"a": Decimal("1." + "1" * 40)}, "a is a Decimal of more than 34 digits"),
        ({"a.b": 1}, r"the field name 'a\.b'"),
        ({"$a": 1}, r"the field name '\$a'"),
        ({"": 1}, "the field name ''"),
        ({"a\0": 1}, "the field name"),
        ({"b": 1, "a": "\ud800"}, "a cannot be stored"),
        ({"a": {"k\0": 1}}, "a cannot be stored"),
        ({"a": nested(100)}, "nested more than 90 deep"),
        ({"small": 1, "a": "x" * (16 * 1024 * 1024)}, r"too large: .*'a'"),
    ],
)
def test_what_bson_cannot_hold_is_refused_by_name(item: Any, said: str) -> None:
    documents = Documents()

    with pytest.raises(Refused, match=said):
        documents.encode(documents.fields(item))


def test_the_embedded_server_gets_decimals_as_texts_and_no_nan() -> None:
    documents = Documents(is_plain=True)

    assert documents.fields({"a": Decimal("1.10"), "b": Decimal128("2.0")}) == {"a": "1.10", "b": "2.0"}
    for wrong in (math.nan, math.inf, Rate(math.inf)):
        with pytest.raises(Refused, match=r"a\[0\] is .*the embedded server cannot hold"):
            documents.fields({"a": [wrong]})


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])) | st.binary(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_like)
def test_what_mongodb_has_itself_comes_back_as_it_was(value: Any) -> None:
    documents = Documents()

    assert bson.decode(documents.encode(documents.fields({"x": value}))) == {"x": value}
