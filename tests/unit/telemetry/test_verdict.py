from __future__ import annotations

from typing import Any

import pytest

from framework.protocols import FrontierView
from framework.telemetry.verdict import verdict

STATUS = "downloader/response_status_count/"


def view(**numbers: int) -> FrontierView:
    names = ("offered", "refused", "pending", "leased", "done", "replaced", "dropped", "failed", "retried", "hosts")
    return FrontierView(**{name: numbers.get(name, 0) for name in names})


@pytest.mark.parametrize(
    ("stats", "said"),
    [
        ({}, "the spider made no request"),
        ({"downloader/exception_type_count/CannotResolveHostError": 1}, "check the host's spelling"),
        ({"downloader/exception_type_count/OddError": 2}, "no page was crawled; download failed OddError (2 times)"),
        ({"response_received_count": 1, "refused/offsite": 40}, "does allowed_domains name"),
        ({"robotstxt/forbidden": 1}, "robots.txt forbids"),
        (
            {"response_received_count": 3, STATUS + "403": 3},
            "every page was an HTTP error, mostly 403: the site refuses",
        ),
        ({"response_received_count": 3, STATUS + "418": 3}, "mostly 418"),
        ({"response_received_count": 3, STATUS + "200": 3}, "3 pages crawled and no item: do the selectors fit?"),
        ({"response_received_count": 3, "item_dropped_count": 3}, "the pipelines dropped all 3"),
        ({"response_received_count": 3, "item_dropped_count": 1}, "the pipelines dropped it"),
        ({"response_received_count": 3, "spider_exceptions/KeyError": 3}, "the callbacks raised exceptions"),
        ({"response_received_count": 3, "item_error_count": 1}, "1 item lost by exceptions in pipelines"),
    ],
)
def test_what_fails_silently_is_said(stats: dict[str, Any], said: str) -> None:
    warnings = verdict(stats, view())

    assert any(said in warning for warning in warnings), warnings


@pytest.mark.parametrize(
    "stats",
    [
        {"response_received_count": 3, "item_scraped_count": 3, STATUS + "200": 3, "refused/offsite": 9},
        {"response_received_count": 3, "item_scraped_count": 1, STATUS + "200": 1, STATUS + "404": 2},
    ],
)
def test_a_crawl_that_went_well_gets_no_warning(stats: dict[str, Any]) -> None:
    assert verdict(stats, view(offered=3)) == []


def test_without_a_view_nothing_is_said_about_requests() -> None:
    assert verdict({}) == []
    assert verdict({}, view(offered=1)) == []


def test_requests_that_failed_uncounted_are_said() -> None:
    assert verdict({}, view(offered=2, failed=2)) == ["no page was crawled; 2 requests failed: the log says why"]


def test_a_depth_limit_above_the_items_is_not_blamed_on_selectors() -> None:
    stats = {"response_received_count": 3, STATUS + "200": 3, "refused/depth": 40}

    assert verdict(stats, view(offered=3)) == ["3 pages crawled and no item; DEPTH_LIMIT refused 40 links"]


def test_pages_without_items_are_told_only_of_a_crawl_that_was_let_do_all_of_them() -> None:
    stats = {"response_received_count": 1, STATUS + "200": 1}

    assert verdict(stats, view(offered=9))
    assert verdict(stats, view(offered=9), reason="shutdown") == []
    assert verdict(stats | {"job/runs": 2}, view(offered=9)) == []
