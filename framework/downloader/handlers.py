"""Which handler fetches which scheme: built when the first request of a scheme comes.

Place in the flow: ``downloader.py`` hands over requests that the middlewares let pass. A handler is named by the
settings ``DOWNLOAD_HANDLERS`` and ``DOWNLOAD_HANDLERS_BASE``; one that was written for Scrapy, which takes only the
request (and the spider), is called that way.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from framework.components import accepts, build_from_crawler, load_object
from framework.exceptions import InvalidOutput, NotConfigured, PluginError, UnsupportedURLSchemeError
from framework.http import Request, Response
from framework.protocols import Crawler, Exchange
from framework.settings.declared import DownloadOptions

_Fetch = Callable[[Request, Exchange], Awaitable[Response]]


class Handlers:
    """The download handlers of one crawl.

    Args:
        paths: scheme to the dotted path (or class) of its handler; ``None`` turns a scheme off.
        crawler: handed to ``from_crawler``.
    """

    def __init__(self, paths: Mapping[str, Any], crawler: Crawler) -> None:
        self._paths = {scheme.lower(): path for scheme, path in paths.items() if path is not None}
        self._crawler = crawler
        self._fetches: dict[str, _Fetch] = {}
        self._built: dict[Any, Any] = {}
        self._refusals: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Handlers:
        """Take the schemes from ``DOWNLOAD_HANDLERS`` over ``DOWNLOAD_HANDLERS_BASE``.

        Raises:
            PluginError: a handler that ``DOWNLOAD_HANDLERS`` names cannot be imported.
        """
        options = crawler.settings.group(DownloadOptions)
        for path in options.handlers.values():
            # What somebody names is found missing now; what is there by default is imported when it is needed.
            if path is not None:
                load_object(path)
        return cls({**options.handlers_base, **options.handlers}, crawler)

    @property
    def schemes(self) -> frozenset[str]:
        """Return the URL schemes that have a handler, in lower case."""
        return frozenset(self._paths)

    async def download(self, request: Request, exchange: Exchange) -> Response:
        """Fetch by the handler of the URL's scheme.

        Raises:
            UnsupportedURLSchemeError: there is none, or it wants to be left out.
            PluginError: it cannot be built.
            Exception: what the handler raises; a ``DownloadError`` from those that are built in.
        """
        scheme = request.url.partition(":")[0]
        fetch = self._fetches.get(scheme)
        if fetch is None:
            fetch = self._open(scheme.lower(), request)
            self._fetches[scheme] = fetch
        response = await fetch(request, exchange)
        if not isinstance(response, Response):
            raise InvalidOutput(
                f"the download handler of {scheme}: returned {type(response).__name__}; it must return a Response"
            )
        return response

    def _open(self, scheme: str, request: Request) -> _Fetch:
        path = self._paths.get(scheme)
        if path is None or scheme in self._refusals:
            raise UnsupportedURLSchemeError(self._refusal(scheme, request))
        handler = self._built.get(path)
        if handler is None:
            try:
                handler = build_from_crawler(load_object(path), self._crawler)
            except NotConfigured as error:
                self._refusals[scheme] = str(error) or "its handler is not configured"
                raise UnsupportedURLSchemeError(self._refusal(scheme, request)) from error
            # One object serves all schemes that name it: http and https share a pool.
            self._built[path] = handler
        return _adapted(handler, self._crawler.spider)

    def _refusal(self, scheme: str, request: Request) -> str:
        if scheme in self._refusals:
            return f"{request!r}: {scheme}: URLs are not fetched: {self._refusals[scheme]}"
        known = ", ".join(sorted(self._paths)) or "none"
        remedy = f'DOWNLOAD_HANDLERS = {{"{scheme}": "{_SUGGESTIONS.get(scheme, "myproject.handlers.MyHandler")}"}}'
        return f"{request!r}: {scheme}: is off; fetched are: {known}. To turn it on: {remedy}"

    async def close(self) -> None:
        """Close the handlers that were built; the first error is raised after all were closed."""
        handlers, self._built = list(self._built.values()), {}
        self._fetches.clear()
        failure: Exception | None = None
        for handler in handlers:
            close = getattr(handler, "close", None)
            if close is None:
                continue
            try:
                result = close()
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure


_SUGGESTIONS = {"file": "framework.downloader.file.FileDownloadHandler"}


def _adapted(handler: Any, spider: Any) -> _Fetch:
    method = getattr(handler, "download_request", None)
    if not callable(method):
        raise PluginError(
            f"{type(handler).__qualname__} is no download handler: give it async def download_request(self, request)"
        )
    if accepts(method, "exchange"):
        fetch: _Fetch = method
        return fetch
    arguments = {"spider": spider} if accepts(method, "spider") else {}

    async def fetch_unobserved(request: Request, exchange: Exchange) -> Response:
        exchange.sent()
        result = method(request, **arguments)
        response: Response = await result if inspect.isawaitable(result) else result
        exchange.answered()
        return response

    return fetch_unobserved
