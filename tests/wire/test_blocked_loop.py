"""Code that blocks the event loop is told of with file and line, once: on a real loop, with real waiting."""

import asyncio
import logging
import threading
import time

import pytest

from framework.exceptions import NotConfigured
from framework.settings import Settings
from framework.signalmanager import SignalManager
from framework.telemetry.blocked import BlockedLoop
from framework.telemetry.stats import MemoryStatsCollector
from framework.testing.virtualtime import VirtualTimeLoop


class SomeCrawler:
    def __init__(self, **settings):
        self.settings = Settings(settings)
        self.stats = MemoryStatsCollector(self)
        self.signals = SignalManager(self)


def watched(crawler, *steps):
    async def main():
        extension = BlockedLoop.from_crawler(crawler)
        extension.engine_started()
        for step in steps:
            await asyncio.sleep(0.1)
            step()
        await asyncio.sleep(0.2)
        extension.engine_stopped()

    return main()


def slow_parse():
    time.sleep(0.6)  # the line that is to be named


def test_blocking_code_is_named_once_and_counted_each_time(run_real, caplog):
    crawler = SomeCrawler(WARN_BLOCKED_LOOP=0.2)

    with caplog.at_level(logging.WARNING):
        run_real(watched(crawler, slow_parse, slow_parse))

    (told,) = [record.getMessage() for record in caplog.records if record.name == "framework.telemetry.blocked"]
    line = slow_parse.__code__.co_firstlineno + 1
    assert told.startswith("slow_parse (")
    assert f"test_blocked_loop.py:{line}) kept everything else waiting for 0." in told
    assert crawler.stats.get_value("loop/blocked_count") >= 2
    assert crawler.stats.get_value("loop/blocked_s_max") >= 0.4


def test_code_that_awaits_is_not_told_of(run_real, caplog):
    crawler = SomeCrawler(WARN_BLOCKED_LOOP=2.0)

    with caplog.at_level(logging.WARNING):
        run_real(watched(crawler, lambda: None))

    assert crawler.stats.get_value("loop/blocked_count") is None
    assert "blocked-loop" not in [thread.name for thread in threading.enumerate()]


def test_the_limit_0_switches_it_off():
    with pytest.raises(NotConfigured):
        BlockedLoop.from_crawler(SomeCrawler(WARN_BLOCKED_LOOP=0))


def test_a_loop_with_a_time_of_its_own_is_not_watched():
    async def main():
        extension = BlockedLoop.from_crawler(SomeCrawler())
        extension.engine_started()
        extension.engine_stopped()
        return extension._watcher

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) is None
