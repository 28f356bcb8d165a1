"""The request log: entries in order of arrival, gaps and concurrency by host, lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework.testing.shop.log import LogEntry, RequestLog


def entry(path: str, *, host: str = "a", at: float = 0.0, end: float = 0.0) -> LogEntry:
    made = LogEntry("GET", path, ((b"Host", host.encode()), (b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"\xff")))
    made.host, made.monotonic_at, made.ended_at = host, at, end
    return made


def log_of(*entries: LogEntry) -> RequestLog:
    log = RequestLog()
    for one in entries:
        log.add(one)
    return log


def test_paths_and_counts_follow_the_order_of_arrival() -> None:
    log = log_of(entry("/b"), entry("/a?x", host="c"), entry("/a"))

    assert log.paths() == ["/b", "/a?x", "/a"]
    assert log.paths("c") == ["/a?x"]
    assert (log.count(), log.count("/a"), log.count("/z")) == (3, 2, 0)
    assert (len(log), log[-1].path, repr(log)) == (3, "/a", "<RequestLog of 3 requests>")
    log.clear()
    assert list(log) == []


def test_gaps_are_between_neighbours_of_one_host() -> None:
    log = log_of(entry("/", at=1), entry("/", host="b", at=1.5), entry("/", at=4), entry("/", at=6))

    assert log.between("a") == [3, 2]
    assert log.between() == [0.5, 2.5, 2]
    assert log.smallest_gap("a") == 2
    assert log.smallest_gap("b") == float("inf")


def test_peak_concurrency_counts_requests_open_together() -> None:
    log = log_of(
        entry("/", at=1, end=3), entry("/", at=2, end=4), entry("/", at=3, end=5), entry("/", host="b", at=2, end=9)
    )

    assert (log.peak_concurrency("a"), log.peak_concurrency()) == (2, 3)
    log.add(entry("/hang", at=0))
    assert log.peak_concurrency("a") == 3


def test_headers_are_lower_case_and_repeated_ones_joined() -> None:
    assert entry("/").headers == {"host": "a", "x-a": "1, 2", "x-b": "\udcff"}
    assert entry("/").remote == ""
    assert repr(entry("/x")) == "<GET a/x 0>"


def test_equal_header_lines_are_kept_once() -> None:
    log = log_of(entry("/1"), entry("/2"))

    first, second = log

    assert first.raw_headers[1] is second.raw_headers[1]


def test_header_lines_shared_do_not_grow_without_bound() -> None:
    log = RequestLog()
    for number in range(30_000):
        log.add(LogEntry("GET", "/", ((b"X-Number", b"%d" % number),)))

    assert log[0].headers == {"x-number": "0"}
    assert log[-1].headers == {"x-number": "29999"}


def test_the_file_gets_a_line_when_a_request_has_ended(tmp_path: Path) -> None:
    log, one = RequestLog(), entry("/x", at=2)
    log.end(entry("/not-written"), 1)
    log.open_file(str(tmp_path / "log.jsonl"))
    log.add(one)

    assert (tmp_path / "log.jsonl").read_text() == ""
    log.end(one, 5)

    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert (line["path"], line["ended_at"], line["headers"]["x-b"]) == ("/x", 5, "?")
    log.close_file()
    log.close_file()
    assert one.ended_at == pytest.approx(5)
