"""Tries again what failed for a passing reason: Scrapy's ``RetryMiddleware`` and ``get_retry_request``.

Place in the flow: turns a response or an exception into a request that goes back to the frontier under the same
identity (``_retry``) and waits there (``_not_before_at``), holding nothing. A 429 or 503 with ``Retry-After`` holds its
whole host as well.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Self

from framework.components import load_object
from framework.downloadermiddlewares.backoff import backoff_s, retry_after_s
from framework.exceptions import DownloadError, NotConfigured, SettingsError
from framework.http import Request, Response
from framework.protocols import Crawler, HostPolicy
from framework.settings.declared import RetryOptions

retry_logger = logging.getLogger(__name__)

_HOLDING = frozenset({429, 503})
_MOST_HOLDS = 10_000

RetryReason = str | Exception | type[Exception]


def get_retry_request(  # noqa: PLR0913 - Scrapy's documented signature
    request: Request,
    *,
    spider: Any,
    reason: RetryReason = "unspecified",
    max_retry_times: int | None = None,
    priority_adjust: int | None = None,
    logger: logging.Logger = retry_logger,
    give_up_log_level: int | str | None = None,
    stats_base_key: str = "retry",
) -> Request | None:
    """Give a request that tries ``request`` again, or ``None`` when it has been tried often enough.

    It waits (exponential back-off with full jitter) in the frontier. A callback may yield it too.

    Args:
        request: what failed.
        spider: whose crawl it is.
        reason: for the log and the stats; an exception or its class stands for its dotted path.
        max_retry_times: overrides ``meta["max_retry_times"]`` and ``RETRY_TIMES``.
        priority_adjust: overrides ``RETRY_PRIORITY_ADJUST``.
        logger: where it is logged.
        give_up_log_level: of the line that it is given up; overrides ``meta["give_up_log_level"]`` and
            ``RETRY_GIVE_UP_LOG_LEVEL``.
        stats_base_key: what the stats keys begin with.
    """
    options = spider.crawler.settings.group(RetryOptions)
    stats = spider.crawler.stats
    retry_times = request.meta_get("retry_times", 0) + 1
    if max_retry_times is None:
        max_retry_times = request.meta_get("max_retry_times")
    if max_retry_times is None:
        max_retry_times = options.times
    name = _reason_name(reason)
    if retry_times > max_retry_times:
        stats.inc_value(f"{stats_base_key}/max_reached")
        level = give_up_log_level or request.meta_get("give_up_log_level") or options.give_up_log_level
        logger.log(_level(level), "Gave up retrying %s (failed %d times): %s", request, retry_times, name)
        return None
    again = request.copy()
    again.meta["retry_times"] = retry_times
    again.dont_filter = True
    again.priority = request.priority + (options.priority_adjust if priority_adjust is None else priority_adjust)
    again._retry = name
    wait_s = backoff_s(retry_times, options.backoff_base_s, options.backoff_max_s, random.random)
    again._not_before_at = time.time() + wait_s if wait_s else None
    logger.debug("Retrying %s (failed %d times) in %.1f s: %s", request, retry_times, wait_s, name)
    stats.inc_value(f"{stats_base_key}/count")
    stats.inc_value(f"{stats_base_key}/reason_count/{name}")
    return again


def _level(level: int | str) -> int:
    if isinstance(level, int):
        return level
    number: int | None = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"give_up_log_level {level!r} is no level of logging; use DEBUG, INFO, WARNING or ERROR")
    return number


def _reason_name(reason: RetryReason) -> str:
    if isinstance(reason, str):
        return reason
    cls = reason if isinstance(reason, type) else type(reason)
    return f"{cls.__module__}.{cls.__qualname__}"


class RetryMiddleware:
    """Retries the codes of ``RETRY_HTTP_CODES`` and the exceptions of ``RETRY_EXCEPTIONS``.

    ``meta`` keys: ``dont_retry``, ``max_retry_times``, ``give_up_log_level``, and ``retry_times``, which counts.

    Args:
        crawler: the crawl.
        options: its settings.
        clock: wall clock in seconds.
    """

    def __init__(self, crawler: Crawler, options: RetryOptions, clock: Callable[[], float] = time.time) -> None:
        self.crawler = crawler
        self.max_retry_times = options.times
        self.retry_http_codes = frozenset(options.http_codes)
        self.priority_adjust = options.priority_adjust
        self.exceptions_to_retry = _exceptions(options.exceptions)
        self._watched = self.retry_http_codes | _HOLDING
        self._cap_s = options.retry_after_max_s
        self._clock = clock
        self._held_until_at: dict[str, float] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``RETRY_ENABLED`` is off.
            SettingsError: a name in ``RETRY_EXCEPTIONS`` is no exception class.
        """
        options = crawler.settings.group(RetryOptions)
        if not options.enabled:
            raise NotConfigured
        return cls(crawler, options)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Give the request that tries again, or the response when it is fine or nothing is left to try."""
        if response.status not in self._watched:
            return response
        not_before_at = self._hold(request, response) if response.status in _HOLDING else None
        if response.status not in self.retry_http_codes:
            return response
        again = self._again(request, _status_text(response.status))
        if again is None:
            return response
        if not_before_at is not None:
            again._not_before_at = max(not_before_at, again._not_before_at or 0.0)
        return again

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Give the request that tries again, or ``None``: then the failure goes on its way."""
        return self._again(request, exception) if self._is_passing(exception) else None

    def _is_passing(self, exception: Exception) -> bool:
        if not isinstance(exception, self.exceptions_to_retry):
            return False
        if not isinstance(exception, DownloadError) or exception.retryable:
            return True
        # An error that says of itself "not again" is tried again only where somebody named it, not its parent.
        named = (cls for cls in self.exceptions_to_retry if isinstance(exception, cls))
        return any(issubclass(cls, DownloadError) and not cls.retryable for cls in named)

    def _again(self, request: Request, reason: RetryReason) -> Request | None:
        if request.meta_get("dont_retry"):
            return None
        again = get_retry_request(
            request,
            spider=self.crawler.spider,
            reason=reason,
            max_retry_times=request.meta_get("max_retry_times", self.max_retry_times),
            priority_adjust=request.meta_get("priority_adjust", self.priority_adjust),
        )
        if again is not None:
            # It keeps its identity and passes no filter; what comes of it later (a redirect) is filtered as before.
            again.dont_filter = request.dont_filter
        return again

    def _hold(self, request: Request, response: Response) -> float | None:
        """Hold the host for as long as ``Retry-After`` says; give the end as wall clock time."""
        value = response.header(b"retry-after")
        now_at = self._clock()
        wait_s = retry_after_s(value, now_at, self._cap_s) if value else None
        if not wait_s:
            return None
        until_at = now_at + wait_s
        host = _host_key(request)
        # The answers that were on their way when the hold began belong to it: they may move its end, never stack up.
        if until_at > self._held_until_at.get(host, 0.0):
            self._remember_hold(host, until_at, now_at)
            engine = self.crawler.engine
            if engine is not None:
                engine.set_host(request, HostPolicy(hold_until_at=until_at))
        return until_at

    def _remember_hold(self, host: str, until_at: float, now_at: float) -> None:
        held = self._held_until_at
        if host not in held or held[host] <= now_at:
            retry_logger.info("Holding %s for %.0f s: it said Retry-After", host, until_at - now_at)
            self.crawler.stats.inc_value("retry/host_holds")
        if len(held) >= _MOST_HOLDS:
            self._held_until_at = held = {name: at for name, at in held.items() if at > now_at}
        held[host] = until_at


def _host_key(request: Request) -> str:
    slot = request.meta_get("download_slot")
    return str(slot) if slot else request.url.split("/", 3)[2].rpartition("@")[2].lower()


def _status_text(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown Status"


def _exceptions(entries: Iterable[Any]) -> tuple[type[Exception], ...]:
    classes = []
    for entry in entries:
        cls = load_object(entry)
        if not (isinstance(cls, type) and issubclass(cls, Exception)):
            msg = f"RETRY_EXCEPTIONS: {entry!r} is no exception class; give dotted paths of such classes"
            raise SettingsError(msg)
        classes.append(cls)
    return tuple(classes)
