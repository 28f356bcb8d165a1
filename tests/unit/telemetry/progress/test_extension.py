from __future__ import annotations

import asyncio
import io
import logging
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from framework import signals
from framework.exceptions import NotConfigured
from framework.telemetry.progress import Progress
from framework.telemetry.progress.live import LiveDisplay
from framework.telemetry.progress.pace import Pace, Reading


class RecordingDisplay:
    interval_s = 0.25

    def __init__(self, fails: bool = False) -> None:
        self.shown: list[Reading] = []
        self.closed = 0
        self.fails = fails

    def show(self, reading: Reading, pace: Pace) -> None:
        if self.fails:
            raise ValueError("the terminal is gone")
        self.shown.append(reading)

    def close(self) -> None:
        self.closed += 1


def send(crawler: Any, signal: Any) -> None:
    crawler.signals.send_catch_log(signal, spider=crawler.spider, reason="finished")


def test_a_line_is_logged_every_interval(make_crawler: Any, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def crawl() -> None:
        send(crawler, signals.engine_started)
        await asyncio.sleep(0)
        crawler.stats.set_value("response_received_count", 1234)
        crawler.stats.set_value("item_scraped_count", 1)
        crawler.stats.set_value("log_count/ERROR", 2)
        crawler.stats.set_value("log_count/CRITICAL", 1)
        crawler.engine.numbers["pending"] = 45
        await asyncio.sleep(25)
        send(crawler, signals.spider_closed)
        send(crawler, signals.engine_stopped)
        await asyncio.gather(*crawler.engine.tasks)

    crawler = make_crawler(PROGRESS="lines", LOGSTATS_INTERVAL=10)
    extension = Progress.from_crawler(crawler)
    with caplog.at_level(logging.INFO):
        run(crawl())

    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "Crawled 1,234 pages (7,404/min), scraped 1 item, 45 pending, 3 errors",
        "Crawled 1,234 pages (3,702/min), scraped 1 item, 45 pending, 3 errors",
    ]
    assert extension is not None


def test_no_line_is_made_that_nobody_logs(make_crawler: Any, run: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def crawl() -> None:
        send(crawler, signals.engine_started)
        await asyncio.sleep(15)
        send(crawler, signals.spider_closed)

    crawler = make_crawler(PROGRESS="lines")
    extension = Progress.from_crawler(crawler)
    with caplog.at_level(logging.WARNING):
        run(crawl())

    assert caplog.records == []
    assert extension is not None


@pytest.mark.parametrize("settings", [{"PROGRESS": "off"}, {"PROGRESS": "lines", "LOGSTATS_INTERVAL": 0}])
def test_nothing_to_show_leaves_it_out(make_crawler: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(NotConfigured):
        Progress.from_crawler(make_crawler(**settings))


def test_readings_hold_the_numbers_of_stats_and_frontier(make_crawler: Any, run: Any) -> None:
    async def crawl() -> None:
        progress.start()
        progress.start()
        crawler.engine.in_flight = 7
        host = SimpleNamespace(key="h", pending=1, active=2, delay_s=0.5, failures=3)
        crawler.engine.numbers |= {
            "done": 1, "replaced": 2, "dropped": 3, "failed": 4, "pending": 5, "leased": 8, "busiest": (host,),
        }  # fmt: skip
        await asyncio.sleep(0.3)
        progress.stop()
        await asyncio.gather(*crawler.engine.tasks)

    crawler, display = make_crawler(), RecordingDisplay()
    progress = Progress(crawler, lambda: display)
    run(crawl())

    [reading] = display.shown
    assert (reading.at_s, reading.finished, reading.pending, reading.leased, reading.in_flight) == (0.25, 10, 5, 8, 7)
    assert (reading.hosts[0].key, reading.hosts[0].failures) == ("h", 3)
    assert display.closed == 1
    assert len(crawler.engine.tasks) == 1


def test_a_display_that_fails_does_not_end_the_crawl(
    make_crawler: Any, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def crawl() -> None:
        progress.start()
        await asyncio.gather(*crawler.engine.tasks)

    crawler, display = make_crawler(), RecordingDisplay(fails=True)
    progress = Progress(crawler, lambda: display)
    run(crawl())

    assert display.closed == 1
    assert "the crawl goes on" in caplog.text


def test_a_cancelled_crawl_gives_the_terminal_back(make_crawler: Any, run: Any) -> None:
    async def crawl() -> None:
        progress.start()
        await asyncio.sleep(1)
        crawler.engine.tasks[0].cancel()
        await asyncio.gather(*crawler.engine.tasks, return_exceptions=True)

    crawler, display = make_crawler(), RecordingDisplay()
    progress = Progress(crawler, lambda: display)
    run(crawl())

    assert display.closed == 1


def test_without_an_engine_nothing_opens(make_crawler: Any) -> None:
    crawler = make_crawler()
    crawler.engine = None

    Progress(crawler, pytest.fail).start()


def test_a_live_display_opens_when_it_is_asked_for(
    make_crawler: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crawl() -> None:
        send(crawler, signals.engine_started)
        assert isinstance(extension._display, LiveDisplay)
        await asyncio.sleep(0.6)
        send(crawler, signals.spider_closed)

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    crawler = make_crawler(PROGRESS="rich")
    extension = Progress.from_crawler(crawler)
    run(crawl())

    assert "crawling" in stream.getvalue()


def test_rich_is_imported_only_when_it_is_used() -> None:
    code = "import sys, framework.telemetry.progress; sys.exit('rich' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
