"""Follows redirects: Scrapy's ``RedirectMiddleware`` (status and ``Location``) and ``MetaRefreshMiddleware``.

Place in the flow: a response that sends us elsewhere becomes a request in its place, which the frontier takes as its
child. What may travel along is decided here: credentials and cookies stay on their origin, a method that turns into
GET loses its body.
"""

from __future__ import annotations

import logging
from typing import Any, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from w3lib.html import get_meta_refresh
from w3lib.url import canonicalize_url

from framework.exceptions import IgnoreRequest, NotConfigured
from framework.http import HtmlResponse, Request, Response
from framework.http.url import safe_url
from framework.protocols import Crawler
from framework.settings.declared import RedirectOptions

logger = logging.getLogger(__name__)

_STATUSES = frozenset({301, 302, 303, 307, 308})
_OF_CONTENT = (
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Transfer-Encoding",
)
_OF_ORIGIN = ("Authorization", "Cookie")
_HEAD_BYTES = 4096
_MOST_LOOKS = 8
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BaseRedirectMiddleware:
    """What both kinds of redirect do.

    ``meta`` keys: ``dont_redirect``, ``redirect_times``, ``redirect_ttl``, ``redirect_urls``, ``redirect_reasons``.

    Args:
        max_redirect_times: how often one request is redirected.
        priority_adjust: added to the priority of a redirected request.
        spider: whose ``handle_httpstatus_list`` counts.
    """

    def __init__(self, max_redirect_times: int, priority_adjust: int, spider: Any = None) -> None:
        self.max_redirect_times = max_redirect_times
        self.priority_adjust = priority_adjust
        self._spider = spider

    def _redirected(self, request: Request, url: str, reason: Any, *, to_get: bool) -> Request:
        """Build the request that follows ``request`` to ``url``.

        Raises:
            IgnoreRequest: it was redirected too often.
        """
        meta = request.meta
        times = meta.get("redirect_times", 0) + 1
        ttl = meta.get("redirect_ttl", self.max_redirect_times)
        if ttl <= 0 or times > self.max_redirect_times:
            logger.debug("Discarding %s: max redirections reached", request)
            too_many = IgnoreRequest("max redirections reached")
            too_many.refusal = "redirects"
            raise too_many
        target = _follow(request, url, to_get=to_get)
        visited = [*meta.get("redirect_urls", ()), request.url]
        target.meta.update(
            redirect_times=times,
            redirect_ttl=ttl - 1,
            redirect_urls=visited,
            redirect_reasons=[*meta.get("redirect_reasons", ()), reason],
        )
        target.priority = request.priority + self.priority_adjust
        # A wall that sets a cookie and sends us back to where we were must not be stopped as a duplicate.
        canonical = canonicalize_url(target.url)
        target.dont_filter = request.dont_filter or any(canonicalize_url(seen) == canonical for seen in visited)
        logger.debug("Redirecting (%s) to %s from %s", reason, target, request)
        return target


