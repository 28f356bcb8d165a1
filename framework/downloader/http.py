"""``http:`` and ``https:`` URLs, fetched by aiohttp.

Place in the flow: ``downloader.py`` calls ``download_request`` with a request that all middlewares let pass, and gets
the response with its body read and decoded. Nothing is sent but what the request's headers say, ``Host``,
``Content-Length`` and ``Accept-Encoding``; no redirect is followed and no cookie is kept here: middlewares do that.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable
from functools import lru_cache
from time import monotonic
from typing import Any, NamedTuple

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from framework import signals as events
from framework.exceptions import DownloadError, StopDownload
from framework.http import Headers, Request, Response
from framework.http.responsetypes import response_from
from framework.protocols import Crawler, Exchange, StatsCollector
from framework.settings.declared import CompressionOptions, DownloadOptions
from framework.signalmanager import SignalManager

from .body import Body, BodyLimits, Watch, read_body
from .connector import Flight, GuardedConnector, current_flight
from .dns import CachedResolver
from .errors import TimeLimits, download_error
from .guard import AddressGuard, OpenGuard
from .sending import PlainRequest, payload, wire_headers

_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_PROTOCOLS = {(1, 1): "HTTP/1.1", (1, 0): "HTTP/1.0"}
_HEADER_LINE_MAX_BYTES = 64 * 1024
_CEILING_S = 10.0
"""aiohttp rounds limits above this up to whole seconds; so none is passed by more than a tenth."""
_RESTED_S = 1.0
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class _Plan(NamedTuple):
    """The limits of one transfer in the forms that aiohttp, the body and the messages want."""

    timeout: ClientTimeout
    times: TimeLimits
    limits: BodyLimits


class HttpDownloadHandler:
    """Fetches over one pool of connections, which is opened with the first request.

    Args:
        options: time-outs, sizes, names, TLS.
        is_decoding: ask for compressed bodies and decompress them.
        guard: asked before every new connection.
        signals: for ``headers_received`` and ``bytes_received``; nothing is sent that nobody hears.
        stats: for ``httpcompression/...``.
        spider: for the signals' handlers.
    """

    def __init__(
        self,
        options: DownloadOptions,
        *,
        is_decoding: bool = True,
        guard: AddressGuard | None = None,
        signals: SignalManager | None = None,
        stats: StatsCollector | None = None,
        spider: Any = None,
    ) -> None:
        self._options = options
        self._is_decoding = is_decoding
        self._guard = guard or OpenGuard()
        self._signals = signals or SignalManager()
        self._stats = stats
        self._spider = spider
        self._max_bytes = getattr(spider, "download_maxsize", options.maxsize_bytes)
        self._warn_bytes = getattr(spider, "download_warnsize", options.warnsize_bytes)
        self._session: ClientSession | None = None
        self._resolver: CachedResolver | None = None
        self._plan = lru_cache(maxsize=256)(self._make_plan)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HttpDownloadHandler:
        """Build from the groups ``DownloadOptions`` and ``CompressionOptions``."""
        return cls(
            crawler.settings.group(DownloadOptions),
            is_decoding=crawler.settings.group(CompressionOptions).enabled,
            signals=crawler.signals,
            stats=crawler.stats,
            spider=crawler.spider,
        )

    async def download_request(self, request: Request, exchange: Exchange) -> Response:
        """Fetch.

        ``meta["download_timeout"]``, ``"download_maxsize"``, ``"download_warnsize"`` and
        ``"download_fail_on_dataloss"`` go before the settings; ``meta["download_latency"]`` is set to the seconds
        from sending to the answer's headers.

        Raises:
            DownloadError: one of its kinds.
            StopDownload: a handler of a signal cut the body and wants it to fail; it carries the response.
        """
        get = request.meta_get
        plan = self._plan(
            get("download_timeout"),
            get("download_maxsize"),
            get("download_warnsize"),
            get("download_fail_on_dataloss"),
        )
        flight = Flight(exchange)
        token = current_flight.set(flight)
        try:
            answer = await self._send(request, flight, plan.timeout)
            try:
                request.meta["download_latency"] = monotonic() - flight.sent_at
                exchange.answered()
                return await self._receive(answer, request, flight, plan.limits)
            except BaseException:
                answer.close()
                raise
        except (DownloadError, StopDownload):
            raise
        except Exception as error:
            mapped = download_error(error, request, plan.times)
            if mapped is None:
                raise
            raise mapped from error
        finally:
            current_flight.reset(token)

    def _make_plan(
        self, total_s: float | None, max_bytes: int | None, warn_bytes: int | None, fail_on_dataloss: bool | None
    ) -> _Plan:
        options = self._options
        times = TimeLimits(
            connect_s=options.connect_timeout_s,
            idle_s=options.idle_timeout_s,
            total_s=options.timeout_s if total_s is None else float(total_s),
        )
        timeout = ClientTimeout(
            total=times.total_s or None,
            # Waiting for a place in a limited pool is no fault of the server.
            connect=None if options.pool_per_host else times.connect_s,
            sock_connect=times.connect_s,
            sock_read=times.idle_s,
            ceil_threshold=_CEILING_S,
        )
        limits = BodyLimits(
            max_bytes=self._max_bytes if max_bytes is None else int(max_bytes),
            warn_bytes=self._warn_bytes if warn_bytes is None else int(warn_bytes),
            is_decoding=self._is_decoding,
            fail_on_dataloss=options.fail_on_dataloss if fail_on_dataloss is None else bool(fail_on_dataloss),
        )
        return _Plan(timeout, times, limits)

    def _open(self) -> ClientSession:
        options = self._options
        keepalive: dict[str, Any] = {"keepalive_timeout": options.keepalive_timeout_s}
        self._resolver = CachedResolver(
            is_caching=options.dns_cache,
            size=options.dns_cache_size,
            ttl_s=options.dns_cache_ttl_s,
            timeout_s=options.dns_timeout_s,
        )
        connector = GuardedConnector(
            self._guard,
            resolver=self._resolver,
            use_dns_cache=False,
            family=_FAMILIES[options.address_family],
            ssl=options.verify_certificates,
            limit=0,
            limit_per_host=options.pool_per_host,
            timeout_ceil_threshold=_CEILING_S,
            **(keepalive if options.keepalive_timeout_s else {"force_close": True}),
        )
        session = ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            request_class=PlainRequest,
            max_line_size=_HEADER_LINE_MAX_BYTES,
            max_field_size=_HEADER_LINE_MAX_BYTES,
        )
        # aiohttp would send an idempotent request again by itself when a connection breaks: sends that no politeness
        # allowed and nobody counts. There is no public switch for it; a test holds this one.
        session._retry_connection = False
        self._session = session
        return session

    async def _send(self, request: Request, flight: Flight, timeout: ClientTimeout) -> ClientResponse:
        session = self._session or self._open()
        try:
            url = URL(request.url, encoded=True)
        except ValueError as error:
            raise aiohttp.InvalidURL(request.url, str(error)) from error
        if "@" in request.url and request._headers and b"Authorization" in request._headers:
            # The header goes before user and password in the URL, which aiohttp would make another one of.
            url = url.with_user(None)
        try:
            return await self._attempt(session, request, url, flight, timeout)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # A server may close a connection that nobody used for a while at the very moment when it is used again;
            # then the request has not been seen, and RFC 9110 section 9.2.2 lets it go out once more. On a
            # connection in full use a break is the host's answer, and the retry policy's business.
            if flight.rested_s < _RESTED_S or request.method not in _IDEMPOTENT:
                raise
        return await self._attempt(session, request, url, flight, timeout)

    def _attempt(
        self, session: ClientSession, request: Request, url: URL, flight: Flight, timeout: ClientTimeout
    ) -> Awaitable[ClientResponse]:
        flight.headers = wire_headers(request, url, is_decoding=self._is_decoding)
        return session.request(request.method, url, data=payload(request.body), allow_redirects=False, timeout=timeout)

    async def _receive(self, answer: ClientResponse, request: Request, flight: Flight, limits: BodyLimits) -> Response:
        stop = self._announce(answer, request) if self._signals.has(events.headers_received) else None
        if stop is None:
            watch = self._watch(request) if self._signals.has(events.bytes_received) else None
            body = await read_body(answer, request, limits, watch)
            stop = body.stop
        else:
            body = Body(b"", answer.raw_headers)
        if stop is not None:
            body.add_flag("download_stopped")
        if body.flags:
            # Stopped or broken: what aiohttp does at the end of a body has not happened.
            answer.close()
        if body.is_decoded and self._stats is not None:
            self._stats.inc_value("httpcompression/response_bytes", len(body.data))
            self._stats.inc_value("httpcompression/response_count")
        response = _response(answer, request, flight, body)
        if stop is not None and stop.fail:
            stop.response = response
            raise stop
        return response

    def _announce(self, answer: ClientResponse, request: Request) -> StopDownload | None:
        length = answer.headers.get("Content-Length")
        results = self._signals.send_catch_log(
            events.headers_received,
            headers=Headers.from_raw(answer.raw_headers),
            body_length=None if length is None else int(length),
            request=request,
            spider=self._spider,
        )
        return _stop_among(results)

    def _watch(self, request: Request) -> Watch:
        def watch(data: bytes) -> StopDownload | None:
            results = self._signals.send_catch_log(
                events.bytes_received, data=data, request=request, spider=self._spider
            )
            return _stop_among(results)

        return watch

    async def close(self) -> None:
        """Close the connections, used or kept."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if self._resolver is not None:
            await self._resolver.close()


def _response(answer: ClientResponse, request: Request, flight: Flight, body: Body) -> Response:
    link = flight.link
    version = answer.version
    return response_from(
        url=request.url.partition("#")[0],  # a fragment is never sent, and the page is the same with any
        status=answer.status,
        headers=body.headers,
        body=body.data,
        flags=body.flags,
        ip_address=link.address if link is not None else None,
        certificate=link.certificate if link is not None else None,
        protocol=_PROTOCOLS.get(version, "HTTP/1.1") if version is not None else None,
    )


def _stop_among(results: list[tuple[Any, Any]]) -> StopDownload | None:
    for _, result in results:
        if isinstance(result, StopDownload):
            return result
    return None
