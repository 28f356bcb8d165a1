"""Covers and samples are valid files, checked by reading them as their formats say."""

from __future__ import annotations

import re
import struct
import zlib

from framework.testing.shop.assets import cover_png, sample_pdf


def chunks_of(png: bytes) -> dict[bytes, bytes]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(png[at + 8 + length : at + 12 + length], "big")
        chunks[kind] = data
        at += 12 + length
    return chunks


def test_a_cover_is_a_valid_png_of_its_size() -> None:
    chunks = chunks_of(cover_png(5))

    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (120, 160, 8, 2, 0, 0, 0)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 160 * (1 + 120 * 3)
    assert cover_png(5) != cover_png(6)


def test_a_sample_is_a_pdf_whose_table_points_at_its_objects() -> None:
    pdf = sample_pdf(5)

    start = int(pdf.split(b"startxref\n")[1].split()[0])
    assert pdf[start:].startswith(b"xref\n0 6\n")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n ", pdf), 1):
        assert pdf[int(offset) :].startswith(b"%d 0 obj" % number)
    assert b"Sample of book 5" in pdf
    assert pdf.endswith(b"%%EOF\n")
