from __future__ import annotations

import logging
import sys

import pytest

from framework.telemetry.logcounts import LogCounts
from framework.telemetry.logrecords import JsonFormatter, Masking
from framework.telemetry.stats import MemoryStatsCollector

logger = logging.getLogger("framework.tests.records")


def test_json_takes_the_spider_from_the_crawl_and_formats_what_no_filter_saw(caplog: pytest.LogCaptureFixture) -> None:
    with LogCounts(MemoryStatsCollector(), "books"):
        try:
            raise ValueError("raw")
        except ValueError:
            logger.exception("x", stack_info=True)
        text = JsonFormatter().format(caplog.records[0])

    assert '"spider": "books"' in text
    assert "ValueError: raw" in text
    assert "Stack (most recent call last)" in text


def test_a_record_without_a_secret_keeps_its_arguments() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "page %d", (3,), None)

    assert Masking().filter(record)
    assert record.args == (3,)


def test_arguments_that_do_not_fit_are_shown_masked() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "%d of it", ("password=hunter2",), None)

    Masking().filter(record)

    assert record.getMessage().startswith("%d of it (with ('password=***'")


def test_a_traceback_that_another_handler_formatted_is_masked_too() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "x", None, None)
    record.exc_text = "ValueError: password=hunter2"

    Masking().filter(record)

    assert record.exc_text == "ValueError: password=***"


def record_of_an_exception() -> logging.LogRecord:
    try:
        raise ValueError("token=abc123")
    except ValueError:
        return logging.LogRecord("x", logging.INFO, __file__, 1, "x", None, sys.exc_info())


def test_a_traceback_that_nobody_formatted_is_masked() -> None:
    record = record_of_an_exception()

    Masking().filter(record)

    assert record.exc_text is not None
    assert record.exc_text.endswith("ValueError: token=***")


def test_json_formats_a_traceback_that_no_filter_saw() -> None:
    assert "ValueError: token=abc123" in JsonFormatter().format(record_of_an_exception())
