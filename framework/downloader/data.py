"""``data:`` URLs: the content is in the URL (RFC 2397).

Place in the flow: the handler of the scheme ``data``; nothing goes over the network.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from framework.exceptions import DownloadError
from framework.http import Request, Response
from framework.http.responsetypes import response_from
from framework.protocols import Exchange

_DATA_URL = re.compile(r"data:([^,]*),(.*)", re.IGNORECASE | re.DOTALL)
_DEFAULT_TYPE = "text/plain;charset=US-ASCII"


class DataDownloadHandler:
    """Answers a ``data:`` URL with its content."""

    async def download_request(self, request: Request, exchange: Exchange) -> Response:
        """Decode the URL.

        Raises:
            DownloadError: it is not a data URL of RFC 2397.
        """
        exchange.sent()
        content_type, body = parse_data_url(request.url)
        exchange.answered()
        return response_from(
            url=request.url, status=200, headers=[(b"Content-Type", content_type.encode("latin-1"))], body=body
        )

    async def close(self) -> None:
        """Close nothing."""


def parse_data_url(url: str) -> tuple[str, bytes]:
    """Take a data URL apart into its media type and its content.

    Raises:
        DownloadError: it is not a data URL, or its base64 is broken.
    """
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise _broken(url, "it has no comma; write data:text/plain,content")
    media_type, content = match.groups()
    body = unquote_to_bytes(content)
    head, separator, last = media_type.rpartition(";")
    if (last if separator else media_type).strip().lower() == "base64":
        media_type = head
        try:
            packed = b"".join(body.split())
            body = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error as error:
            raise _broken(url, f"its base64 is broken ({error})") from error
    media_type = unquote_to_bytes(media_type).decode("latin-1").strip()
    if not media_type:
        media_type = _DEFAULT_TYPE
    elif media_type.startswith(";"):
        media_type = "text/plain" + media_type
    return "".join(media_type.splitlines()), body


def _broken(url: str, reason: str) -> DownloadError:
    shown = url if len(url) <= 80 else url[:80] + "..."
    error = DownloadError(f"{shown!r} is no data: URL: {reason}")
    error.retryable = False
    error.blames = "url"
    return error
