"""Fields that fell since the last crawl are told of; rates survive a stop and wait for the next crawl."""

import dataclasses
import logging

import pytest

from framework.telemetry.fillrates import FillRates, stored_rates


@dataclasses.dataclass
class Book:
    title: str
    price: float | None = None


def rates_of(items):
    rates = FillRates()
    for item in items:
        rates.note(item)
    return rates


def test_the_rate_is_the_share_of_items_that_have_the_field():
    rates = rates_of([{"a": 1, "b": ""}, {"a": 0, "b": []}, {"a": None, "b": "x"}, {"b": None}])

    assert rates.rates == {"a": 0.5, "b": 0.25}


def test_a_value_whose_comparison_has_no_truth_value_is_filled():
    class Array:
        def __eq__(self, other):
            return self

        def __bool__(self):
            raise ValueError("the truth value of an array is ambiguous")

        __hash__ = None

    assert rates_of([{"a": Array()}, {"a": ()}]).rates == {"a": 0.5}


def test_items_of_any_kind_are_counted():
    assert rates_of([Book("x", 1.0), Book("y")]).rates == {"price": 0.5, "title": 1.0}


def test_of_many_items_only_some_are_counted():
    rates = rates_of({"a": 1} for _ in range(2_100))

    assert rates.items == 2_100
    assert rates.counted == 600
    assert rates.rates == {"a": 1.0}


def test_a_field_that_fell_is_named_with_both_rates():
    rates = rates_of([{"title": "x", "price": 1 if number < 20 else None} for number in range(100)])

    (told,) = rates.fallen({"title": 1.0, "price": 0.9, "gone": 0.4}, drop=0.5)

    assert "'price' is filled in 20% of the items, 90% in the last crawl" in told


def test_a_field_that_is_gone_has_fallen_to_nothing():
    rates = rates_of([{"title": "x"}] * 60)

    assert "'isbn' is filled in 0%" in rates.fallen({"isbn": 0.5}, drop=0.5)[0]


@pytest.mark.parametrize(("items", "drop"), [(49, 0.5), (60, 0)])
def test_few_items_or_no_wish_to_know_tell_nothing(items, drop):
    assert rates_of([{"title": "x"}] * items).fallen({"isbn": 1.0}, drop=drop) == []


def test_a_later_run_goes_on_counting():
    first = rates_of([{"a": 1}] * 30)
    later = FillRates()

    later.restore(first.snapshot())
    later.note({"a": None})

    assert (later.items, later.counted, later.rates) == (31, 31, {"a": 0.9677})


def test_rates_wait_for_the_next_crawl(tmp_path):
    path = tmp_path / "books.json"

    rates_of([{"a": 1, "b": None}] * 60).store(path)
    rates_of([{"b": 1}] * 10).store(path)

    assert stored_rates(path) == {"a": 1.0}


def test_rates_that_cannot_be_kept_or_read_are_told_of(tmp_path, caplog):
    broken = tmp_path / "broken.json"
    broken.write_text("[]")

    with caplog.at_level(logging.WARNING):
        rates_of([{"a": 1}] * 60).store(tmp_path / "no" / "folder.json")
        assert stored_rates(broken) == {}
        assert stored_rates(tmp_path / "none.json") == {}

    assert ["cannot be kept" in caplog.messages[0], "cannot be read" in caplog.messages[1]] == [True, True]
    assert len(caplog.messages) == 2
