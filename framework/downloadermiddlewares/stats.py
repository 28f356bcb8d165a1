"""Counts requests, responses and failures under the keys that Scrapy documents (``downloader/...``).

Place in the flow: near the network (order 850), so that it sees what is really sent and received.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Self

from framework.exceptions import NotConfigured
from framework.http import Headers, Request, Response
from framework.protocols import Crawler, StatsCollector
from framework.settings.declared import DownloadOptions

# "HTTP/1.1" with its spaces, line ends and the empty line behind the headers.
_LINE_BYTES = 16
_FIELD_BYTES = 4


class DownloaderStats:
    """Counts what goes to the network and what comes back.

    Bytes are those of the messages as HTTP/1.1 would write them, a response's body as it is after decoding.

    Args:
        stats: of the crawl.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self._keys: dict[Any, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``DOWNLOADER_STATS`` is off.
        """
        if not crawler.settings.group(DownloadOptions).stats:
            raise NotConfigured
        return cls(crawler.stats)

    def process_request(self, request: Request) -> None:
        """Count a request."""
        increase = self.stats.inc_value
        increase("downloader/request_count")
        increase(self._key("downloader/request_method_count/", request._method))
        size = _LINE_BYTES + len(request._method) + len(request._url) + len(request._body)
        headers = request._headers or request._page_headers
        if headers is not None:
            size += _size(headers)
        increase("downloader/request_bytes", size)

    def process_response(self, request: Request, response: Response) -> Response:
        """Count a response."""
        increase = self.stats.inc_value
        increase("downloader/response_count")
        increase(self._key("downloader/response_status_count/", response.status))
        increase("downloader/response_bytes", _LINE_BYTES + len(response.body) + _response_size(response))
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Count a failure."""
        self.stats.inc_value("downloader/exception_count")
        self.stats.inc_value(self._key("downloader/exception_type_count/", type(exception)))

    def _key(self, prefix: str, kind: str | int | type) -> str:
        # A kind is of one sort for each prefix (method, status, class), so it is a key by itself.
        key = self._keys.get(kind)
        if key is None:
            name = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else kind
            key = self._keys[kind] = f"{prefix}{name}"
        return key


def _size(headers: dict[bytes, Any]) -> int:
    size = 0
    for name, values in dict.items(headers):
        for value in values:
            size += len(name) + len(value) + _FIELD_BYTES
    return size


def _response_size(response: Response) -> int:
    headers = response._headers
    if headers is None:
        return 0
    if isinstance(headers, Headers):
        return _size(headers)
    # As they came from the wire: nobody has looked at them, and counting is no reason to build them.
    return _FIELD_BYTES * len(headers) + sum(map(len, chain.from_iterable(headers)))
