"""Counts how many links lead from ``start()`` to a page: Scrapy's ``DepthMiddleware``.

Place in the flow: ``process_spider_input`` gives a start page its depth 0 before its callback reads it;
``get_processed_request`` gives each request the depth of its page and one.
"""

from __future__ import annotations

import logging
from typing import Any, Self

from framework.http import Request, Response
from framework.protocols import Crawler
from framework.settings.declared import DepthOptions
from framework.spidermiddlewares.base import BaseSpiderMiddleware

logger = logging.getLogger(__name__)


class DepthMiddleware(BaseSpiderMiddleware):
    """Sets ``meta["depth"]``, drops what is deeper than ``DEPTH_LIMIT`` and adjusts priorities by depth.

    Args:
        crawler: the crawl.
        maxdepth: 0 for no limit.
        verbose_stats: count the requests of each depth.
        prio: a request's priority is lowered by its depth times this number.
    """

    keeps_identity = True
    refusal = "depth"

    def __init__(self, crawler: Crawler, maxdepth: int = 0, verbose_stats: bool = False, prio: int = 0) -> None:
        super().__init__(crawler)
        self.maxdepth = maxdepth
        self.verbose_stats = verbose_stats
        self.prio = prio
        self._is_plain = not (maxdepth or verbose_stats or prio)
        self._deepest = 0
        # One dictionary for all links of the same depth; requests copy it when their ``meta`` is touched.
        self._links_meta: dict[str, Any] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl."""
        options = crawler.settings.group(DepthOptions)
        return cls(crawler, options.limit, options.stats_verbose, options.priority)

    def process_spider_input(self, response: Response) -> None:
        """Give a page that no page led to the depth 0."""
        meta = response.meta
        if "depth" not in meta:
            meta["depth"] = 0
            if self.verbose_stats:
                self.crawler.stats.inc_value("request_depth_count/0")

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Give a request its depth; drop it where that is too deep."""
        if response is None:
            return request
        page_depth = response.meta.get("depth", 0)
        shared = self._links_meta
        if shared is None or shared["depth"] != page_depth + 1:
            shared = self._links_meta = {"depth": page_depth + 1}
        depth: int = shared["depth"]
        if request._meta is None and request._page_meta is None:
            request._page_meta = shared
        else:
            request.meta["depth"] = depth
        if self._is_plain and depth <= self._deepest:
            return request
        return self._looked_at(request, depth)

    def _looked_at(self, request: Request, depth: int) -> Request | None:
        if self.maxdepth and depth > self.maxdepth:
            logger.debug("Ignoring link (depth > %d): %s", self.maxdepth, request.url)
            self.crawler.stats.inc_value("depth/request_ignored_count")
            return None
        if self.prio:
            request.priority -= depth * self.prio
        if depth > self._deepest:
            self._deepest = depth
            self.crawler.stats.max_value("request_depth_max", depth)
        if self.verbose_stats:
            self.crawler.stats.inc_value(f"request_depth_count/{depth}")
        return request
