"""Reading a response's body: decoded on the way, within its limits, and whole or marked as not whole.

Place in the flow: the HTTP handler calls ``read_body`` as soon as the headers are there; when it returns, the body is
read and the connection is free. ``DOWNLOAD_MAXSIZE`` is held against Content-Length first, then against what comes
from the network, and against what it inflates to, piece by piece.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import aiohttp
from aiohttp import ClientResponse, StreamReader
from multidict import istr

from framework.exceptions import DownloadCancelledError, ResponseDataLossError, StopDownload
from framework.http import Request
from framework.http.headers import RawHeaders

from .decoding import STACK_MAX, BrokenEncodingError, Decoder, decoder_for, split_encodings

logger = logging.getLogger(__name__)

_CONTENT_ENCODING = istr("Content-Encoding")
_CONTENT_LENGTH = istr("Content-Length")
_TRANSFER_ENCODING = istr("Transfer-Encoding")
_BREATH_S = 0.005
"""After so many seconds of inflating the loop gets its turn."""

Watch = Callable[[bytes], StopDownload | None]
"""Sees each chunk as it came from the network; an answer stops the download."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What holds for one body.

    Attributes:
        max_bytes: more than this is refused, encoded or decoded (0: no limit).
        warn_bytes: more than this is logged (0: never).
        is_decoding: undo Content-Encoding.
        fail_on_dataloss: an incomplete body is an error; otherwise it is handed over with the flag ``dataloss``.
    """

    max_bytes: int
    warn_bytes: int
    is_decoding: bool
    fail_on_dataloss: bool


@dataclass(slots=True)
class Body:
    """A body that was read.

    Attributes:
        data: the content, decoded.
        headers: the response's headers; without Content-Encoding where it was undone.
        is_decoded: whether it was.
        flags: ``dataloss``, ``partial`` (its end was told by the connection's end alone), ``download_stopped``.
        stop: what a handler of ``bytes_received`` raised.
    """

    data: bytes
    headers: RawHeaders
    is_decoded: bool = False
    flags: list[str] | None = None
    stop: StopDownload | None = None

    def add_flag(self, flag: str) -> None:
        """Mark the response."""
        self.flags = [*(self.flags or ()), flag]


async def read_body(response: ClientResponse, request: Request, limits: BodyLimits, watch: Watch | None = None) -> Body:
    """Read the body of a response that has just come.

    Raises:
        DownloadCancelledError: it is larger than its limit, or encoded too often.
        ResponseDataLossError: it ended early or cannot be decoded, and ``fail_on_dataloss`` is set.
        aiohttp.ClientError, TimeoutError: the connection failed otherwise.
    """
    headers = response.headers
    stream = response.content
    body = Body(b"", response.raw_headers)
    has_encoding = limits.is_decoding and _CONTENT_ENCODING in headers and request.method != "HEAD"
    encoding = headers.getall(_CONTENT_ENCODING) if has_encoding else None
    length = headers.get(_CONTENT_LENGTH)
    if encoding is None and watch is None and stream.is_eof() and stream.exception() is None:
        # The usual small page: all of it came together with its headers.
        body.data = stream.read_nowait()
        _check_size(len(body.data), request, limits)
    else:
        if length is not None and not stream.is_eof():
            _check_announced(int(length), request, limits)
        decoder = _decoder(",".join(encoding), request, body) if encoding is not None else None
        await _Reading(stream, request, limits, watch, body, decoder).run()
    if length is None and body.data and _TRANSFER_ENCODING not in headers:
        body.add_flag("partial")
    if limits.warn_bytes and len(body.data) > limits.warn_bytes:
        _warn(request, len(body.data), limits)
    return body


def _decoder(encoding: str, request: Request, body: Body) -> Decoder | None:
    names, kept = split_encodings(encoding.encode())
    if len(names) > STACK_MAX:
        raise DownloadCancelledError(
            f"{request!r}: the body is encoded {len(names)} times; at most {STACK_MAX} are undone"
        )
    if not names:
        return None
    others = [(name, value) for name, value in body.headers if name.lower() != b"content-encoding"]
    if kept:
        others.append((b"Content-Encoding", b", ".join(kept)))
    body.headers = others
    body.is_decoded = True
    return decoder_for(names)


class _Reading:
    """One body that comes in several chunks or has to be decoded."""

    __slots__ = ("_body", "_decoder", "_limits", "_pieces", "_received", "_request", "_size", "_stream", "_watch")

    def __init__(
        self,
        stream: StreamReader,
        request: Request,
        limits: BodyLimits,
        watch: Watch | None,
        body: Body,
        decoder: Decoder | None,
    ) -> None:
        self._stream = stream
        self._request = request
        self._limits = limits
        self._watch = watch
        self._body = body
        self._decoder = decoder
        self._pieces: list[bytes] = []
        self._received = 0
        self._size = 0

    async def run(self) -> None:
        try:
            await self._read()
        except aiohttp.ClientPayloadError as error:
            await self._rescue()
            self._lose(f"the connection ended after {self._received} bytes", error)
        except BrokenEncodingError as error:
            self._lose(f"it cannot be decoded ({error})", error)
        self._body.data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    async def _read(self) -> None:
        readany = self._stream.readany
        while chunk := await readany():
            await self._take(chunk)
            stop = self._watch(chunk) if self._watch is not None else None
            if stop is not None:
                self._body.stop = stop
                return
        if self._decoder is not None and not self._decoder.is_complete:
            raise BrokenEncodingError("the encoded data ends too early")

    async def _take(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._decoder is None:
            self._keep(chunk)
            return
        _check_size(self._received, self._request, self._limits)
        rested_at = monotonic()
        for piece in self._decoder.feed(chunk):
            if piece:
                self._keep(piece)
            else:
                _check_size(self._decoder.between_bytes, self._request, self._limits)
            if monotonic() - rested_at > _BREATH_S:
                await asyncio.sleep(0)
                rested_at = monotonic()

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        _check_size(self._size, self._request, self._limits)
        self._pieces.append(piece)

    async def _rescue(self) -> None:
        """Take what had come before the connection broke: aiohttp's reader raises before it hands that over."""
        buffered = b"".join(getattr(self._stream, "_buffer", ()))
        try:
            await self._take(buffered)
        except BrokenEncodingError:
            return

    def _lose(self, reason: str, error: Exception) -> None:
        if self._limits.fail_on_dataloss:
            raise ResponseDataLossError(
                f"{self._request!r}: the body is not whole: {reason}; "
                "DOWNLOAD_FAIL_ON_DATALOSS = False hands over what came, flagged 'dataloss'"
            ) from error
        self._body.add_flag("dataloss")


def _check_announced(length: int, request: Request, limits: BodyLimits) -> None:
    if limits.max_bytes and length > limits.max_bytes:
        raise DownloadCancelledError(
            f"{request!r}: the body has {length} bytes, more than the {limits.max_bytes} that "
            "DOWNLOAD_MAXSIZE (or download_maxsize in the request's meta) lets pass"
        )


def _check_size(size: int, request: Request, limits: BodyLimits) -> None:
    if limits.max_bytes and size > limits.max_bytes:
        raise DownloadCancelledError(
            f"{request!r}: the body has more than the {limits.max_bytes} bytes that "
            f"DOWNLOAD_MAXSIZE (or download_maxsize in the request's meta) lets pass; cut after {size}"
        )


def _warn(request: Request, size: int, limits: BodyLimits) -> None:
    logger.warning("%r: the body has %d bytes, more than DOWNLOAD_WARNSIZE (%d)", request, size, limits.warn_bytes)
