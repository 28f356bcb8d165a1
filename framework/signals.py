"""The signals of a crawl, under Scrapy's names, each with the arguments its handlers may take.

A handler names only the arguments that it wants. See ``framework.signalmanager`` for connecting and sending.
"""

from __future__ import annotations

from typing import Final


class Signal:
    """One named signal; compared by identity."""

    __slots__ = ("arguments", "name")

    def __init__(self, name: str, *arguments: str) -> None:
        self.name = name
        self.arguments = arguments

    def __repr__(self) -> str:
        return f"<Signal {self.name}({', '.join(self.arguments)})>"


engine_started: Final = Signal("engine_started")
engine_stopped: Final = Signal("engine_stopped")
scheduler_empty: Final = Signal("scheduler_empty")
spider_opened: Final = Signal("spider_opened", "spider")
spider_idle: Final = Signal("spider_idle", "spider")
spider_closed: Final = Signal("spider_closed", "spider", "reason")
spider_error: Final = Signal("spider_error", "failure", "response", "spider")
feed_slot_closed: Final = Signal("feed_slot_closed", "slot")
feed_exporter_closed: Final = Signal("feed_exporter_closed")
memusage_warning_reached: Final = Signal("memusage_warning_reached")
request_scheduled: Final = Signal("request_scheduled", "request", "spider")
request_dropped: Final = Signal("request_dropped", "request", "spider")
request_reached_downloader: Final = Signal("request_reached_downloader", "request", "spider")
request_left_downloader: Final = Signal("request_left_downloader", "request", "spider")
response_received: Final = Signal("response_received", "response", "request", "spider")
response_downloaded: Final = Signal("response_downloaded", "response", "request", "spider")
headers_received: Final = Signal("headers_received", "headers", "body_length", "request", "spider")
bytes_received: Final = Signal("bytes_received", "data", "request", "spider")
item_scraped: Final = Signal("item_scraped", "item", "response", "spider")
item_dropped: Final = Signal("item_dropped", "item", "response", "exception", "spider")
item_error: Final = Signal("item_error", "item", "response", "spider", "failure")

# Older names that Scrapy still documents.
stats_spider_opened = spider_opened
stats_spider_closing = spider_closed
stats_spider_closed = spider_closed
item_passed = item_scraped
request_received = request_scheduled
