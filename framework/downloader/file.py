"""``file:`` URLs: a local file, read in a thread.

Place in the flow: the handler of the scheme ``file``, and only where the user names it in ``DOWNLOAD_HANDLERS``: a
page from the network must never lead a crawl to local files by itself.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from framework.exceptions import DownloadCancelledError, DownloadError
from framework.http import Request, Response
from framework.http.responsetypes import response_from
from framework.protocols import Crawler, Exchange
from framework.settings.declared import DownloadOptions


class FileDownloadHandler:
    """Answers a ``file:`` URL with the file's content.

    Args:
        max_bytes: larger files are refused (``DOWNLOAD_MAXSIZE``; 0: no limit).
    """

    def __init__(self, max_bytes: int = 0) -> None:
        self._max_bytes = max_bytes

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FileDownloadHandler:
        """Take ``DOWNLOAD_MAXSIZE`` from the settings."""
        return cls(crawler.settings.group(DownloadOptions).maxsize_bytes)

    async def download_request(self, request: Request, exchange: Exchange) -> Response:
        """Read the file.

        Raises:
            DownloadError: it cannot be read, or the URL names another machine.
            DownloadCancelledError: it is too large.
        """
        parts = urlsplit(request.url)
        if parts.netloc not in ("", "localhost"):
            raise _unreadable(request, f"a file: URL names no other host than localhost, not {parts.netloc!r}")
        path = Path(url2pathname(parts.path))
        max_bytes = int(request.meta_get("download_maxsize", self._max_bytes))
        exchange.sent()
        try:
            body = await asyncio.to_thread(_read, path, max_bytes, request)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise _unreadable(request, f"cannot read {str(path)!r}: {reason}") from error
        exchange.answered()
        return response_from(url=request.url, status=200, headers=[], body=body)

    async def close(self) -> None:
        """Close nothing."""


def _read(path: Path, max_bytes: int, request: Request) -> bytes:
    with path.open("rb") as file:
        body = file.read(max_bytes + 1 if max_bytes else -1)
    if max_bytes and len(body) > max_bytes:
        raise DownloadCancelledError(
            f"{request!r}: the file has more than the {max_bytes} bytes that DOWNLOAD_MAXSIZE "
            "(or download_maxsize in the request's meta) lets pass"
        )
    return body


def _unreadable(request: Request, reason: str) -> DownloadError:
    error = DownloadError(f"{request!r}: {reason}")
    error.retryable = False
    error.blames = "url"
    return error
