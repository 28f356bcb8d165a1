"""Content encodings, undone piece by piece."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.downloader.decoding import ACCEPT_ENCODING, BrokenEncodingError, Decoder, decoder_for, split_encodings


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


ENCODERS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"deflate", zlib.compress),
    (b"deflate", raw_deflate),
    (b"br", lambda data: bytes(brotli.compress(data, quality=5))),
    (b"zstd", zstandard.ZstdCompressor().compress),
]
NAMES = ["gzip", "x-gzip", "deflate", "raw deflate", "br", "zstd"]


def decode(decoder: Decoder, data: bytes, step: int | None = None) -> bytes:
    step = step or max(1, len(data))
    return b"".join(piece for start in range(0, len(data), step) for piece in decoder.feed(data[start : start + step]))


@pytest.mark.parametrize(("name", "encode"), ENCODERS, ids=NAMES)
@given(data=st.binary(max_size=3000), repeat=st.integers(1, 200), step=st.integers(1, 500))
@settings(max_examples=40, deadline=None)
def test_every_encoding_gives_the_data_back_in_chunks_of_any_size(
    name: bytes, encode: Callable[[bytes], bytes], data: bytes, repeat: int, step: int
) -> None:
    data *= repeat
    decoder = decoder_for([name])

    assert decode(decoder, encode(data), step) == data
    assert decoder.is_complete


@pytest.mark.parametrize(("name", "encode"), ENCODERS, ids=NAMES)
def test_a_bomb_comes_in_pieces_that_can_be_counted(name: bytes, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(50_000_000))
    tracemalloc.start()
    total = 0

    for piece in decoder_for([name]).feed(bomb):
        total += len(piece)
        if total > 20_000_000:
            break

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 20_000_000 < total < 60_000_000
    assert peak < 40_000_000


def test_a_stacked_bomb_comes_in_pieces_too() -> None:
    bomb = gzip.compress(gzip.compress(bytes(100_000_000)))
    names, _ = split_encodings(b"gzip, gzip")
    total = 0

    for piece in decoder_for(names).feed(bomb):
        total += len(piece)
        if total > 1_000_000:
            break

    assert len(bomb) < 10_000
    assert total < 2_000_000


def test_what_lies_between_two_encodings_is_counted() -> None:
    names, _ = split_encodings(b"gzip, gzip")
    decoder = decoder_for(names)

    # Empty members: the outer encoding inflates a thousand times, the inner one to nothing.
    assert decode(decoder, gzip.compress(gzip.compress(b"") * 50_000)) == b""

    assert decoder.between_bytes == 50_000 * len(gzip.compress(b""))
    assert decoder.is_complete


@pytest.mark.parametrize("name", [b"gzip", b"zstd"])
def test_thousands_of_empty_members_cost_no_more_than_their_length(name: bytes) -> None:
    empty = gzip.compress(b"") if name == b"gzip" else zstandard.ZstdCompressor().compress(b"")
    started_at = time.process_time()

    assert decode(decoder_for([name]), empty * 40_000) == b""

    assert time.process_time() - started_at < 2


@pytest.mark.parametrize(("name", "encode"), ENCODERS, ids=NAMES)
def test_a_cut_stream_is_not_complete_but_gives_what_there_was(name: bytes, encode: Callable[[bytes], bytes]) -> None:
    data = bytes(range(256)) * 400
    encoded = encode(data)
    decoder = decoder_for([name])

    got = decode(decoder, encoded[: len(encoded) - 3])

    assert not decoder.is_complete
    assert data.startswith(got)


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"br", b"zstd"])
def test_nothing_at_all_is_a_complete_empty_body(name: bytes) -> None:
    assert decoder_for([name]).is_complete


@pytest.mark.parametrize("name", [b"gzip", b"deflate", b"br", b"zstd"])
def test_what_was_never_encoded_is_broken(name: bytes) -> None:
    with pytest.raises(BrokenEncodingError):
        decode(decoder_for([name]), b"<html>plain text that says it was encoded</html>" * 10)


@pytest.mark.parametrize("step", [None, 1, 7])
def test_gzip_of_several_members_with_garbage_after_them(step: int | None) -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"three") + b"\0\0\0garbage"
    decoder = decoder_for([b"gzip"])

    assert decode(decoder, data, step) == b"one two three"
    assert decoder.is_complete
    assert decode(decoder, gzip.compress(b"after the garbage")) == b""


@pytest.mark.parametrize("step", [None, 1, 7])
def test_zstd_of_several_frames_with_garbage_after_them(step: int | None) -> None:
    pack = zstandard.ZstdCompressor().compress
    decoder = decoder_for([b"zstd"])

    assert decode(decoder, pack(b"one ") + pack(b"two ") + b"garbage", step) == b"one two "
    assert decoder.is_complete
    assert decode(decoder, pack(b"after the garbage")) == b""


@pytest.mark.parametrize("name", [b"deflate", b"br"])
def test_what_follows_the_end_is_passed_over(name: bytes) -> None:
    encode = zlib.compress if name == b"deflate" else brotli.compress
    decoder = decoder_for([name])

    assert decode(decoder, encode(b"data")) == b"data"
    assert decode(decoder, b"garbage") == b""


def test_deflate_that_breaks_in_the_middle_is_broken() -> None:
    packer = zlib.compressobj()
    # 0b111: a block of a type that does not exist.
    good = packer.compress(b"good content " * 1000) + packer.flush(zlib.Z_FULL_FLUSH)
    decoder = decoder_for([b"deflate"])

    assert decode(decoder, good) == b"good content " * 1000
    with pytest.raises(BrokenEncodingError):
        decode(decoder, b"\x07\xff\xff")


def test_a_zstd_window_that_the_web_forbids_is_broken() -> None:
    # RFC 9659: 8 MB at most.
    packer = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=25, enable_ldm=True)
    )
    with pytest.raises(BrokenEncodingError):
        decode(decoder_for([b"zstd"]), packer.stream_reader(bytes(40_000_000)).read())


@pytest.mark.parametrize(
    ("value", "undone", "kept"),
    [
        (b"gzip", [b"gzip"], []),
        (b"GZip", [b"gzip"], []),
        (b"br, gzip", [b"gzip", b"br"], []),
        (b"identity", [], []),
        (b"", [], []),
        (b"aes128gcm, gzip", [b"gzip"], [b"aes128gcm"]),
        (b"gzip, aes128gcm", [], [b"gzip", b"aes128gcm"]),
    ],
)
def test_what_can_be_undone_is_taken_off_from_outside(value: bytes, undone: list[bytes], kept: list[bytes]) -> None:
    assert split_encodings(value) == (undone, kept)


def test_three_encodings_over_each_other_are_undone() -> None:
    data = b"content " * 1000
    names, _ = split_encodings(b"deflate, br, gzip")

    assert decode(decoder_for(names), gzip.compress(brotli.compress(zlib.compress(data))), 50) == data


def test_everything_that_is_asked_for_can_be_decoded() -> None:
    assert split_encodings(ACCEPT_ENCODING.encode()) == ([b"zstd", b"br", b"deflate", b"gzip"], [])
