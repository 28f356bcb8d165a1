from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable
from typing import Any

from framework.exporters import PprintItemExporter, PythonItemExporter
from framework.item import Field, Item


class Author(Item):
    name = Field(serializer=str.upper)
    books = Field()


def test_every_kind_of_item_becomes_a_dict(book: Any) -> None:
    assert PythonItemExporter().export_item(book) == {"title": "Dune", "price": 9.5}


def test_nested_items_are_turned_too_with_their_serializers() -> None:
    item = {"author": Author(name="ann", books=({"t": b"x"}, {1})), "tags": deque(["a"]), b"k": b"v"}

    plain = PythonItemExporter().export_item(item)

    assert plain == {"author": {"name": "ANN", "books": [{"t": "x"}, [1]]}, "tags": ["a"], b"k": "v"}


def test_pprint_shows_every_kind_of_item(book: Any, export: Callable[..., bytes]) -> None:
    shown = export(PprintItemExporter, [book])

    assert shown.endswith(b"\n")
    assert ast.literal_eval(shown.decode()) == {"title": "Dune", "price": 9.5}
