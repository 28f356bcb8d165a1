"""Codings: what was compressed comes back, and a bomb has the size that was asked for."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from framework.testing.shop.codings import CODINGS, MIB, bomb, compress

INFLATE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_compressed_bodies_inflate_to_what_they_were(coding: str) -> None:
    assert INFLATE[coding](compress(coding, b"some page" * 100)) == b"some page" * 100


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_has_the_inflated_size_asked_for(coding: str) -> None:
    body = asyncio.run(bomb(coding, 3))

    assert len(body) < 30_000
    assert len(INFLATE[coding](body)) == 3 * MIB


def test_an_unknown_coding_is_an_error() -> None:
    with pytest.raises(KeyError):
        compress("lzma", b"")
