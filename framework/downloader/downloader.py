"""The downloader: one request through the middlewares and its handler, and back.

Place in the flow: the engine calls ``fetch`` for a request whose turn has come. What is expected to happen is a value
and not an exception: a response, a request in this one's place, or the failure that no hook turned into something
else. The engine hears of the network through ``transfer``: sent, answered, landed.
"""

from __future__ import annotations

from typing import Any

from framework import signals as events
from framework.exceptions import (
    DownloadCancelledError,
    DownloadConnectionError,
    DownloadError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
    TlsError,
)
from framework.http import Request, Response
from framework.protocols import Landing, Transfer
from framework.signalmanager import SignalManager

from .chain import MiddlewareChain
from .handlers import Handlers

Outcome = Response | Request | Exception
"""What a fetch gives: ``IgnoreRequest`` or a ``DownloadError`` is handed over, not raised."""


class Downloader:
    """Fetches.

    Args:
        chain: the middlewares.
        handlers: by scheme.
        signals: those of the crawl; nothing is sent that nobody hears.
        spider: for the signals' handlers.
    """

    def __init__(self, chain: MiddlewareChain, handlers: Handlers, signals: SignalManager, spider: Any) -> None:
        self._chain = chain
        self._handlers = handlers
        self._signals = signals
        self._spider = spider

    async def fetch(self, request: Request, transfer: Transfer) -> Outcome:
        """Fetch a request.

        Args:
            request: what to fetch.
            transfer: told when the request is sent, answered and landed; landed exactly once, and only when a handler
                was asked. A hook that answers in the network's place leaves it untouched.

        Returns:
            A response with its ``request`` set, another request, or an exception.
        """
        try:
            result = await self._chain.on_request(request)
            if result is None:
                result = await self._download(request, transfer)
        except Exception as error:
            return await self._on_failure(request, error)
        return await self._on_result(request, result)

    async def _on_result(self, request: Request, result: Response | Request) -> Outcome:
        if isinstance(result, Request):
            return result
        if result.request is None:
            result.request = request
        try:
            result = await self._chain.on_response(request, result)
        except Exception as error:
            return error
        if isinstance(result, Response) and result.request is None:
            result.request = request
        return result

    async def _on_failure(self, request: Request, error: Exception) -> Outcome:
        try:
            result = await self._chain.on_exception(request, error)
        except Exception as raised:
            return raised
        return error if result is None else await self._on_result(request, result)

    async def _download(self, request: Request, transfer: Transfer) -> Response:
        signals = self._signals
        if signals.has(events.request_reached_downloader):
            signals.send_catch_log(events.request_reached_downloader, request=request, spider=self._spider)
        try:
            response = await self._transfer(request, transfer)
            response.request = request
            if signals.has(events.response_downloaded):
                signals.send_catch_log(
                    events.response_downloaded, response=response, request=request, spider=self._spider
                )
        finally:
            if signals.has(events.request_left_downloader):
                signals.send_catch_log(events.request_left_downloader, request=request, spider=self._spider)
        return response

    async def _transfer(self, request: Request, transfer: Transfer) -> Response:
        """Ask the handler; whatever happens, say that the transfer has landed before anybody else works with it."""
        landing = Landing.UNKNOWN
        try:
            response = await self._handlers.download(request, transfer)
            landing = Landing.ANSWERED
        except Exception as error:
            landing = landing_of(error)
            raise
        finally:
            transfer.landed(landing)
        return response

    async def close(self) -> None:
        """Close the handlers that were opened."""
        await self._handlers.close()


_LANDINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Landing], ...] = (
    # A host that breaks off a handshake or a body is there; one that times out or hangs up may not be.
    ((TlsError, ResponseDataLossError, DownloadCancelledError, StopDownload), Landing.ANSWERED),
    ((DownloadTimeoutError, DownloadConnectionError), Landing.SILENT),
)


def landing_of(error: Exception) -> Landing:
    """Say what a failed transfer tells about its host; one that this machine is to blame for tells nothing."""
    if isinstance(error, DownloadError) and error.blames != "host" and not isinstance(error, DownloadCancelledError):
        return Landing.UNKNOWN
    for classes, landing in _LANDINGS:
        if isinstance(error, classes):
            return landing
    return Landing.UNKNOWN
