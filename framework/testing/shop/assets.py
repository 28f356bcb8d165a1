"""The shop's covers and sample files, made by hand: valid PNG and PDF without an imaging library.

Pure: an id in, bytes out, the same for the same id.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import Final

_WIDTH: Final = 120
_HEIGHT: Final = 160
_TRUE_COLOUR: Final = 2
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = 2048


@lru_cache(maxsize=_KEPT)
def cover_png(book_id: int) -> bytes:
    """Draw a cover of 120 x 160 pixels: a vertical gradient with a band, in colours of the book's own."""
    red, green, blue = (book_id * factor % 200 + 28 for factor in (37, 71, 113))
    rows = bytearray()
    for y in range(_HEIGHT):
        shade = y * 40 // _HEIGHT
        in_band = 40 <= y < 70
        pixel = (245, 240, 225) if in_band else (min(255, red + shade), min(255, green + shade), min(255, blue + shade))
        rows += b"\x00" + bytes(pixel) * _WIDTH  # 0: this row uses no filter
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, _TRUE_COLOUR, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Frame a PNG chunk: length, kind, data, CRC (PNG specification, section 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def sample_pdf(book_id: int) -> bytes:
    """Write a PDF of one page that names the book's number, with a correct cross-reference table."""
    text = f"BT /F1 18 Tf 72 720 Td (Sample of book {book_id}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    file = bytearray(b"%PDF-1.4\n")
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number, body in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(file))
    return bytes(file) + table + trailer
