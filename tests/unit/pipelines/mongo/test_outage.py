"""Back-off, and what the user is told meanwhile."""

from __future__ import annotations

import logging

import pytest

from framework.pipelines.mongo.outage import Outage


def test_waits_double_up_to_the_longest() -> None:
    outage = Outage("db", 5.0, 100.0)

    waits = [outage.failed("gone", 3, 0.0) for _ in range(40)]

    assert 0.05 <= waits[0] <= 0.1
    assert 0.1 <= waits[1] <= 0.2
    assert all(2.5 <= wait <= 5.0 for wait in waits[8:])
    assert outage.is_on


def test_the_pause_is_told_at_its_time_and_again(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage("db", 5.0, 10.0)
    with caplog.at_level(logging.INFO):
        for now in (100.0, 105.0, 110.0, 115.0, 119.0, 121.0):
            outage.failed("gone", 3, now)
        outage.answered(125.0)
        outage.answered(126.0)

    told = [record.getMessage() for record in caplog.records]
    assert ["trying again" in line for line in told] == [True, False, False, False]
    assert "away for 10 s (gone). 3 documents wait" in told[1]
    assert "away for 21 s" in told[2]
    assert told[3] == "MongoDB (db) is back after 25.0 s"
    assert not outage.is_on
    assert "0 tries" in repr(outage)
