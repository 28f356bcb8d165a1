"""Scrapy's path for the classes that ``STATS_CLASS`` may name; they live in ``framework.telemetry.stats``."""

from framework.telemetry.stats import DummyStatsCollector, MemoryStatsCollector, StatsCollector

__all__ = ["DummyStatsCollector", "MemoryStatsCollector", "StatsCollector"]
