"""A callback that never gives anything is told of once; one that gave something once is left in peace."""

import logging

import pytest

from framework import Spider
from framework.engine.yields import Yields
from framework.testing.fakes import Page


def parse(response):
    """Stand for a callback."""


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.WARNING, "framework.engine.yields")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "framework.engine.yields"]


def test_a_callback_is_told_of_once_when_its_first_pages_gave_nothing(told):
    yields = Yields(3)

    for _ in range(7):
        yields.note(parse, 0)

    assert len(told()) == 1
    assert "parse" in told()[0]
    assert "test_yields.py:" in told()[0]
    assert "nothing on its first 3 pages" in told()[0]


def test_a_callback_that_gave_something_once_is_left_in_peace(told):
    yields = Yields(3)

    for given in (0, 0, 1, 0, 0, 0, 0):
        yields.note(parse, given)

    assert told() == []


def test_nothing_is_told_of_where_that_is_switched_off(told):
    yields = Yields(0)

    for _ in range(50):
        yields.note(parse, 0)

    assert told() == []


@pytest.mark.parametrize(("pages", "lines"), [(2, 1), (0, 0)])
def test_a_crawl_tells_of_the_callback_that_found_nothing(crawl, told, pages, lines):
    class Finds(Spider):
        name = "finds"
        start_urls = ["http://a/1", "http://a/2", "http://a/3"]

        def parse(self, response):
            if response.text == "never":
                yield {"found": True}

    crawl(Finds, {f"http://a/{number}": Page("x") for number in (1, 2, 3)}, WARN_EMPTY_CALLBACK=pages)

    assert len(told()) == lines
