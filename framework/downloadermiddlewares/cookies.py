"""Keeps cookies as a browser does: Scrapy's ``CookiesMiddleware``.

Place in the flow: adds the ``Cookie`` header to a request and takes ``Set-Cookie`` from its response. Which cookie
goes where is decided in ``cookiejar.py``. ``snapshot`` and ``restore`` carry all jars over a stop.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Self

from framework.downloadermiddlewares.cookiejar import Address, CookieJar, address_of, make_cookie
from framework.exceptions import NotConfigured
from framework.http import Headers, Request, Response
from framework.protocols import Crawler
from framework.settings.declared import CookieOptions

logger = logging.getLogger(__name__)

JarKey = Any
"""What ``meta["cookiejar"]`` holds: any hashable value; ``None`` for the jar of everybody else."""


class CookiesMiddleware:
    """Sends the cookies that a site has set, and those of ``Request.cookies``.

    ``meta["cookiejar"]`` chooses a jar (a session) by its key; ``meta["dont_merge_cookies"]`` leaves a request's
    exchange out. A ``Cookie`` header set by hand is replaced as soon as a jar has a cookie for the request.

    Args:
        is_debug: log what is sent and received (``COOKIES_DEBUG``).
        clock: wall clock in seconds.
    """

    def __init__(self, is_debug: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.jars: dict[JarKey, CookieJar] = {None: CookieJar()}
        self.is_debug = is_debug
        self._clock = clock

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``COOKIES_ENABLED`` is off.
        """
        options = crawler.settings.group(CookieOptions)
        if not options.enabled:
            raise NotConfigured
        return cls(options.debug)

    def process_request(self, request: Request) -> None:
        """Put the ``Cookie`` header on the request."""
        own = request._cookies
        jar = self.jars.get(request.meta_get("cookiejar"))
        if not (own or jar) or request.meta_get("dont_merge_cookies"):
            return
        if jar is None:
            jar = self._jar(request.meta_get("cookiejar"))
        address = address_of(request._url)
        now_at = self._clock()
        if own:
            self._take_own(request, jar, address, now_at)
        header = jar.header(address, now_at)
        if header is not None:
            dict.__setitem__(request.headers, b"Cookie", [header])
            if self.is_debug:
                logger.debug("Sending cookies to: %s\nCookie: %s", request, header.decode("latin-1"))

    def process_response(self, request: Request, response: Response) -> Response:
        """Store what the response sets."""
        received = _set_cookies(response)
        if not received or request.meta_get("dont_merge_cookies"):
            return response
        jar = self._jar(request.meta_get("cookiejar"))
        address = address_of(request._url)
        now_at = self._clock()
        for header in received:
            jar.receive(header, address, now_at)
        if self.is_debug:
            lines = "\n".join("Set-Cookie: " + header.decode("latin-1") for header in received)
            logger.debug("Received cookies from: %s\n%s", response, lines)
        return response

    def _jar(self, key: JarKey) -> CookieJar:
        jar = self.jars.get(key)
        if jar is None:
            jar = self.jars[key] = CookieJar()
        return jar

    def _take_own(self, request: Request, jar: CookieJar, address: Address, now_at: float) -> None:
        """Put the request's own cookies into the jar; like those of a page, they stay there."""
        own = request.cookies
        listed = [{"name": n, "value": v} for n, v in own.items()] if isinstance(own, dict) else own
        for given in listed:
            missing = [part for part in ("name", "value") if given.get(part) is None]
            if missing:
                logger.warning("Cookie of %s left out: it has no %s", request, " and no ".join(missing))
                continue
            cookie = make_cookie(
                _text(given["name"]),
                _text(given["value"]),
                address,
                domain=_text(given.get("domain") or ""),
                path=_text(given.get("path") or ""),
                is_secure=bool(given.get("secure", address.is_secure)),
            )
            if cookie is None:
                logger.warning(
                    "Cookie %r of %s left out: its domain is not one of the request's, or it is too large or malformed",
                    given["name"],
                    request,
                )
            else:
                jar.add(cookie, now_at)

    @property
    def snapshot_revision(self) -> tuple[int, int]:
        """Give what differs as soon as ``snapshot`` would."""
        return len(self.jars), max((jar.revision for jar in self.jars.values()), default=0)

    def snapshot(self) -> list[list[Any]]:
        """Give all jars as data that JSON can hold: pairs of key and cookies.

        A key that JSON cannot hold is left out; tuples come back as tuples.
        """
        return [[key, jar.snapshot()] for key, jar in self.jars.items() if jar and _is_plain(key)]

    def restore(self, snapshot: list[list[Any]] | None) -> None:
        """Add the cookies that ``snapshot`` gave, those that have expired since left out."""
        now_at = self._clock()
        for key, cookies in snapshot or ():
            self._jar(_hashable(key)).restore(cookies, now_at)


def _set_cookies(response: Response) -> list[bytes]:
    headers = response._headers
    if headers is None:
        return []
    if isinstance(headers, Headers):
        return headers.getlist(b"Set-Cookie")
    # Most responses set nothing, so their headers are not built to find out.
    return [value for name, value in headers if len(name) == 10 and name.lower() == b"set-cookie"]


def _text(value: Any) -> str:
    """Give a cookie's part in the jar's form, Latin-1 for bytes; a str goes over the wire in UTF-8."""
    raw = value if isinstance(value, bytes) else str(value).encode()
    return raw.decode("latin-1").replace(";", "%3B")


def _is_plain(key: JarKey) -> bool:
    if isinstance(key, tuple):
        return all(map(_is_plain, key))
    return key is None or isinstance(key, str | int | float)


def _hashable(key: Any) -> JarKey:
    return tuple(map(_hashable, key)) if isinstance(key, list) else key
