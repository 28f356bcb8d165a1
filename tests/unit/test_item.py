"""Items with declared fields."""

import pytest
from itemadapter import ItemAdapter, is_item

from framework.item import Field, Item


class Book(Item):
    title = Field()
    price = Field(serializer=str)


class Sold(Book):
    price = Field(serializer=float)
    count = Field()


def test_declared_fields_are_set_and_read() -> None:
    book = Book({"title": "Dune"}, price=3)

    book["price"] = 4
    assert dict(book) == {"title": "Dune", "price": 4}
    assert (len(book), list(book.keys()), "title" in book, book.get("price")) == (2, ["title", "price"], True, 4)
    del book["price"]
    assert "price" not in book


def test_a_field_that_is_not_declared_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match=r"Book does not support field: name \(declared: title, price\)"):
        Book(name="x")
    with pytest.raises(KeyError, match="declared: none"):
        Item(a=1)


def test_a_field_that_is_not_set_is_missing() -> None:
    book = Book()

    with pytest.raises(KeyError):
        book["title"]
    with pytest.raises(KeyError):
        del book["title"]
    assert book.get("title") is None


def test_attributes_are_no_fields() -> None:
    book = Book(title="Dune")

    with pytest.raises(AttributeError, match=r"Use item\['title'\] to get field value"):
        book.title  # noqa: B018
    with pytest.raises(AttributeError, match=r"Use item\['title'\] = 'x' to set field value"):
        book.title = "x"
    with pytest.raises(AttributeError, match="'Book' object has no attribute 'other'"):
        book.other  # noqa: B018


def test_fields_are_collected_from_the_bases() -> None:
    class Mixed(Sold):
        count = None

    assert Book.fields == {"title": {}, "price": {"serializer": str}}
    assert Sold.fields == {"title": {}, "price": {"serializer": float}, "count": {}}
    assert set(Mixed.fields) == {"title", "price"}

    class Below(Mixed):
        pass

    assert set(Below.fields) == {"title", "price"}


def test_of_two_bases_the_first_wins() -> None:
    class Other(Item):
        price = Field(unit="EUR")
        shop = Field()

    class Both(Sold, Other):
        pass

    assert Both.fields["price"] == {"serializer": float}
    assert set(Both.fields) == {"title", "price", "count", "shop"}


def test_copies_are_of_the_same_class() -> None:
    book = Book(title=["a"])

    shallow, deep = book.copy(), book.deepcopy()
    book["title"].append("b")

    assert type(shallow) is type(deep) is Book
    assert (shallow["title"], deep["title"]) == (["a", "b"], ["a"])
    assert shallow == book
    assert deep != book
    assert len({book, shallow}) == 2


def test_the_representation_is_that_of_the_values() -> None:
    assert repr(Book(title="Dune", price=1)) == "{'price': 1, 'title': 'Dune'}"


def test_item_adapter_reads_and_writes_an_item() -> None:
    book = Book(title="Dune")
    adapter = ItemAdapter(book)

    adapter["price"] = 3
    del adapter["title"]

    assert is_item(book)
    assert ItemAdapter.is_item_class(Book)
    assert not ItemAdapter.is_item_class(Field().__class__.__mro__[-1])
    assert (adapter.asdict(), len(adapter), adapter["price"]) == ({"price": 3}, 1, 3)
    assert list(adapter.field_names()) == ["title", "price"]
    assert adapter.get_field_meta("price") == {"serializer": str}
    assert ItemAdapter.get_field_names_from_class(Book) == ["title", "price"]
    with pytest.raises(KeyError, match="Book does not support field: name"):
        adapter["name"] = 1
    with pytest.raises(KeyError, match="Book does not support field: name"):
        adapter.get_field_meta("name")


def test_nested_items_become_dictionaries() -> None:
    assert ItemAdapter(Book(title=Book(title="inner"), price=[Sold(count=1)])).asdict() == {
        "title": {"title": "inner"},
        "price": [{"count": 1}],
    }


def test_item_adapter_knows_items_once() -> None:
    names = [known.__qualname__ for known in ItemAdapter.ADAPTER_CLASSES]

    assert names.count("ItemFieldsAdapter") == 1
