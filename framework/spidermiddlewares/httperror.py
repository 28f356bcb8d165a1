"""Keeps unsuccessful responses from callbacks: Scrapy's ``HttpErrorMiddleware``.

Place in the flow: ``process_spider_input`` runs before the callback. What it refuses goes to the request's errback,
and, when that does not take it, to ``process_spider_exception``, which counts it and is content.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Self

from framework.exceptions import IgnoreRequest, NotConfigured
from framework.http import Response
from framework.protocols import Crawler
from framework.settings.declared import HttpErrorOptions
from framework.spidermiddlewares.base import BaseSpiderMiddleware

logger = logging.getLogger(__name__)


class HttpError(IgnoreRequest):
    """A response whose status the spider does not handle.

    Attributes:
        response: the response.
    """

    def __init__(self, response: Response, *args: Any) -> None:
        super().__init__(*args)
        self.response = response


class HttpErrorMiddleware(BaseSpiderMiddleware):
    """Lets 2xx pass, and what ``handle_httpstatus_list`` or ``handle_httpstatus_all`` asks for.

    These may stand in ``meta``; the list as an attribute of the spider too, and in ``HTTPERROR_ALLOWED_CODES``.

    Args:
        crawler: the crawl.
        allowed_codes: statuses that pass besides 2xx.
    """

    keeps_identity = True

    def __init__(self, crawler: Crawler, allowed_codes: Iterable[int] = ()) -> None:
        super().__init__(crawler)
        self._allowed_codes = frozenset(allowed_codes)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``HTTPERROR_ALLOW_ALL`` is on.
        """
        options = crawler.settings.group(HttpErrorOptions)
        if options.allow_all:
            raise NotConfigured
        return cls(crawler, options.allowed_codes)

    def process_spider_input(self, response: Response) -> None:
        """Let a response pass to its callback.

        Raises:
            HttpError: it does not.
        """
        status = response.status
        if 200 <= status < 300:
            return
        meta = response.meta
        if meta.get("handle_httpstatus_all"):
            return
        wanted = meta.get("handle_httpstatus_list")
        if wanted is None:
            wanted = getattr(self.crawler.spider, "handle_httpstatus_list", None) or self._allowed_codes
        if status not in wanted:
            raise HttpError(response, "Ignoring non-200 response")

    def process_spider_exception(self, response: Response, exception: Exception) -> list[Any] | None:
        """Count a response that nobody handled; other exceptions go on."""
        if not isinstance(exception, HttpError):
            return None
        stats = self.crawler.stats
        stats.inc_value("httperror/response_ignored_count")
        stats.inc_value(f"httperror/response_ignored_status_count/{response.status}")
        logger.info("Ignoring response %s: HTTP status code is not handled or not allowed", response)
        return []
