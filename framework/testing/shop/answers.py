"""The ways to answer a request, honest and not: HTML, JSON, a stream, a body cut short, a reset connection.

Used by every page of the shop. A streamed answer notes in the log what it has sent, since it may never end.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import AsyncIterable
from contextvars import ContextVar
from typing import Any, Final, NoReturn

from aiohttp import web

from framework.fastjson import orjson
from framework.testing.shop.log import LogEntry

HTML: Final = "text/html"
ENTRY: Final[ContextVar[LogEntry]] = ContextVar("the log entry of the request that this task answers")
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER on with 0 seconds: close sends RST instead of FIN


class AbandonedError(Exception):
    """The connection was broken on purpose: there is nobody to answer any more."""


def html(body: bytes, status: int = 200) -> web.Response:
    """Answer with a page in UTF-8."""
    return web.Response(body=body, status=status, content_type=HTML, charset="utf-8")


def json(data: Any, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def redirect(location: str, code: int = 302) -> web.Response:
    """Answer with a redirect; the location is sent as it is given."""
    return web.Response(status=code, headers={"Location": location}, body=b"", content_type=HTML)


def number_in(request: web.BaseRequest, name: str, default: float) -> float:
    """Read a number of 0 or more from the query.

    :raises aiohttp.web.HTTPBadRequest: it is not a number, or below zero
    """
    return parse_number(request.query.get(name, str(default)), name)


def integer_in(request: web.BaseRequest, name: str, default: int) -> int:
    """Read a whole number of 0 or more from the query.

    :raises aiohttp.web.HTTPBadRequest: it is not a number, or below zero
    """
    return int(number_in(request, name, default))


def parse_number(text: str, name: str) -> float:
    """Turn a part of a URL into a finite number of 0 or more.

    :raises aiohttp.web.HTTPBadRequest: it is none
    """
    with contextlib.suppress(ValueError):
        number = float(text)
        if 0 <= number < float("inf"):
            return number
    raise web.HTTPBadRequest(text=f"{name} must be a number of 0 or more, not {text!r}")


async def stream(
    request: web.BaseRequest, response: web.StreamResponse, pieces: AsyncIterable[bytes]
) -> web.StreamResponse:
    """Send headers at once and then each piece as it comes; a HEAD request gets the headers only."""
    entry = ENTRY.get()
    await response.prepare(request)
    entry.status = response.status
    if request.method == "HEAD":
        return response
    async for piece in pieces:
        await response.write(piece)
        entry.body_bytes += len(piece)
    await response.write_eof()
    return response


async def cut_short(request: web.BaseRequest, body: bytes, *, chunked: bool = False) -> NoReturn:
    """Send half of a body that was announced whole, then close the connection.

    :param chunked: announce it by chunks without an end instead of by Content-Length
    """
    response = web.StreamResponse(headers={"Content-Type": "text/html; charset=utf-8"})
    if chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(body)
    entry = ENTRY.get()
    await response.prepare(request)
    half = body[: len(body) // 2]
    await response.write(half)
    entry.status, entry.body_bytes = response.status, len(half)
    if request.transport is not None:
        request.transport.close()
    raise AbandonedError


def reset(request: web.BaseRequest) -> NoReturn:
    """Break the connection so that the client sees a reset and not an end (RFC 9293 section 3.10.7.4)."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    raise AbandonedError
