"""Gives a spider's own time-out to its requests: Scrapy's ``DownloadTimeoutMiddleware``.

Place in the flow: the setting ``DOWNLOAD_TIMEOUT`` is the download handler's business; this is only for spiders that
have an attribute ``download_timeout``.
"""

from __future__ import annotations

from typing import Self

from framework.exceptions import NotConfigured, PluginError
from framework.http import Request
from framework.protocols import Crawler


class DownloadTimeoutMiddleware:
    """Sets ``meta["download_timeout"]`` where a request has none.

    Args:
        timeout_s: for the whole transfer.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: the spider has no ``download_timeout``.
            PluginError: it is not a number of seconds.
        """
        given = getattr(crawler.spider, "download_timeout", None)
        if given is None:
            raise NotConfigured
        try:
            timeout_s = float(given)
        except (TypeError, ValueError):
            timeout_s = -1.0
        if not timeout_s > 0:
            msg = f"download_timeout of spider {crawler.spider.name!r} is {given!r}; give seconds, such as 30"
            raise PluginError(msg)
        return cls(timeout_s)

    def process_request(self, request: Request) -> None:
        """Set the time-out of a request that has none of its own."""
        request.meta.setdefault("download_timeout", self._timeout_s)
