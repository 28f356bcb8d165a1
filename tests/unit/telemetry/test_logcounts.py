from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any

import pytest

from framework.telemetry.logcounts import LogCounts, current_spider
from framework.telemetry.stats import MemoryStatsCollector

logger = logging.getLogger("framework.tests.counts")


def test_records_count_by_level_while_attached() -> None:
    stats = MemoryStatsCollector()

    with LogCounts(stats, "books", logging.WARNING):
        assert current_spider() == "books"
        logger.error("a")
        logger.error("b")
        logger.warning("c")
    logger.error("after")

    assert stats.get_stats() == {"log_count/ERROR": 2, "log_count/WARNING": 1}
    assert current_spider() is None


def test_two_crawls_do_not_count_each_others_records(run: Any) -> None:
    async def crawl(stats: MemoryStatsCollector, name: str, errors: int) -> None:
        with LogCounts(stats, name):
            for _ in range(errors):
                await asyncio.sleep(1)
                logger.error("broken")

    async def both() -> None:
        await asyncio.gather(crawl(one, "one", 1), crawl(two, "two", 2))

    one, two = MemoryStatsCollector(), MemoryStatsCollector()
    run(both())

    assert one.get_stats() == {"log_count/ERROR": 1}
    assert two.get_stats() == {"log_count/ERROR": 2}


def test_a_record_from_nowhere_counts_in_every_crawl() -> None:
    one, two = MemoryStatsCollector(), MemoryStatsCollector()
    with LogCounts(one), LogCounts(two):
        contextvars.Context().run(logger.error, "from a library's thread")

    assert one.get_value("log_count/ERROR") == two.get_value("log_count/ERROR") == 1


def test_detaching_elsewhere_or_twice_is_harmless() -> None:
    counts = LogCounts(MemoryStatsCollector())
    contextvars.Context().run(counts.attach)

    counts.detach()
    counts.detach()

    assert counts not in logging.getLogger().handlers


def test_warnings_of_a_program_without_a_log_are_printed_once_although_crawls_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    with LogCounts(MemoryStatsCollector()), LogCounts(MemoryStatsCollector()):
        logger.error("a traceback")
        logger.info("not for those who set up no log")

    assert capsys.readouterr().err == "a traceback\n"


def test_a_program_that_has_a_handler_of_its_own_hears_nothing_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    own = logging.NullHandler()
    logger.addHandler(own)

    with LogCounts(MemoryStatsCollector()):
        logger.error("for the own handler")
    logger.removeHandler(own)

    assert capsys.readouterr().err == ""
