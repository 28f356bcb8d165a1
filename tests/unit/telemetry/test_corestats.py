from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from framework import signals
from framework.telemetry.corestats import CoreStats


def test_begin_end_and_reason_of_a_crawl_are_noted(make_crawler: Any) -> None:
    crawler = make_crawler()
    extension = CoreStats.from_crawler(crawler)

    crawler.signals.send_catch_log(signals.spider_opened, spider=crawler.spider)
    crawler.signals.send_catch_log(signals.spider_closed, spider=crawler.spider, reason="finished")

    stats = crawler.stats.get_stats()
    assert stats["finish_reason"] == "finished"
    assert stats["start_time"] == extension.start_time
    assert extension.start_time is not None
    assert extension.start_time <= stats["finish_time"] <= datetime.now(tz=UTC)
    assert stats["elapsed_time_seconds"] == (stats["finish_time"] - stats["start_time"]).total_seconds()


def test_a_crawl_that_never_opened_took_no_time(make_crawler: Any) -> None:
    crawler = make_crawler()
    extension = CoreStats.from_crawler(crawler)

    extension.spider_closed("failed")

    assert crawler.stats.get_value("elapsed_time_seconds") == 0


def test_the_rates_are_those_of_the_whole_crawl(make_crawler: Any) -> None:
    crawler = make_crawler()
    extension = CoreStats.from_crawler(crawler)
    extension.spider_opened()
    assert extension.start_time is not None
    extension.start_time -= timedelta(minutes=2)
    crawler.stats.set_value("response_received_count", 30)

    extension.spider_closed("finished")

    assert round(crawler.stats.get_value("responses_per_minute"), 1) == 15
    assert crawler.stats.get_value("items_per_minute") == 0


def test_a_crawl_says_which_run_of_its_job_it_is(make_crawler: Any) -> None:
    crawler = make_crawler()
    extension = CoreStats.from_crawler(crawler)
    crawler.job = SimpleNamespace(record=SimpleNamespace(runs=3))

    crawler.signals.send_catch_log(signals.spider_opened, spider=crawler.spider)

    assert crawler.stats.get_value("job/runs") == 3
    assert extension.start_time is not None
