from __future__ import annotations

import dataclasses

from framework.feeds import ItemFilter


@dataclasses.dataclass
class Book:
    title: str


def test_all_items_are_taken_where_no_class_is_named() -> None:
    assert ItemFilter().accepts({})
    assert ItemFilter({"item_classes": ()}).accepts(Book("Dune"))


def test_only_items_of_the_named_classes_are_taken() -> None:
    chosen = ItemFilter({"item_classes": (Book,)})

    assert chosen.accepts(Book("Dune"))
    assert not chosen.accepts({})
