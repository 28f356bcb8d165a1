from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import Any

import pytest

from framework.extensions.postprocessing import Bz2Plugin, GzipPlugin, LZMAPlugin

UNPACK: dict[Any, Callable[[bytes], bytes]] = {
    GzipPlugin: gzip.decompress,
    Bz2Plugin: bz2.decompress,
    LZMAPlugin: lzma.decompress,
}


def packed(plugin: Any, data: bytes, **options: Any) -> bytes:
    file = io.BytesIO()
    made = plugin(file, options)
    assert made.write(data) == len(data)
    made.close()
    assert not file.closed
    return file.getvalue()


@pytest.mark.parametrize("plugin", UNPACK)
def test_what_is_written_can_be_unpacked_and_pieces_may_follow_each_other(plugin: Any) -> None:
    assert UNPACK[plugin](packed(plugin, b"abc") + packed(plugin, b"def")) == b"abcdef"


@pytest.mark.parametrize("plugin", UNPACK)
def test_a_decoder_stops_at_the_end_of_a_piece(plugin: Any) -> None:
    decoder = plugin.decoder({})

    assert decoder.decompress(packed(plugin, b"abc") + b"rest") == b"abc"
    assert (decoder.eof, decoder.unused_data) == (True, b"rest")


def test_gzip_takes_level_time_and_name() -> None:
    data = bytes(range(256)) * 200

    with gzip.GzipFile(fileobj=io.BytesIO(packed(GzipPlugin, data, gzip_mtime=7, gzip_filename="a.csv"))) as file:
        assert (file.read(), file.mtime) == (data, 7)
    assert b"a.csv" in packed(GzipPlugin, data, gzip_filename="a.csv")
    assert len(packed(GzipPlugin, data, gzip_compresslevel=0)) > len(data)
    assert len(packed(GzipPlugin, data, gzip_compresslevel=None)) < len(data)


def test_bzip2_takes_a_level() -> None:
    assert packed(Bz2Plugin, b"x", bz2_compresslevel=1)[3:4] == b"1"
    assert packed(Bz2Plugin, b"x")[3:4] == b"9"


def test_lzma_takes_format_check_preset_and_filters() -> None:
    old = packed(LZMAPlugin, b"abc", lzma_format=lzma.FORMAT_ALONE)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 1}]

    assert lzma.decompress(old, lzma.FORMAT_ALONE) == b"abc"
    assert LZMAPlugin.decoder({"lzma_format": lzma.FORMAT_ALONE}) is None
    assert LZMAPlugin.decoder({"lzma_format": lzma.FORMAT_XZ}) is not None
    assert lzma.decompress(packed(LZMAPlugin, b"abc", lzma_check=lzma.CHECK_CRC32, lzma_preset=1)) == b"abc"
    assert lzma.decompress(packed(LZMAPlugin, b"abc", lzma_filters=filters)) == b"abc"
