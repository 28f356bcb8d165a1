"""Adds the headers of ``DEFAULT_REQUEST_HEADERS``: Scrapy's ``DefaultHeadersMiddleware``.

Place in the flow: first of those that add headers; what a request already has (also as ``None``) stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from framework.exceptions import NotConfigured
from framework.http import Headers, Request
from framework.protocols import Crawler
from framework.settings.declared import HeaderOptions


class DefaultHeadersMiddleware:
    """Sets default headers on each request that lacks them.

    Args:
        headers: names to values; ``None`` for one that is not to be sent.
    """

    def __init__(self, headers: Mapping[str, Any]) -> None:
        template = Headers({name: value for name, value in headers.items() if value is not None})
        self._fields = [(name, tuple(values)) for name, values in template.items()]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: there are no default headers.
        """
        headers = crawler.settings.group(HeaderOptions).default_request_headers
        if all(value is None for value in headers.values()):
            raise NotConfigured
        return cls(headers)

    def process_request(self, request: Request) -> None:
        """Add what the request lacks."""
        headers = request.headers
        # The names are in their stored form, so the dictionary itself may be asked: this runs for every request.
        setdefault = super(Headers, headers).setdefault
        for name, values in self._fields:
            setdefault(name, [*values])
