"""Compression of output files: the plugins that an entry of ``FEEDS`` names under ``postprocessing``.

Place in the flow: between the exporter and the file. A feed gives each checkpoint's piece to a fresh plugin and closes
it, so that the file is a row of whole members, which gzip, bzip2 and xz all allow (RFC 1952, section 2.2). A crash is
then cut away between two members.

A plugin is any class with this constructor, ``write`` and ``close``. One that has ``decoder`` as well, and whose closed
pieces may follow each other in a file, takes part in that; for any other the whole file goes through one plugin, and
items may come twice after a crash.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO


def _given(options: Mapping[str, Any], prefix: str, *names: str) -> dict[str, Any]:
    """Return those options of a plugin that were given, without their prefix."""
    return {name: options[prefix + name] for name in names if options.get(prefix + name) is not None}


class GzipPlugin:
    """Compresses with gzip.

    Args:
        file: where to write, in binary mode; it stays open.
        feed_options: of these ``gzip_compresslevel`` (0 to 9, default 9), ``gzip_mtime`` (the time in the header,
            default now) and ``gzip_filename`` (the name in the header, default none).
    """

    def __init__(self, file: BinaryIO, feed_options: Mapping[str, Any]) -> None:
        options = _given(feed_options, "gzip_", "compresslevel", "mtime", "filename")
        self._gzip = gzip.GzipFile(fileobj=file, mode="wb", **options)

    def write(self, data: bytes) -> int:
        """Compress ``data``; what comes out is written now or later."""
        return self._gzip.write(data)

    def close(self) -> None:
        """Write what is left, and the end of the member."""
        self._gzip.close()

    @staticmethod
    def decoder(feed_options: Mapping[str, Any]) -> Any:
        """Return what decompresses one member."""
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


class Bz2Plugin:
    """Compresses with bzip2.

    Args:
        file: where to write, in binary mode; it stays open.
        feed_options: of these ``bz2_compresslevel`` (1 to 9, default 9).
    """

    def __init__(self, file: BinaryIO, feed_options: Mapping[str, Any]) -> None:
        self._bz2 = bz2.BZ2File(file, mode="wb", **_given(feed_options, "bz2_", "compresslevel"))

    def write(self, data: bytes) -> int:
        """Compress ``data``; what comes out is written now or later."""
        return self._bz2.write(data)

    def close(self) -> None:
        """Write what is left, and the end of the stream."""
        self._bz2.close()

    @staticmethod
    def decoder(feed_options: Mapping[str, Any]) -> Any:
        """Return what decompresses one stream."""
        return bz2.BZ2Decompressor()


class LZMAPlugin:
    """Compresses with LZMA: as ``.xz``, unless ``lzma_format`` says otherwise.

    Args:
        file: where to write, in binary mode; it stays open.
        feed_options: of these ``lzma_format`` (default ``lzma.FORMAT_XZ``), ``lzma_check`` (default -1),
            ``lzma_preset`` and ``lzma_filters``, as for ``lzma.LZMAFile``.
    """

    def __init__(self, file: BinaryIO, feed_options: Mapping[str, Any]) -> None:
        options = _given(feed_options, "lzma_", "format", "check", "preset", "filters")
        self._lzma = lzma.LZMAFile(file, mode="wb", **options)  # noqa: SIM115 - closed by close()

    def write(self, data: bytes) -> int:
        """Compress ``data``; what comes out is written now or later."""
        return self._lzma.write(data)

    def close(self) -> None:
        """Write what is left, and the end of the stream."""
        self._lzma.close()

    @staticmethod
    def decoder(feed_options: Mapping[str, Any]) -> Any:
        """Return what decompresses one stream, or ``None``: only ``.xz`` streams may follow each other in a file."""
        is_xz = feed_options.get("lzma_format") in (None, lzma.FORMAT_XZ)
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ) if is_xz else None