class RedirectMiddleware(BaseRedirectMiddleware):
    """Follows 301, 302, 303, 307 and 308 as RFC 9110, section 15.4, has it."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``REDIRECT_ENABLED`` is off.
        """
        options = crawler.settings.group(RedirectOptions)
        if not options.enabled:
            raise NotConfigured
        return cls(options.max_times, options.priority_adjust, crawler.spider)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Give the request that follows a redirect, or the response when it is none that we follow.

        Raises:
            IgnoreRequest: the request was redirected too often.
        """
        status = response.status
        if status not in _STATUSES or self._is_wanted(request, status):
            return response
        url = _target(request, response)
        if url is None:
            return response
        method = request.method
        to_get = (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD"))
        return self._redirected(request, url, status, to_get=to_get)

    def _is_wanted(self, request: Request, status: int) -> bool:
        """Say whether somebody wants to see the redirect itself."""
        return bool(
            request.meta_get("dont_redirect")
            or request.meta_get("handle_httpstatus_all")
            or status in request.meta_get("handle_httpstatus_list", ())
            or status in (getattr(self._spider, "handle_httpstatus_list", None) or ())
        )


class MetaRefreshMiddleware(BaseRedirectMiddleware):
    """Follows ``<meta http-equiv="refresh">`` in the first 4 KB of an HTML page.

    A page that refreshes to an address where this chain has already been is the page we wanted: it is given on.

    Args:
        max_redirect_times: how often one request is redirected.
        priority_adjust: added to the priority of a redirected request.
        max_delay_s: a longer delay is meant for people who watch the page, and is not followed.
        ignore_tags: tags in which a meta element does not count.
    """

    def __init__(
        self, max_redirect_times: int, priority_adjust: int, max_delay_s: float = 100, ignore_tags: tuple[str, ...] = ()
    ) -> None:
        super().__init__(max_redirect_times, priority_adjust)
        self._max_delay_s = max_delay_s
        self._ignore_tags = ignore_tags

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``METAREFRESH_ENABLED`` is off.
        """
        options = crawler.settings.group(RedirectOptions)
        if not options.meta_refresh_enabled:
            raise NotConfigured
        return cls(
            options.max_times,
            options.priority_adjust,
            options.meta_refresh_max_delay_s,
            options.meta_refresh_ignore_tags,
        )

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Give the request that follows a refresh, or the response.

        Raises:
            IgnoreRequest: the request was redirected too often.
        """
        if not may_refresh(response.body) or not isinstance(response, HtmlResponse):
            return response
        if request.method == "HEAD" or request.meta_get("dont_redirect"):
            return response
        url = self._target(request, response)
        if url is None:
            return response
        return self._redirected(request, url, "meta refresh", to_get=True)

    def _target(self, request: Request, response: HtmlResponse) -> str | None:
        try:
            delay_s, href = get_meta_refresh(
                response.text[:_HEAD_BYTES], response.url, response.encoding, ignore_tags=self._ignore_tags
            )
        except ValueError:
            return None
        if delay_s is None or href is None or delay_s > self._max_delay_s:
            return None
        url = _resolved(request, href)
        is_back = url is not None and url in request.meta_get("redirect_urls", ())
        return None if is_back else url


def may_refresh(body: bytes) -> bool:
    """Say whether the head of a page may hold a meta refresh; nearly free for a page that does not.

    "http-equiv" has a letter that is rare in other text and that a byte search finds at memory speed.
    """
    looks = 0
    for letter in (b"q", b"Q"):
        at = body.find(letter, 0, _HEAD_BYTES)
        while at > 0:
            looks += 1
            if looks > _MOST_LOOKS or body[at - 1 : at + 4].lower() == b"equiv":
                return _has_refresh(body[:_HEAD_BYTES].lower())
            at = body.find(letter, at + 1, _HEAD_BYTES)
    return False


def _has_refresh(head: bytes) -> bool:
    return b"equiv" in head and b"refresh" in head


def _target(request: Request, response: Response) -> str | None:
    """Give the absolute URL that ``Location`` names; ``None`` where there is none that we follow."""
    location = response.header(b"location")
    if not location:
        return None
    try:
        text = location.decode("utf-8")
    except UnicodeDecodeError:
        text = location.decode("latin-1")
    return _resolved(request, text.strip())


def _resolved(request: Request, href: str) -> str | None:
    try:
        url = safe_url(urljoin(request.url, href))
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        logger.debug("Not following %s: %r is no URL", request, href)
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        logger.debug("Not following %s to %r: only http and https are followed", request, href)
        return None
    # A target without a fragment takes that of the request (RFC 9110, section 10.2.2).
    fragment = urlsplit(request.url).fragment
    return f"{url}#{fragment}" if fragment and "#" not in url else url


def _follow(request: Request, url: str, *, to_get: bool) -> Request:
    kwargs: dict[str, Any] = {"url": url, "cookies": None}
    before, after = urlsplit(request.url), urlsplit(url)
    stays = _is_same_origin(before, after)
    if stays and request.meta_get("dont_merge_cookies"):
        # No jar knows them, so only the request can carry them on.
        kwargs["cookies"] = request._cookies
    if to_get:
        kwargs.update(method="GET", body=b"")
    target: Request = request.replace(**kwargs)
    headers = target._headers
    if headers is not None:
        gone = (_OF_CONTENT if to_get else ()) + (() if stays else _OF_ORIGIN)
        for name in gone:
            headers.pop(name, None)
        _guard_referer(target, after)
    return target


def _is_same_origin(before: SplitResult, after: SplitResult) -> bool:
    """Say whether credentials may go along: the same scheme, host and port, or the same host's step up to https."""
    if before.hostname != after.hostname:
        return False
    ports = [parts.port or _DEFAULT_PORTS.get(parts.scheme) for parts in (before, after)]
    if before.scheme == after.scheme:
        return ports[0] == ports[1]
    return (before.scheme, after.scheme, *ports) == ("http", "https", 80, 443)


def _guard_referer(target: Request, after: SplitResult) -> None:
    """Keep the address of a page that came over TLS from going out in the open."""
    referer = target.headers.get(b"Referer")
    if referer and after.scheme == "http" and referer.startswith(b"https:"):
        target.headers.pop(b"Referer")
