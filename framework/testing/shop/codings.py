"""Content codings: small pages compressed whole, and bombs compressed piece by piece.

Pure except for `bomb`, which gives way to the event loop between two pieces: making a bomb must not stop the shop.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli
import zstandard

CODINGS: Final = ("gzip", "deflate", "br", "zstd")
_PIECE: Final = b"<p>boom boom boom boom boom boom</p>\r\n".ljust(64) * 16_384  # 1 MiB of page that inflates well
MIB: Final = 1024 * 1024


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Brotli:
    """brotli's compressor under the names that the others use."""

    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=3, lgwin=18)

    def compress(self, data: bytes, /) -> bytes:
        return bytes(self._compressor.process(data))

    def flush(self) -> bytes:
        return bytes(self._compressor.finish())


_GZIP_WINDOW: Final = 31  # zlib's way to say: 15 bits of window, gzip header and trailer
_COMPRESSORS: Final[dict[str, Callable[[], _Compressor]]] = {
    "gzip": lambda: zlib.compressobj(6, zlib.DEFLATED, _GZIP_WINDOW),
    "deflate": lambda: zlib.compressobj(6),
    "br": _Brotli,
    "zstd": lambda: zstandard.ZstdCompressor(level=3).compressobj(),
}


def compress(coding: str, body: bytes) -> bytes:
    """Compress a body with one of `CODINGS` (RFC 9110 section 8.4.1, RFC 7932, RFC 8878).

    :raises KeyError: the coding is not one of them
    """
    compressor = _COMPRESSORS[coding]()
    return compressor.compress(body) + compressor.flush()


async def bomb(coding: str, inflated_mb: int) -> bytes:
    """Make a body that is small on the wire and inflates to `inflated_mb` MiB of HTML-like text.

    :raises KeyError: the coding is not one of `CODINGS`
    """
    compressor = _COMPRESSORS[coding]()
    pieces = []
    for _ in range(inflated_mb):
        pieces.append(compressor.compress(_PIECE))
        await asyncio.sleep(0)
    pieces.append(compressor.flush())
    return b"".join(pieces)
