"""Content encodings (gzip, deflate, br, zstd), undone piece by piece, so that a limit can hold while inflating.

Place in the flow: ``body.py`` feeds the chunks of a body as they come from the network and counts the pieces that
come out. No piece is larger than a few hundred kilobytes (zstd: 16 MB), however much a chunk inflates to.

Sources: RFC 9110 section 8.4.1 (gzip, deflate), RFC 1952 section 2.2 (members), RFC 7932 (br), RFC 8878 and
RFC 9659 (zstd and its window for the web).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import brotli
import zstandard

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
"""The value of ``Accept-Encoding`` that says what can be decoded here."""

STACK_MAX = 4
"""How many encodings may lie over each other; honest servers use one."""

_PIECE_BYTES = 256 * 1024
# zlib copies what it has not used at the end of each member: of a whole chunk, for thousands of empty members.
_SLICE_BYTES = 16 * 1024
# A zstd block of 4 bytes may stand for 128 KB (RFC 8878, section 3.1.1.2), and the library has no limit for its
# output, so its input is cut small: 512 bytes give 16 MB at most.
_ZSTD_INPUT_BYTES = 512
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class BrokenEncodingError(Exception):
    """The body is not what its Content-Encoding says."""


class Decoder(Protocol):
    """Undoes one encoding."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give the decoded pieces of what came.

        Raises:
            BrokenEncodingError: it cannot be decoded; the pieces before are good.
        """
        ...

    @property
    def is_complete(self) -> bool:
        """Whether the encoded stream has come to its end (or has not begun)."""
        ...

    @property
    def between_bytes(self) -> int:
        """Bytes that came out of an outer encoding and went into an inner one, where there are several."""
        ...


class GzipDecoder:
    """gzip, of one or more members; what follows the last one is passed over, as browsers do."""

    between_bytes = 0

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(wbits=31)
        self._rest = b""
        self._has_begun = False
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See :class:`Decoder`."""
        self._has_begun = True
        for start in range(0, len(data), _SLICE_BYTES):
            part = data[start : start + _SLICE_BYTES]
            if self._inflater.eof:
                part = self._next_member(part)
            while part:
                yield from _inflate(self._inflater, part)
                part = self._next_member(self._inflater.unused_data) if self._inflater.eof else b""

    def _next_member(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        if self._is_over or not data:
            return b""
        if data.startswith(_GZIP_MAGIC):
            self._inflater = zlib.decompressobj(wbits=31)
            return data
        if data == _GZIP_MAGIC[:1]:
            self._rest = data
        else:
            self._is_over = True
        return b""

    @property
    def is_complete(self) -> bool:
        """See :class:`Decoder`."""
        return self._inflater.eof or not self._has_begun


class DeflateDecoder:
    """deflate: with zlib's frame, as the RFC says, or without, as some servers send it."""

    between_bytes = 0

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj()
        self._head: bytes | None = b""
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See :class:`Decoder`."""
        self._has_begun = True
        if self._inflater.eof:
            return
        if self._head is not None:
            # Nothing has come out yet: what went in is kept, for another try without zlib's frame.
            self._head += data
        try:
            for piece in _inflate(self._inflater, data):
                self._head = None
                yield piece
        except BrokenEncodingError:
            if self._head is None:
                raise
            data, self._head = self._head, None
            self._inflater = zlib.decompressobj(wbits=-15)
            yield from _inflate(self._inflater, data)

    @property
    def is_complete(self) -> bool:
        """See :class:`Decoder`."""
        return self._inflater.eof or not self._has_begun


def _inflate(inflater: Any, data: bytes) -> Iterator[bytes]:
    """Give the output of a zlib object in pieces; stops at the end of its stream."""
    has_more = bool(data)
    while has_more:
        try:
            piece = inflater.decompress(data, _PIECE_BYTES)
        except zlib.error as error:
            raise BrokenEncodingError(str(error)) from error
        if piece:
            yield piece
        data = inflater.unconsumed_tail
        # A full piece may mean that zlib took all input and still holds output back.
        has_more = not inflater.eof and (bool(data) or len(piece) == _PIECE_BYTES)


class BrotliDecoder:
    """br."""

    between_bytes = 0

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See :class:`Decoder`."""
        self._has_begun = True
        decompressor = self._decompressor
        if decompressor.is_finished():
            return
        has_more = True
        while has_more:
            try:
                piece = decompressor.process(data, output_buffer_limit=_PIECE_BYTES)
            except brotli.error as error:
                raise BrokenEncodingError(str(error)) from error
            if piece:
                yield piece
            data = b""
            has_more = not decompressor.can_accept_more_data()

    @property
    def is_complete(self) -> bool:
        """See :class:`Decoder`."""
        return not self._has_begun or bool(self._decompressor.is_finished())


class ZstdDecoder:
    """zstd, of one or more frames."""

    between_bytes = 0

    def __init__(self) -> None:
        self._factory = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        self._frame = self._factory.decompressobj()
        self._rest = b""
        self._has_begun = False
        self._is_over = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See :class:`Decoder`."""
        self._has_begun = True
        for start in range(0, len(data), _ZSTD_INPUT_BYTES):
            part = data[start : start + _ZSTD_INPUT_BYTES]
            if self._frame.eof:
                part = self._next_frame(part)
            while part:
                try:
                    piece = self._frame.decompress(part)
                except zstandard.ZstdError as error:
                    raise BrokenEncodingError(str(error)) from error
                if piece:
                    yield piece
                part = self._next_frame(self._frame.unused_data) if self._frame.eof else b""

    def _next_frame(self, data: bytes) -> bytes:
        data = self._rest + data
        self._rest = b""
        if self._is_over or not data:
            return b""
        if data.startswith(_ZSTD_MAGIC):
            self._frame = self._factory.decompressobj()
            return data
        if len(data) < len(_ZSTD_MAGIC) and _ZSTD_MAGIC.startswith(data):
            self._rest = data
        else:
            self._is_over = True
        return b""

    @property
    def is_complete(self) -> bool:
        """See :class:`Decoder`."""
        return not self._has_begun or bool(self._frame.eof)


class Stack:
    """Several encodings over each other, undone from the outermost inwards."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self._outer = decoders[0]
        self._inner: Decoder = decoders[1] if len(decoders) == 2 else Stack(decoders[1:])
        self._between_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See :class:`Decoder`; pieces may be empty, so that whoever counts sees that there is work going on."""
        for piece in self._outer.feed(data):
            self._between_bytes += len(piece)
            yield b""
            yield from self._inner.feed(piece)

    @property
    def between_bytes(self) -> int:
        """See :class:`Decoder`."""
        return self._between_bytes + self._inner.between_bytes

    @property
    def is_complete(self) -> bool:
        """See :class:`Decoder`."""
        return self._outer.is_complete and self._inner.is_complete


_DECODERS: dict[bytes, Callable[[], Decoder]] = {
    b"gzip": GzipDecoder,
    b"x-gzip": GzipDecoder,
    b"deflate": DeflateDecoder,
    b"br": BrotliDecoder,
    b"zstd": ZstdDecoder,
}


def split_encodings(value: bytes) -> tuple[list[bytes], list[bytes]]:
    """Take a Content-Encoding apart: what can be undone, from the outermost inwards, and what must stay.

    Args:
        value: the header's value (several joined by commas), in the order in which they were applied.
    """
    kept = [name for name in (part.strip().lower() for part in value.split(b",")) if name and name != b"identity"]
    undone: list[bytes] = []
    while kept and kept[-1] in _DECODERS:
        undone.append(kept.pop())
    return undone, kept


def decoder_for(names: Sequence[bytes]) -> Decoder:
    """Build the decoder of encodings that :func:`split_encodings` gave (at least one, the outermost first)."""
    decoders = [_DECODERS[name]() for name in names]
    return decoders[0] if len(decoders) == 1 else Stack(decoders)
