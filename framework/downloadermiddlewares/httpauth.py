"""Sends HTTP Basic credentials: Scrapy's ``HttpAuthMiddleware``.

Place in the flow: adds the ``Authorization`` header. The credentials are the request's own (``meta``), else the
spider's (``http_user``, ``http_pass``, ``http_auth_domain``), else those of the settings (``HTTPAUTH_...``).
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Self
from urllib.parse import urlsplit

from framework.exceptions import PluginError
from framework.http import Request
from framework.protocols import Crawler
from framework.settings.declared import HeaderOptions

_UNSET = object()


class HttpAuthMiddleware:
    """Authenticates requests to one domain (and its subdomains) by RFC 7617.

    ``meta`` keys: ``http_user``, ``http_pass``, and ``http_auth_domain``, which is the request's own host where it is
    not given: a redirect takes the keys along, and elsewhere they must not be used.

    Args:
        user: user name.
        password: password.
        domain: where the credentials may go; ``None`` for everywhere.
    """

    def __init__(self, user: str = "", password: str = "", domain: str | None = None) -> None:
        self._header = _basic(user, password) if user or password else None
        self._domain = domain.lower() if domain is not None else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            PluginError: it is not said where the credentials may go.
        """
        spider, settings = crawler.spider, crawler.settings
        options = settings.group(HeaderOptions)
        user = getattr(spider, "http_user", "") or ""
        password = getattr(spider, "http_pass", "") or ""
        if user or password:
            domain = getattr(spider, "http_auth_domain", _UNSET)
            where = f"spider {spider.name!r} has http_user or http_pass", "http_auth_domain"
        else:
            user, password = options.http_auth_user, options.http_auth_password
            domain = options.http_auth_domain if settings.is_set("HTTPAUTH_DOMAIN") else _UNSET
            where = "HTTPAUTH_USER or HTTPAUTH_PASS is set", "HTTPAUTH_DOMAIN"
        if not user and not password:
            return cls()
        if domain is not None and not isinstance(domain, str):
            msg = (
                f"{where[0]}, and it is not said where they may be sent: "
                f"set {where[1]} to a domain such as 'example.com', or to None for every host"
            )
            raise PluginError(msg)
        return cls(str(user), str(password), domain)

    def process_request(self, request: Request) -> None:
        """Add the header to a request to the domain that has none."""
        header, domain = self._header, self._domain
        meta = request._meta
        if meta is not None and (meta.get("http_user") or meta.get("http_pass")):
            header, domain = _own(request, meta)
        if header is not None and (domain is None or _is_in(request, domain)):
            request.headers.setdefault(b"Authorization", header)


def _own(request: Request, meta: dict[str, Any]) -> tuple[bytes, str | None]:
    domain = meta.setdefault("http_auth_domain", urlsplit(request.url).hostname or "")
    header = _basic(str(meta.get("http_user") or ""), str(meta.get("http_pass") or ""))
    return header, domain.lower() if domain is not None else None


def _is_in(request: Request, domain: str) -> bool:
    host = urlsplit(request.url).hostname or ""
    return host == domain or host.endswith(f".{domain}")


def _basic(user: str, password: str) -> bytes:
    credentials = f"{user}:{password}"
    try:
        raw = credentials.encode("latin-1")
    except UnicodeEncodeError:
        raw = credentials.encode()
    return b"Basic " + b64encode(raw)
