"""Drops requests with very long URLs, which crawler traps make: Scrapy's ``UrlLengthMiddleware``.

Place in the flow: sees each request that a callback or ``start()`` yields.
"""

from __future__ import annotations

import logging
from typing import Self

from framework.exceptions import NotConfigured
from framework.http import Request, Response
from framework.protocols import Crawler
from framework.settings.declared import UrlLengthOptions
from framework.spidermiddlewares.base import BaseSpiderMiddleware

logger = logging.getLogger(__name__)


class UrlLengthMiddleware(BaseSpiderMiddleware):
    """Drops requests whose URL is longer than ``URLLENGTH_LIMIT``.

    Args:
        crawler: the crawl.
        maxlength: in characters.
    """

    keeps_identity = True
    refusal = "url length"

    def __init__(self, crawler: Crawler, maxlength: int) -> None:
        super().__init__(crawler)
        self.maxlength = maxlength

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``URLLENGTH_LIMIT`` is 0.
        """
        limit = crawler.settings.group(UrlLengthOptions).limit
        if not limit:
            raise NotConfigured
        return cls(crawler, limit)

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Drop a request whose URL is too long."""
        if len(request._url) <= self.maxlength:
            return request
        logger.info("Ignoring link (url length > %d): %.200s...", self.maxlength, request.url)
        self.crawler.stats.inc_value("urllength/request_ignored_count")
        return None
