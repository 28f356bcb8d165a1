"""Faults are decided from numbers: repeatable, in the given shares, and over at the third attempt."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.testing.shop.faults import Fault, Faults

RATES = st.floats(0, 0.33)


@given(error=RATES, reset=RATES, truncate=RATES, seed=st.integers(), path=st.text(), attempt=st.integers(3, 100))
@settings(max_examples=80)
def test_the_third_attempt_always_succeeds(
    error: float, reset: float, truncate: float, seed: int, path: str, attempt: int
) -> None:
    faults = Faults(error_rate=error, reset_rate=reset, truncate_rate=truncate, seed=seed)

    assert faults.decide(path, attempt).fault is Fault.NONE


def test_shares_are_about_what_was_asked_for() -> None:
    faults = Faults(error_rate=0.2, reset_rate=0.1, truncate_rate=0.05, error_codes=(500, 502))

    verdicts = [faults.decide(f"/book/{n}", 1) for n in range(4_000)]

    shares = {fault: count / 4_000 for fault, count in Counter(verdict.fault for verdict in verdicts).items()}
    assert shares == pytest.approx(
        {Fault.NONE: 0.65, Fault.ERROR: 0.2, Fault.RESET: 0.1, Fault.TRUNCATE: 0.05}, abs=0.03
    )
    assert {verdict.code for verdict in verdicts if verdict.fault is Fault.ERROR} == {500, 502}


def test_the_same_request_always_meets_the_same_fate_and_another_seed_another() -> None:
    one, same, other = Faults(error_rate=0.5), Faults(error_rate=0.5), Faults(error_rate=0.5, seed=8)
    paths = [f"/book/{n}" for n in range(50)]

    assert [one.decide(path, 1) for path in paths] == [same.decide(path, 1) for path in paths]
    assert [one.decide(path, 1) for path in paths] != [other.decide(path, 1) for path in paths]


def test_latency_lies_between_its_floor_and_floor_plus_jitter() -> None:
    latencies = [Faults(latency_s=0.2, jitter_s=0.3).decide(str(n), n).latency_s for n in range(100)]

    assert 0.2 <= min(latencies) < 0.25
    assert 0.45 < max(latencies) <= 0.5


@pytest.mark.parametrize(
    "options",
    [
        {"error_rate": 1.1},
        {"reset_rate": -0.1},
        {"error_rate": 0.6, "truncate_rate": 0.6},
        {"latency_s": -1},
        {"jitter_s": -1},
        {"error_rate": 0.1, "error_codes": ()},
    ],
)
def test_impossible_faults_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"cannot be|at least one"):
        Faults(**options)
