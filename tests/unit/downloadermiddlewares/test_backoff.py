from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.downloadermiddlewares.backoff import backoff_s, retry_after_s

NOW_AT = 1_800_000_000.0


@given(
    attempt=st.integers(-5, 100_000),
    base_s=st.floats(0, 1e6),
    cap_s=st.floats(0, 1e6),
    luck=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_lies_between_nothing_and_the_cap(attempt: int, base_s: float, cap_s: float, luck: float) -> None:
    assert 0 <= backoff_s(attempt, base_s, cap_s, lambda: luck) <= cap_s


@given(attempt=st.integers(1, 200))
def test_the_longest_wait_never_shrinks_from_one_attempt_to_the_next(attempt: int) -> None:
    longest = [backoff_s(n, 1.0, 60.0, lambda: 1.0) for n in (attempt, attempt + 1)]

    assert longest[0] <= longest[1]


def test_the_longest_wait_doubles_until_the_cap() -> None:
    assert [backoff_s(n, 1.0, 10.0, lambda: 1.0) for n in range(1, 7)] == [1, 2, 4, 8, 10, 10]


def test_jitter_takes_the_full_range() -> None:
    assert backoff_s(3, 1.0, 60.0, lambda: 0.0) == 0.0
    assert backoff_s(3, 1.0, 60.0, lambda: 0.5) == 2.0


def test_without_a_base_there_is_no_wait() -> None:
    assert backoff_s(5, 0.0, 60.0, lambda: 0.9) == 0.0


@given(seconds=st.integers(0, 10**30))
def test_seconds_are_read_and_capped(seconds: int) -> None:
    assert retry_after_s(str(seconds).encode(), NOW_AT, 600.0) == min(seconds, 600.0)


def test_more_digits_than_python_converts_mean_the_cap() -> None:
    assert retry_after_s(b"9" * 5000, NOW_AT, 600.0) == 600.0


@given(ahead_s=st.integers(-(10**6), 10**6))
def test_a_date_is_read_and_clamped(ahead_s: int) -> None:
    date = formatdate(NOW_AT + ahead_s, usegmt=True).encode()

    assert retry_after_s(date, NOW_AT, 600.0) == min(max(ahead_s, 0), 600.0)


@pytest.mark.parametrize(
    "date",
    [b"Fri, 15 Jan 2027 08:01:40 GMT", b"Friday, 15-Jan-27 08:01:40 GMT", b"Fri Jan 15 08:01:40 2027"],
)
def test_the_three_forms_of_an_http_date_mean_the_same(date: bytes) -> None:
    assert retry_after_s(date, NOW_AT, 600.0) == 100.0


@given(value=st.binary(max_size=60))
def test_whatever_a_server_sends_gives_a_wait_in_bounds_or_none(value: bytes) -> None:
    wait_s = retry_after_s(value, NOW_AT, 600.0)

    assert wait_s is None or 0 <= wait_s <= 600.0


@pytest.mark.parametrize("value", [b"", b"soon", b"-5", b"1.5", b"\xff", b"Fri, 99 Jan 2027 08:01:40 GMT"])
def test_what_is_neither_seconds_nor_a_date_is_nothing(value: bytes) -> None:
    assert retry_after_s(value, NOW_AT, 600.0) is None
