"""Writing text to a binary file in any encoding, with one byte order mark at most.

Place in the flow: under the exporters whose formats are text.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO


def is_utf8(encoding: str) -> bool:
    """Say whether an encoding is plain UTF-8 under any of its names.

    Raises:
        LookupError: Python knows no such encoding.
    """
    return codecs.lookup(encoding).name == "utf-8"


class TextWriter:
    """Encodes what is written and passes it on at once.

    An incremental encoder is used because UTF-16 and ``utf-8-sig`` begin with a mark that must not be repeated.

    Args:
        file: where to write, in binary mode.
        encoding: any of Python's text encodings.
        errors: what to do with characters that the encoding lacks, as for ``str.encode``.

    Raises:
        LookupError: Python knows no such encoding.
    """

    __slots__ = ("_encoder", "_encoding", "_file")

    def __init__(self, file: BinaryIO, encoding: str, errors: str = "strict") -> None:
        self._file = file
        self._encoding = encoding
        self._encoder = codecs.getincrementalencoder(encoding)(errors)

    def write(self, text: str) -> int:
        """Write ``text``; nothing is written when a character cannot be encoded (``UnicodeEncodeError``)."""
        self._file.write(self._encoder.encode(text))
        return len(text)

    def can_write(self, text: str) -> bool:
        """Say whether the encoding has all characters of ``text``."""
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def continue_stream(self) -> None:
        """Write no byte order mark: the stream has begun already."""
        self._encoder.encode(" ")
