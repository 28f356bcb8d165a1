"""The garbage collector is let off during a crawl, and is as before when it has ended."""

import gc

import pytest

from framework.cli.collector import THRESHOLDS, seldom_collecting


def test_during_a_crawl_the_collector_begins_seldom_and_leaves_alone_what_was_there():
    before, frozen = gc.get_threshold(), gc.get_freeze_count()

    with seldom_collecting():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > frozen

    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_the_collector_is_as_before_when_a_crawl_fails():
    before = gc.get_threshold()

    with pytest.raises(ValueError, match="in the crawl"), seldom_collecting():
        raise ValueError("in the crawl")

    assert gc.get_threshold() == before


def test_a_spiders_cycles_are_still_found():
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    with seldom_collecting():
        for _ in range(3 * THRESHOLDS[0]):
            Knot()
        left = sum(isinstance(found, Knot) for found in gc.get_objects())

    assert left <= THRESHOLDS[0]
