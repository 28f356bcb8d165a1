"""Obeys robots.txt: Scrapy's ``RobotsTxtMiddleware``, as a gate at the lease.

Place in the flow: the frontier asks the gate before it leases a request. The first request of an origin starts the
one fetch of its robots.txt, and all requests of that origin wait in the frontier, holding nothing, until the answer is
there. Then ``process_request`` drops what is forbidden.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from typing import Any, Self, cast
from urllib.parse import urlsplit

from framework.components import build_from_crawler, load_object
from framework.exceptions import IgnoreRequest, NotConfigured
from framework.http import Request, Response
from framework.http.request.callbacks import NO_CALLBACK
from framework.protocols import Crawler, Engine, Wait, Waker
from framework.robotstxt import RobotParser
from framework.settings.declared import HeaderOptions, RobotsOptions

logger = logging.getLogger(__name__)

_MOST_ORIGINS = 20_000
_MOST_DOWNLOAD_BYTES = 10 * 1024 * 1024
_UNKNOWN: Any = object()

Rules = RobotParser | None
"""What one origin's robots.txt says; ``None`` where everything is allowed, which is cheaper to ask."""


class RobotsTxtMiddleware:
    """Drops requests that robots.txt forbids; ``meta["dont_obey_robotstxt"]`` lets one pass.

    No robots.txt (4xx), or none that could be fetched (5xx, network failure: logged), allows everything.

    Args:
        crawler: its engine fetches, its stats count (``robotstxt/...``).
        build_parser: makes the parser of a file's body.
        user_agent: whom the rules are looked up for; empty to take each request's own ``User-Agent``.
        default_user_agent: for a request without one.
    """

    DOWNLOAD_PRIORITY = 1000

    def __init__(
        self,
        crawler: Crawler,
        build_parser: Callable[[bytes], RobotParser],
        user_agent: str = "",
        default_user_agent: str = "",
    ) -> None:
        self.crawler = crawler
        self._build_parser = build_parser
        self._user_agent = user_agent
        self._default_user_agent = default_user_agent
        self._rules: dict[str, Rules] = {}
        self._fetching: set[str] = set()
        self._wake: Waker | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``ROBOTSTXT_OBEY`` is off.
            PluginError: ``ROBOTSTXT_PARSER`` cannot be imported.
        """
        options = crawler.settings.group(RobotsOptions)
        if not options.obey:
            raise NotConfigured
        parser = load_object(options.parser)
        return cls(
            crawler,
            lambda body: cast("RobotParser", build_from_crawler(parser, crawler, body)),
            options.user_agent or "",
            getattr(crawler.spider, "user_agent", None) or crawler.settings.group(HeaderOptions).user_agent,
        )

    def connect_waker(self, wake: Waker) -> None:
        """Take the function that wakes an origin's requests."""
        self._wake = wake

    def ask(self, request: Request) -> Wait | None:
        """Let a request go when its origin's rules are known; else see that they are fetched, and let it wait."""
        url = request._url
        end = url.find("/", 8)
        origin = url[:end] if end != -1 else url
        if origin in self._rules or request.meta_get("dont_obey_robotstxt"):
            return None
        real = self._learn_alias(origin, url)
        if real is None or real in self._rules:
            return None
        return Wait(real) if self._is_fetching(real) else None

    def _is_fetching(self, origin: str) -> bool:
        """Start the fetch of an origin's rules unless it runs; ``False`` when there is no engine that could."""
        if origin in self._fetching:
            return True
        engine = self.crawler.engine
        if engine is None:
            return False
        # In a context of its own: the fetch belongs to the origin, not to the visit that happens to ask first.
        Context().run(engine.spawn, self._fetch(engine, origin), f"robots.txt of {origin}")
        self._fetching.add(origin)
        return True

    def process_request(self, request: Request) -> None:
        """Drop a request that is forbidden. Its origin's rules are known: it has passed the gate.

        Raises:
            IgnoreRequest: robots.txt forbids it.
        """
        url = request._url
        end = url.find("/", 8)
        written = url[:end] if end != -1 else url
        rules = self._rules.get(written, _UNKNOWN)
        if rules is None or request.meta_get("dont_obey_robotstxt"):
            return
        if rules is _UNKNOWN:
            real = self._learn_alias(written, url)
            rules = self._rules.get(real) if real is not None else None
        self._check(request, rules)

    def _check(self, request: Request, rules: Rules) -> None:
        if rules is None or rules.allowed(request.url, self._agent_of(request)):
            return
        self.crawler.stats.inc_value("robotstxt/forbidden")
        logger.debug("Forbidden by robots.txt: %s", request)
        forbidden = IgnoreRequest("Forbidden by robots.txt")
        forbidden.refusal = "robots"
        raise forbidden

    def _agent_of(self, request: Request) -> str:
        if self._user_agent:
            return self._user_agent
        headers = request._headers
        own = headers.get(b"User-Agent") if headers is not None else None
        return own.decode("latin-1") if own else self._default_user_agent

    def _learn_alias(self, written: str, url: str) -> str | None:
        """Give the origin whose robots.txt counts for a URL; ``None`` for a scheme that has none (data:, file:)."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            return None
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if origin != written and origin in self._rules:
            self._remember(written, self._rules[origin])
        return origin

    def _remember(self, origin: str, rules: Rules) -> None:
        if len(self._rules) >= _MOST_ORIGINS:
            del self._rules[next(iter(self._rules))]
        self._rules[origin] = rules

    async def _fetch(self, engine: Engine, origin: str) -> None:
        """Fetch, parse and remember the rules of an origin, and wake who waits for them."""
        rules: Rules = None
        try:
            rules = await self._download(engine, origin)
        except asyncio.CancelledError:
            self._fetching.discard(origin)
            raise
        except IgnoreRequest as reason:
            logger.debug("robots.txt of %s was not fetched: %s", origin, reason)
        except Exception as error:
            logger.warning("robots.txt of %s could not be fetched, so everything is allowed there: %r", origin, error)
            self.crawler.stats.inc_value(f"robotstxt/exception_count/{_dotted(type(error))}")
        self._fetching.discard(origin)
        self._remember(origin, rules)
        if self._wake is not None:
            self._wake(origin)

    async def _download(self, engine: Engine, origin: str) -> Rules:
        stats = self.crawler.stats
        stats.inc_value("robotstxt/request_count")
        response = await engine.download_async(
            Request(
                origin + "/robots.txt",
                callback=NO_CALLBACK,
                priority=self.DOWNLOAD_PRIORITY,
                meta={
                    "dont_obey_robotstxt": True,
                    "allow_offsite": True,
                    "download_maxsize": _MOST_DOWNLOAD_BYTES,
                    "download_warnsize": 0,
                },
            )
        )
        stats.inc_value("robotstxt/response_count")
        stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        return self._read(origin, response)

    def _read(self, origin: str, response: Response) -> Rules:
        if response.status >= 500:
            logger.warning("robots.txt of %s: status %d, so everything is allowed there", origin, response.status)
        # Without the word nothing is forbidden, which most files on the web say.
        if not 200 <= response.status < 300 or b"disallow" not in response.body.lower():
            return None
        return self._build_parser(response.body)


def _dotted(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
