"""What goes on the wire: the request's own headers in their order, and nothing that aiohttp would add by itself.

Place in the flow: the HTTP handler builds the headers of a transfer into its ``Flight``; aiohttp makes a
``PlainRequest``, which takes them from there.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any

from aiohttp import ClientRequest
from multidict import CIMultiDict, istr
from yarl import URL

from framework.http import Request

from .connector import current_flight
from .decoding import ACCEPT_ENCODING

_HOST = istr("Host")
_ACCEPT_ENCODING = istr("Accept-Encoding")
# The body is at hand, so its length is known better here than in a header that somebody copied.
_FRAMING_HEADERS = frozenset({b"Content-Length", b"Transfer-Encoding"})
_NO_TYPE: CIMultiDict[None] = CIMultiDict({"Content-Type": None})
_BYTES_BODY_MAX = 1024 * 1024


class PlainRequest(ClientRequest):
    """aiohttp's request without headers of its own accord but ``Host`` and ``Content-Length``."""

    def update_headers(self, headers: Any) -> None:
        """Take the headers of the transfer as they are: aiohttp would copy them twice."""
        flight = current_flight.get()
        if flight is None or flight.headers is None:
            super().update_headers(headers)
        else:
            self.headers = flight.headers

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        """Add none, not even a Content-Type to a body."""
        self._skip_auto_headers = _NO_TYPE


def wire_headers(request: Request, url: URL, *, is_decoding: bool) -> CIMultiDict[str]:
    """Give the headers as they go on the wire, in the request's order, ``Host`` first unless the request has its own.

    Args:
        request: whose headers; a name without a value is left out.
        url: where it goes.
        is_decoding: ask for the encodings that can be undone, unless the request says what it accepts.
    """
    wire: CIMultiDict[str] = CIMultiDict()
    headers = request.headers
    if not headers or b"Host" not in headers:
        wire.add(_HOST, url.host_port_subcomponent or "")
    if headers:
        for name, values in dict.items(headers):
            if name not in _FRAMING_HEADERS:
                text = _wire_name(name)
                for value in values:
                    wire.add(text, _text(value))
    if is_decoding and not (headers and dict.__contains__(headers, b"Accept-Encoding")):
        wire.add(_ACCEPT_ENCODING, ACCEPT_ENCODING)
    return wire


def payload(body: bytes) -> bytes | BytesIO | None:
    """Give a body in the form that aiohttp writes without blocking the loop for long."""
    if not body:
        return None
    return body if len(body) <= _BYTES_BODY_MAX else BytesIO(body)


@lru_cache(maxsize=1024)
def _wire_name(name: bytes) -> istr:
    return istr(_text(name))


def _text(value: bytes) -> str:
    """Give the text that aiohttp writes as these bytes; bytes that are no UTF-8 are taken as Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
