"""Sets the ``User-Agent`` header: Scrapy's ``UserAgentMiddleware``.

Place in the flow: after the default headers; a request that names an agent keeps it.
"""

from __future__ import annotations

from typing import Self

from framework.exceptions import NotConfigured
from framework.http import Headers, Request
from framework.protocols import Crawler
from framework.settings.declared import HeaderOptions


class UserAgentMiddleware:
    """Says who we are: ``spider.user_agent``, else the setting ``USER_AGENT``.

    Args:
        user_agent: the header's value.
    """

    def __init__(self, user_agent: str) -> None:
        self.user_agent = user_agent
        self._value = Headers({"User-Agent": user_agent})[b"User-Agent"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: neither the spider nor the settings name an agent.
        """
        user_agent = getattr(crawler.spider, "user_agent", None) or crawler.settings.group(HeaderOptions).user_agent
        if not user_agent:
            raise NotConfigured
        return cls(user_agent)

    def process_request(self, request: Request) -> None:
        """Add the header where it is missing."""
        dict.setdefault(request.headers, b"User-Agent", [self._value])
