"""The contracts around fetching: handlers and the three hooks of a downloader middleware."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol, runtime_checkable

from framework.http import Request, Response

from .frontier import Landing


@runtime_checkable
class Exchange(Protocol):
    """What a handler tells about one transfer while it happens. Each call is cheap and never blocks."""

    def sent(self) -> None:
        """Say that the request goes on the wire now (the connection stands)."""
        ...

    def answered(self) -> None:
        """Say that the first byte of the answer has come."""
        ...


class Transfer(Exchange, Protocol):
    """The engine's side of one transfer, as the downloader sees it: an exchange that it also ends."""

    def landed(self, landing: Landing) -> None:
        """Say that the body is read or the transfer failed: the host's slot is free from here."""
        ...


@runtime_checkable
class DownloadHandler(Protocol):
    """Fetches the URLs of one or more schemes; named by the setting ``DOWNLOAD_HANDLERS``.

    ``download_request`` may leave ``exchange`` out, as handlers written for Scrapy do; the request then counts as
    sent when the handler is called.
    """

    async def download_request(self, request: Request, exchange: Exchange) -> Response:
        """Fetch, and return the response with its body.

        Raises:
            DownloadError: one of its kinds, never a library's own exception.
        """
        ...

    async def close(self) -> None:
        """Close connections; called once."""
        ...


HookResult = Response | Request | None
"""What ``process_request`` and ``process_exception`` may return. ``process_response`` returns no ``None``."""


class RequestHook(Protocol):
    """``process_request(request, spider)``; ``spider`` may be left out of the signature."""

    def __call__(self, request: Request) -> HookResult | Awaitable[HookResult]:
        """Let the request pass (``None``), answer in the network's place, or replace it."""
        ...


class ResponseHook(Protocol):
    """``process_response(request, response, spider)``; ``spider`` may be left out of the signature."""

    def __call__(self, request: Request, response: Response) -> Response | Request | Awaitable[Any]:
        """Return the response, another one, or a request in its place."""
        ...


class ExceptionHook(Protocol):
    """``process_exception(request, exception, spider)``; ``spider`` may be left out of the signature."""

    def __call__(self, request: Request, exception: Exception) -> HookResult | Awaitable[HookResult]:
        """Pass the failure on (``None``), or turn it into a response or another request."""
        ...
