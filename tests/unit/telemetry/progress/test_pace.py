from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.telemetry.progress.pace import HostReading, Pace, Reading


def pace_of(*readings: Reading, window_s: float = 60) -> Pace:
    pace = Pace(window_s)
    for reading in readings:
        pace.add(reading)
    return pace


def test_now_reaches_back_one_window_and_the_mean_to_the_beginning() -> None:
    readings = [Reading(float(t), pages=10 * t if t <= 100 else 1000 + 2 * (t - 100)) for t in range(201)]

    pace = pace_of(*readings)

    assert pace.pages_per_s == pytest.approx(2)
    assert pace.mean_pages_per_s == pytest.approx(6)


@pytest.mark.parametrize("readings", [(), (Reading(0.0),), (Reading(0.0), Reading(0.0, pages=3))])
def test_without_time_between_readings_there_is_no_rate(readings: tuple[Reading, ...]) -> None:
    pace = pace_of(*readings)

    assert pace.pages_per_s == 0
    assert pace.mean_pages_per_s == 0
    assert pace.eta() is None


def test_a_growing_queue_has_no_end_in_sight() -> None:
    eta = pace_of(Reading(0.0, pending=10), Reading(10.0, finished=10, pending=100)).eta()

    assert eta is not None
    assert eta.high_s is None
    assert eta.low_s == pytest.approx(100)
    assert str(eta) == "unknown, the queue grows (at least 1 min 40 s)"


def test_a_shrinking_queue_ends_between_no_new_links_and_as_many_as_now() -> None:
    eta = pace_of(Reading(0.0, pending=200), Reading(10.0, finished=100, pending=140, leased=10)).eta()

    assert eta is not None
    assert eta.low_s == pytest.approx(15)
    assert eta.high_s == pytest.approx(30)
    assert str(eta) == "15 s to 30 s"


def test_a_polite_host_sets_the_earliest_end() -> None:
    hosts = (HostReading("slow", 50, 1, 2.0, 0), HostReading("fast", 60, 1, 0.0, 0))
    eta = pace_of(Reading(0.0, pending=210), Reading(10.0, finished=100, pending=110, hosts=hosts)).eta()

    assert eta is not None
    assert eta.low_s == 100
    assert eta.high_s == 100
    assert str(eta) == "1 min 40 s"


@pytest.mark.parametrize("last", [Reading(2.0, finished=5), Reading(30.0, finished=0, pending=5)])
def test_too_little_known_is_no_estimate(last: Reading) -> None:
    assert pace_of(Reading(0.0, pending=5), last).eta() is None


def test_an_empty_queue_ends_now() -> None:
    eta = pace_of(Reading(0.0, pending=5), Reading(5.0, finished=5)).eta()

    assert eta is not None
    assert (eta.low_s, eta.high_s) == (0, 0)


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 1000), st.integers(0, 1000)), max_size=30))
@settings(max_examples=100)
def test_an_estimate_is_a_range_of_seconds_that_are_not_negative(steps: list[tuple[float, int, int]]) -> None:
    pace, at_s, finished = Pace(), 0.0, 0
    for step_s, done, pending in steps:
        at_s, finished = at_s + step_s, finished + done
        pace.add(Reading(at_s, pages=finished, finished=finished, pending=pending))

    eta = pace.eta()
    assert pace.pages_per_s >= 0
    if eta is not None:
        assert eta.low_s >= 0
        assert eta.high_s is None or eta.high_s >= eta.low_s
        assert str(eta)
