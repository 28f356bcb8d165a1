"""Sends HTTP Basic credentials: Scrapy's ``HttpAuthMiddleware``.

Place in the flow: reads ``http_user``, ``http_pass`` and ``http_auth_domain`` of the spider, and adds the
``Authorization`` header to requests to that domain.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Self
from urllib.parse import urlsplit

from framework.exceptions import NotConfigured, PluginError
from framework.http import Request
from framework.protocols import Crawler

_UNSET = object()


class HttpAuthMiddleware:
    """Authenticates requests to one domain (and its subdomains) by RFC 7617.

    Args:
        user: user name.
        password: password.
        domain: where the credentials may go; ``None`` for everywhere.
    """

    def __init__(self, user: str, password: str, domain: str | None) -> None:
        credentials = f"{user}:{password}"
        try:
            raw = credentials.encode("latin-1")
        except UnicodeEncodeError:
            raw = credentials.encode()
        self._header = b"Basic " + b64encode(raw)
        self._domain = domain.lower() if domain is not None else None
        self._parent = f".{self._domain}"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: the spider has no ``http_user`` and no ``http_pass``.
            PluginError: the spider does not say where its credentials may go.
        """
        spider = crawler.spider
        user = getattr(spider, "http_user", "") or ""
        password = getattr(spider, "http_pass", "") or ""
        if not user and not password:
            raise NotConfigured
        domain = getattr(spider, "http_auth_domain", _UNSET)
        if domain is _UNSET or not (domain is None or isinstance(domain, str)):
            msg = (
                f"spider {spider.name!r} has http_user or http_pass, but does not say where they may be sent: "
                "set http_auth_domain to a domain such as 'example.com', or to None for every host"
            )
            raise PluginError(msg)
        return cls(str(user), str(password), domain)

    def process_request(self, request: Request) -> None:
        """Add the header to a request to the domain that has none."""
        if self._domain is not None:
            host = urlsplit(request.url).hostname or ""
            if host != self._domain and not host.endswith(self._parent):
                return
        request.headers.setdefault(b"Authorization", self._header)
