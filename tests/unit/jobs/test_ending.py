from __future__ import annotations

import asyncio

import pytest

from framework.jobs.ending import end_of


@pytest.mark.parametrize(
    ("reason", "error", "by_signal", "expected"),
    [
        ("finished", None, None, "ended"),
        ("closespider_pagecount", None, None, "ended"),
        ("shutdown", None, None, "stopped"),
        ("shutdown", None, "SIGINT", "stopped"),
        ("shutdown", None, "SIGTERM", "interrupted"),
        ("failed", None, None, "failed"),
        ("start_error", None, None, "failed"),
        ("shutdown", OSError(28), "SIGINT", "failed"),
        ("shutdown", SystemExit(1), None, "failed"),
        ("shutdown", asyncio.CancelledError(), None, "failed"),
    ],
)
def test_a_job_remembers_who_ended_the_crawl(reason, error, by_signal, expected):
    assert end_of(reason, error, is_stopped=reason == "shutdown", by_signal=by_signal) == expected


@pytest.mark.parametrize(("by_signal", "expected"), [("SIGINT", "stopped"), ("SIGTERM", "interrupted")])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_a_second_signal_breaks_off_is_its_users_stop(by_signal, error, expected):
    assert end_of("shutdown", error, is_stopped=True, by_signal=by_signal) == expected


@pytest.mark.parametrize(("by_signal", "expected"), [("SIGINT", "stopped"), ("SIGTERM", "interrupted")])
def test_what_raises_because_it_was_to_stop_at_once_is_no_failure(by_signal, expected):
    error = RuntimeError("the database is busy")

    assert end_of("failed", error, is_stopped=False, by_signal=by_signal, is_cut_off=True) == expected


def test_a_crawl_that_was_stopped_when_nothing_was_left_has_ended():
    assert end_of("shutdown", None, is_stopped=True, by_signal="SIGINT", is_exhausted=True) == "ended"
