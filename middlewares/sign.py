"""Signs requests to the demo shop's JSON API. Goes live by one line of ``settings.py``."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Self
from urllib.parse import urlsplit

from framework import Request
from framework.exceptions import NotConfigured


class SignMiddleware:
    """Adds the header ``X-Shop-Signature``: HMAC-SHA256 of method and path with query.

    Only requests to the shop of ``SHOP_URL`` (or the spider's argument ``shop``) whose path begins with ``/api/`` are
    signed: the signature is nobody else's business.

    Args:
        secret: the key.
        crawler: whose spider may name another shop.
    """

    def __init__(self, secret: str, crawler: Any) -> None:
        self._secret = secret.encode()
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Take the secret from ``SHOP_API_SECRET``; without one there is nothing to do."""
        secret = crawler.settings.get("SHOP_API_SECRET")
        if not secret:
            raise NotConfigured
        return cls(secret, crawler)

    def process_request(self, request: Request) -> None:
        """Sign requests to the API."""
        target = urlsplit(request.url)
        if not target.path.startswith("/api/"):
            return
        shop = getattr(self._crawler.spider, "shop", None) or self._crawler.settings["SHOP_URL"]
        if urlsplit(shop).netloc != target.netloc:
            return
        path = target.path + (f"?{target.query}" if target.query else "")
        message = f"{request.method} {path}".encode()
        request.headers["X-Shop-Signature"] = hmac.new(self._secret, message, hashlib.sha256).hexdigest()
