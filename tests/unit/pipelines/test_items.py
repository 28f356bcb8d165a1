from __future__ import annotations

import dataclasses
from typing import Any

import attrs
import pydantic
import pytest

from framework.item import Field, Item
from framework.pipelines import is_item, items
from framework.pipelines.items import describe


class BookItem(Item):
    title = Field()


@dataclasses.dataclass
class BookData:
    title: str


@attrs.define
class BookAttrs:
    title: str


class BookModel(pydantic.BaseModel):
    title: str


@pytest.mark.parametrize("kind", [dict, BookItem, BookData, BookAttrs, BookModel])
def test_every_kind_of_item_is_one_each_time_it_is_asked(kind: type[Any]) -> None:
    assert is_item(kind(title="Dune"))
    assert is_item(kind(title="Emma"))


@pytest.mark.parametrize("thing", [None, 1, "text", [{}], object(), BookData, BookItem])
def test_anything_else_is_none(thing: Any) -> None:
    assert not is_item(thing)


def test_items_of_very_many_classes_are_items_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "_KNOWN", {dict})
    kinds = [type(f"Row{i}", (dict,), {}) for i in range(1100)]

    assert all(is_item(kind()) for kind in kinds)


@pytest.mark.parametrize(("thing", "text"), [(None, "None"), (3, "int 3"), ("x" * 90, "str '" + "x" * 56 + "...")])
def test_a_thing_is_described_in_few_words(thing: Any, text: str) -> None:
    assert describe(thing) == text
