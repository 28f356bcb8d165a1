"""Keeps a crawl on the domains of its spider: Scrapy's ``OffsiteMiddleware``.

Place in the flow: the frontier asks ``refuse`` before it stores a request; ``process_request`` stops what never passed
there (a nested fetch). Both come down to one look-up by the URL's origin.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import Any, Self
from urllib.parse import urlsplit

from framework.exceptions import IgnoreRequest
from framework.http import Request
from framework.protocols import Crawler, StatsCollector

logger = logging.getLogger(__name__)

_MOST_REMEMBERED = 50_000
_WITH_PORT = re.compile(r":\d+$")


class OffsiteMiddleware:
    """Refuses requests to hosts outside ``spider.allowed_domains`` and their subdomains.

    ``dont_filter`` and ``meta["allow_offsite"]`` let a request pass. The attribute is read when it is needed, so a
    spider may set it as late as in ``start()``. Without it everything is allowed.

    Args:
        stats: counts ``offsite/domains`` and ``offsite/filtered``.
        spider: whose ``allowed_domains`` it is.
    """

    def __init__(self, stats: StatsCollector, spider: Any) -> None:
        self.stats = stats
        self._spider = spider
        self._declared: Any = None
        self._size = 0
        self._allowed: frozenset[str] | None = None
        self._is_onsite: dict[str, bool] = {}
        self._reported: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl."""
        return cls(crawler.stats, crawler.spider)

    def refuse(self, request: Request) -> str | None:
        """Give ``"offsite"`` for a request that would leave the spider's domains, else ``None``."""
        declared = getattr(self._spider, "allowed_domains", None)
        if not declared:
            return None
        if declared is not self._declared or len(declared) != self._size:
            self._read(declared)
        url = request._url
        end = url.find("/", 8)
        origin = url[:end] if end != -1 else url
        is_onsite = self._is_onsite.get(origin)
        if is_onsite is None:
            is_onsite = self._look_at(url, origin)
        if is_onsite or request.dont_filter or request.meta_get("allow_offsite"):
            return None
        self._report(request)
        return "offsite"

    def process_request(self, request: Request) -> None:
        """Drop a request that leaves the spider's domains.

        Raises:
            IgnoreRequest: it does.
        """
        if self.refuse(request) is not None:
            host = urlsplit(request.url).hostname
            offsite = IgnoreRequest(
                f"Filtered offsite request: {host!r} is not in the spider's allowed_domains; "
                'add it there, or give the request meta={"allow_offsite": True}'
            )
            offsite.refusal = "offsite"
            raise offsite

    def _read(self, declared: Collection[Any]) -> None:
        self._declared = declared
        self._size = len(declared)
        domains = [declared] if isinstance(declared, str) else declared
        self._allowed = frozenset(filter(None, map(_domain, domains)))
        self._is_onsite = {}

    def _look_at(self, url: str, origin: str) -> bool:
        host = urlsplit(url).hostname or ""
        allowed = self._allowed or frozenset()
        is_onsite = any(domain in allowed for domain in _domain_and_parents(host))
        if len(self._is_onsite) >= _MOST_REMEMBERED:
            self._is_onsite.clear()
        self._is_onsite[origin] = is_onsite
        return is_onsite

    def _report(self, request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        if host not in self._reported and len(self._reported) < _MOST_REMEMBERED:
            self._reported.add(host)
            logger.debug("Filtered offsite request to %r: %s", host, request)
            self.stats.inc_value("offsite/domains")
        self.stats.inc_value("offsite/filtered")


def _domain_and_parents(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[n:]) for n in range(len(labels))]


def _domain(entry: Any) -> str | None:
    """Read one entry of ``allowed_domains``; one that is no plain domain is warned of and left out."""
    if entry is None:
        return None
    text = str(entry).strip().lower()
    if "://" in text or "/" in text:
        logger.warning("allowed_domains takes domains, not URLs: %r is left out; write %r", entry, _host_in(text))
        return None
    if _WITH_PORT.search(text) and text.count(":") == 1:
        logger.warning(
            "allowed_domains takes domains without a port (any port is allowed): %r is left out; write %r",
            entry,
            text.partition(":")[0],
        )
        return None
    return text.removeprefix(".").strip("[]") or None


def _host_in(text: str) -> str:
    try:
        return urlsplit(text if "://" in text else "//" + text).hostname or ""
    except ValueError:
        return ""
