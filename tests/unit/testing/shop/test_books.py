"""The catalogue: the same books for the same seed, in any order, and each reachable through its category."""

from __future__ import annotations

import json
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.testing.shop.books import catalogue, slugify
from framework.testing.shop.prose import CATEGORIES


@given(n=st.integers(0, 400), seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_categories_deal_out_each_book_exactly_once(n: int, seed: int) -> None:
    books = catalogue(n, seed)

    dealt = [book.id for number in range(len(CATEGORIES)) for book in books.in_category(number, 0, n)]

    assert sorted(dealt) == list(range(1, n + 1))
    assert sum(map(books.count_in, range(len(CATEGORIES)))) == n


@given(n=st.integers(1, 10**9), seed=st.integers(0, 2**32), data=st.data())
@settings(max_examples=60)
def test_a_book_knows_its_place_in_its_category(n: int, seed: int, data: st.DataObject) -> None:
    books = catalogue(n, seed)
    book = books[data.draw(st.integers(0, n - 1))]

    number, place = books.place_of(book)

    assert CATEGORIES[number] == book.category
    assert books.in_category(number, place, place + 1) == [book]


@given(seed=st.integers(0, 2**32), index=st.integers(0, 10**9 - 1))
@settings(max_examples=60)
def test_a_book_does_not_depend_on_how_many_others_there_are(seed: int, index: int) -> None:
    assert catalogue(index + 1, seed)[index] == catalogue(10**9, seed)[index]


def test_another_seed_gives_other_books() -> None:
    assert [book.title for book in catalogue(20, 1)] != [book.title for book in catalogue(20, 2)]


def test_every_upc_is_different_and_has_a_valid_check_digit() -> None:
    numbers = [book.upc for book in catalogue(3_000, 7)]

    assert len(set(numbers)) == 3_000
    for upc in numbers:
        assert len(upc) == 13
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(upc)) % 10 == 0


def test_a_million_books_cost_nothing_until_asked_for() -> None:
    started_at = time.perf_counter()
    books = catalogue(1_000_000, 7)

    assert len(books) == 1_000_000
    assert books[999_999].id == 1_000_000
    assert books[-1] == books[999_999]
    assert time.perf_counter() - started_at < 1
    assert sys.getsizeof(books) < 1_000


def test_an_item_survives_json_and_agrees_with_the_book() -> None:
    book = catalogue(10, 7)[4]

    item = json.loads(json.dumps(book.to_item()))

    assert item == book.to_item()
    assert item["price"] == f"£{item['price_value']:.2f}"
    assert item["url"] == f"/book/5-{book.slug}.html"
    assert 1 <= item["rating"] <= 5
    assert item["description"].count("\n\n") >= 1


def test_books_are_found_by_id_index_and_slice() -> None:
    books = catalogue(10, 7)

    assert books.by_id(10) == books[9]
    assert books.by_id(0) is books.by_id(11) is None
    assert books[8:20] == [books[8], books[9]]
    assert list(books) == books[:]
    assert repr(books) == "Catalogue(10 books, seed=7)"
    with pytest.raises(IndexError, match="book 10 of 10"):
        _ = books[10]
    with pytest.raises(ValueError, match="-1 books"):
        catalogue(-1, 7)


def test_stock_tells_its_availability() -> None:
    texts = {book.availability for book in catalogue(300, 7)}

    assert "Out of stock" in texts
    assert any(text.startswith("In stock (") for text in texts)


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Art & Design", "art-design"), ("Children's Books", "childrens-books"), ("Évora to Tromsø", "evora-to-tromso")],
)
def test_a_slug_is_plain_ascii(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_small_shops_list_only_the_categories_they_have() -> None:
    assert catalogue(0, 7).categories == []
    assert len(catalogue(3, 7).categories) == 3
    assert catalogue(1000, 7).categories == list(CATEGORIES)
