"""Where items go: names with placeholders, key fields by class, indexes."""

from __future__ import annotations

from typing import Any

import pytest

from framework.exceptions import SettingsError
from framework.pipelines.mongo.targets import Targets, index_of


class Book(dict[str, Any]):
    pass


class Author(dict[str, Any]):
    pass


def targets(collection: str = "%(spider)s", database: str = "fwk", **key: tuple[str, ...]) -> Targets:
    return Targets(database, collection, {name.replace("others", "*"): fields for name, fields in key.items()}, "shop")


def test_one_collection_for_a_spider() -> None:
    found = targets(database="crawls_%(spider)s")

    assert (found.database, found.fixed) == ("crawls_shop", "shop")
    assert (found.of(Book()).collection, found.of(Book()).key) == ("shop", ())
    assert found.is_by_identity("shop")
    assert found.matches("shop")
    assert not found.matches("shops")
    assert "crawls_shop" in repr(found)
    assert "shop" in repr(found.of(Book()))


def test_one_collection_for_each_class_with_keys_of_their_own() -> None:
    found = targets("%(spider)s.%(item_class)s", Book=("isbn", "shop"), Author=())

    assert found.fixed is None
    assert found.of(Book()).collection == "shop.Book"
    assert found.of(Book()).key == ("isbn", "shop")
    assert found.of(Author()).key == ()
    assert found.keys_of("shop.Book") == [("isbn", "shop")]
    assert found.keys_of("shop.Author") == []
    assert not found.is_by_identity("shop.Book")
    assert found.is_by_identity("shop.Author")
    assert found.is_by_identity("shop.dict")
    assert found.matches("shop.Anything")
    assert not found.matches("shopxBook")


def test_a_star_is_for_the_classes_that_are_not_named() -> None:
    found = targets("%(item_class)s", others=("url",), Book=())

    assert found.of(Author()).key == ("url",)
    assert found.is_by_identity("Book")
    assert not found.is_by_identity("Author")


def test_the_id_needs_no_index_of_its_own() -> None:
    assert targets(others=("_id",)).keys_of("shop") == []


@pytest.mark.parametrize(
    ("database", "collection", "said"),
    [
        ("a.b", "x", "MONGO_DATABASE gives 'a.b'"),
        ("", "x", "MONGO_DATABASE"),
        ("x" * 64, "x", "MONGO_DATABASE"),
        ("x", "a$b", "MONGO_COLLECTION gives"),
        ("x", "system.users", "MONGO_COLLECTION"),
        ("x", "", "MONGO_COLLECTION"),
        ("x", "%(sipder)s", r"placeholder %\(sipder\)s; known here: %\(spider\)s, %\(item_class\)s"),
        ("%(item_class)s", "x", r"MONGO_DATABASE .*placeholder"),
    ],
)
def test_a_name_that_mongodb_does_not_take_is_a_mistake_in_the_settings(
    database: str, collection: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        Targets(database, collection, {}, "shop")


@pytest.mark.parametrize(
    ("entry", "keys", "options"),
    [
        ("isbn", [("isbn", 1)], {}),
        ({"keys": "isbn", "unique": True}, [("isbn", 1)], {"unique": True}),
        ({"keys": ["a", ["b", -1], ("c", "text")]}, [("a", 1), ("b", -1), ("c", "text")], {}),
    ],
)
def test_an_index_is_a_name_or_a_dict(entry: Any, keys: Any, options: Any) -> None:
    assert index_of(entry) == (keys, options)


@pytest.mark.parametrize("entry", [5, {}, {"keys": []}, {"keys": [5]}, {"keys": [["a"]]}, {"keys": [[1, 1]]}])
def test_anything_else_is_no_index(entry: Any) -> None:
    with pytest.raises(SettingsError, match="MONGO_INDEXES holds"):
        index_of(entry)
