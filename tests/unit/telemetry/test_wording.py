from __future__ import annotations

import pytest

from framework.telemetry.wording import count, duration, rate, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0 s"), (0.44, "0.4 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"),
     (7800, "2 h 10 min"), (273_600, "3 d 4 h")],
)  # fmt: skip
def test_a_span_of_time_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (999_960, "1.0 MB"), (3_400_000_000, "3.4 GB"),
     (2 * 10**12, "2.0 TB")],
)  # fmt: skip
def test_a_size_has_the_unit_that_suits_it(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(("per_s", "text"), [(1234.4, "1,234/s"), (4.21, "4.2/s"), (0.25, "15/min"), (0, "0/min")])
def test_a_rate_has_the_unit_that_suits_it(per_s: float, text: str) -> None:
    assert rate(per_s) == text


def test_a_count_knows_its_plural() -> None:
    assert (count(1, "page"), count(1234, "page"), count(2, "entry", "entries")) == (
        "1 page",
        "1,234 pages",
        "2 entries",
    )
