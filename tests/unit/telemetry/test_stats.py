from __future__ import annotations

import logging
from typing import Any

import pytest

from framework import statscollectors
from framework.telemetry.stats import DummyStatsCollector, MemoryStatsCollector


def test_values_are_set_counted_and_compared() -> None:
    stats = MemoryStatsCollector()

    stats.set_value("a", 1)
    stats.inc_value("a")
    stats.inc_value("b", 5, start=100)
    stats.inc_value("b", 5, start=100)
    for value in (3, 9, 4):
        stats.max_value("max", value)
        stats.min_value("min", value)
    stats.min_value("min", 1)

    assert stats.get_stats() == {"a": 2, "b": 110, "max": 9, "min": 1}
    assert stats.get_value("a") == 2
    assert stats.get_value("none") is None
    assert stats.get_value("none", 7) == 7


def test_old_code_may_pass_its_spider() -> None:
    stats, spider = MemoryStatsCollector(), object()

    stats.open_spider(spider)
    stats.set_stats({"a": 1}, spider)
    stats.inc_value("a", spider=spider)
    stats.set_value("b", 1, spider=spider)
    stats.max_value("b", 2, spider)
    stats.min_value("b", 3, spider)

    assert stats.get_value("a", None, spider) == 2
    assert stats.get_stats(spider) == {"a": 2, "b": 2}
    stats.clear_stats(spider)
    assert stats.get_stats() == {}


def test_a_dummy_keeps_nothing() -> None:
    stats = DummyStatsCollector()

    stats.set_value("a", 1)
    stats.set_stats({"a": 1})
    stats.inc_value("a")
    stats.max_value("a", 1)
    stats.min_value("a", 1)
    stats.open_spider()

    assert stats.get_stats() == {}
    assert stats.get_value("a", 5) == 5


def test_the_values_of_a_closed_spider_are_kept_by_its_name(make_crawler: Any) -> None:
    crawler = make_crawler()
    crawler.stats.inc_value("a")

    crawler.stats.close_spider(reason="finished")

    assert crawler.stats.spider_stats == {"books": {"a": 1}}


def test_without_a_spider_nothing_is_kept() -> None:
    stats = MemoryStatsCollector()
    stats.open_spider()
    stats.close_spider()

    assert stats.spider_stats == {}


@pytest.mark.parametrize(
    ("setting", "level", "is_dumped"), [(True, "DEBUG", True), (True, "INFO", False), (False, "DEBUG", False)]
)
def test_all_values_are_dumped_at_debug_where_the_setting_says_so(
    make_crawler: Any, caplog: pytest.LogCaptureFixture, setting: bool, level: str, is_dumped: bool
) -> None:
    crawler = make_crawler(STATS_DUMP=setting)
    crawler.stats.inc_value("pages", 3)

    with caplog.at_level(level, logger="framework.telemetry.stats"):
        crawler.stats.close_spider(crawler.spider, "finished")

    assert ("'pages': 3" in caplog.text) is is_dumped
    assert all(record.levelno == logging.DEBUG for record in caplog.records)


def test_scrapys_path_leads_to_the_same_classes() -> None:
    assert statscollectors.MemoryStatsCollector is MemoryStatsCollector
    assert statscollectors.DummyStatsCollector is DummyStatsCollector
