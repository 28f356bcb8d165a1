from io import BytesIO

import pytest

from framework.frontier.seen.libraries import Pybloom, Rbloom
from framework.frontier.seen.series import FIRST_CAPACITY, BloomSeries


@pytest.mark.parametrize("library", [Pybloom(), Rbloom(is_stored=True)], ids=["pybloom", "rbloom"])
def test_a_filter_of_a_hundred_thousand_holds_its_error_rate_for_numbers_in_a_row(library):
    series = BloomSeries(library, 0.01)
    series.add_all(range(20_000))

    assert series.stats()["seen/filters"] == 1
    assert FIRST_CAPACITY == 100_000
    assert sum(map(series.contains, range(-20_000, 0))) / 20_000 < 0.001


def test_filters_grow_so_that_few_are_looked_at():
    series = BloomSeries(Rbloom(is_stored=False), 1e-4, first_capacity=100)

    series.add_all(range(10_000))

    assert series.stats()["seen/filters"] == 5


def test_full_filters_are_not_copied_before_they_are_written():
    dumped = []

    class Counting(Rbloom):
        def dump(self, bloom):
            dumped.append(bloom)
            return super().dump(bloom)

    series = BloomSeries(Counting(is_stored=True), 1e-4, first_capacity=10)
    series.add_all(range(100))

    snapshot = series.snapshot(1)

    assert len(dumped) == 1
    snapshot.write_to(BytesIO())
    assert len(dumped) == 3


def test_the_stored_error_rate_goes_on_when_the_setting_has_changed_and_says_so(caplog):
    wide, file = BloomSeries(Pybloom(), 0.1, first_capacity=10), BytesIO()
    wide.add_all(range(5))
    wide.snapshot(1).write_to(file)
    file.seek(0)
    tight = BloomSeries(Pybloom(), 1e-6)

    tight.restore_from(file)

    assert tight.error_rate == 0.1
    assert [record.getMessage() for record in caplog.records] == [
        "This job's filter was begun with BLOOM_ERROR_RATE = 0.1 and stays so; 1e-06 counts for new jobs (--new)"
    ]


def test_an_unchanged_error_rate_is_no_matter_of_a_warning(caplog):
    one, other, file = BloomSeries(Pybloom(), 0.01), BloomSeries(Pybloom(), 0.01), BytesIO()
    one.snapshot(1).write_to(file)
    file.seek(0)

    other.restore_from(file)

    assert caplog.records == []
