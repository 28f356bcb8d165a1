from __future__ import annotations

from dataclasses import replace
from typing import Any

from framework.protocols import FrontierView, HostView
from framework.telemetry.summary import Output, summary

STATUS = "downloader/response_status_count/"
VIEW = FrontierView(
    offered=1000, refused=90, pending=2, leased=1, done=900, replaced=40, dropped=7, failed=50, retried=3, hosts=2,
    busiest=(HostView("a.example", 0, 0, 1.0, 0), HostView("b.example", 2, 0, 1.0, 5)),
)  # fmt: skip
STATS: dict[str, Any] = {
    "response_received_count": 1234,
    "item_scraped_count": 1200,
    "item_dropped_count": 4,
    "downloader/response_bytes": 5_600_000,
    STATUS + "200": 1200,
    STATUS + "404": 34,
    "retry/count": 9,
    "retry/max_reached": 1,
    "dupefilter/filtered": 88,
    "refused/depth": 2,
}


def test_the_summary_says_what_a_person_wants_to_know() -> None:
    text = summary(
        STATS, VIEW, outputs=[Output("books.jsonl", 1200, 345_678), Output("stdout:")], elapsed_s=12.34, job="books-1"
    )

    assert text.splitlines() == [
        "Crawl finished: nothing was left to crawl",
        "  pages     1,234 in 12 s, 100/s, 5.6 MB received",
        "  items     1,200, and 4 dropped by pipelines",
        "  output    books.jsonl (1,200 items, 345.7 kB)",
        "  output    stdout:",
        "  errors    34 x answer 404: links lead nowhere: look at the URLs that the spider builds",
        "  retries   9, of which 1 were given up",
        "  refused   88 duplicate, 2 depth",
        "  slowest   b.example (5 failures, 2 pending)",
        "  balance   1,000 offered = 900 done + 40 replaced + 7 dropped + 50 failed + 3 pending",
        "  job       books-1",
    ]


def test_a_summary_of_nothing_is_short_and_ends_with_the_warnings() -> None:
    nothing = replace(
        VIEW, offered=0, refused=0, pending=0, leased=0, done=0, replaced=0, dropped=0, failed=0, busiest=()
    )

    warning = "the spider made no request: start_urls is empty, or start() yields nothing"

    assert summary({}, nothing, reason="shutdown", warnings=[warning]).splitlines() == [
        "Crawl stopped by its user or by a signal; what was pending is not done",
        "  pages     0 in 0.0 s",
        "  items     0",
        "  errors    none",
        "  balance   0 offered = 0 done + 0 replaced + 0 dropped + 0 failed + 0 pending",
        f"  warning: {warning}",
    ]


def test_what_no_counter_knows_the_balance_tells() -> None:
    assert "  errors    50 x request failed: the log says why\n" in summary({}, VIEW)


def test_items_that_are_not_in_their_file_are_told() -> None:
    text = summary(STATS, VIEW, outputs=[Output("books.jsonl", 1100, 345_678, lost=100)])

    assert "  output    books.jsonl (1,100 items, 345.7 kB, 100 more items could not be written)\n" in text


def test_the_rest_of_the_errors_stands_with_them() -> None:
    lines = summary(STATS | {f"{STATUS}{status}": 5 for status in range(500, 510)}, VIEW).splitlines()

    assert [line[:11].strip() for line in lines[3:9]] == ["errors"] * 4 + ["", "retries"]


def test_what_a_database_has_and_has_not_taken_is_told() -> None:
    stats = STATS | {
        "mongodb/collection": "library.books", "mongodb/documents": 1194, "mongodb/dead_letters": 6,
        "mongodb/dead_letters_file": "letters.jsonl",
    }  # fmt: skip

    text = summary(stats, VIEW)

    told = "1,194 documents, 6 more items could not be written, see letters.jsonl"
    assert f"  output    MongoDB library.books ({told})\n" in text
    assert "  errors    6 x item refused by MongoDB: the log says why, and the file of dead letters" in text


def test_the_numbers_of_a_later_run_say_whose_they_are() -> None:
    database = {"mongodb/collection": "library.books", "mongodb/documents": 7}

    lines = summary(STATS | database | {"job/runs": 2}, VIEW, outputs=[Output("books.jsonl", 1200)]).splitlines()

    assert lines[1].endswith("5.6 MB received (this run, number 2 of the job)")
    assert lines[2] == "  items     1,200, and 4 dropped by pipelines (this run, number 2 of the job)"
    assert lines[3] == "  output    books.jsonl (1,200 items, the whole job)"
    assert lines[4] == "  output    MongoDB library.books (7 documents, this run)"
    assert lines[-1].endswith("+ 3 pending (the whole job)")


def test_failures_of_earlier_runs_are_no_errors_of_a_later_one() -> None:
    text = summary({"job/runs": 2}, VIEW)

    assert "  errors    none in this run\n" in text
    assert "warning" not in text


def test_refusals_without_reasons_are_a_number() -> None:
    assert "  refused   90\n" in summary({}, VIEW)


def test_the_worst_case_stays_within_25_lines() -> None:
    stats = {
        **{f"{STATUS}{status}": 5 for status in range(400, 440)},
        **{f"refused/reason{n}": 5 for n in range(40)},
        **{f"spider_exceptions/Error{n}": 5 for n in range(9)},
        "response_received_count": 1,
        "offsite/filtered": 1,
        "robotstxt/forbidden": 1,
        "item_error_count": 3,
        "retry/count": 1,
    }
    hosts = tuple(HostView(f"h{n}", n, n, 1.0, n) for n in range(50))
    outputs = [Output(f"file{n}.jsonl", size_bytes=1) for n in range(9)]

    lines = summary(stats, replace(VIEW, busiest=hosts), outputs=outputs, job="x").splitlines()

    assert len(lines) <= 25
    assert "            and 5 more outputs" in lines
    assert any("for other reasons" in line for line in lines)
    assert any("more kinds" in line for line in lines)
