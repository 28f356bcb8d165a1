"""JSON bodies, read by orjson where it gives exactly what the standard library gives.

Place in the flow: behind ``response.json()`` and the selectors of JSON responses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from framework.fastjson import orjson

_BOM = b"\xef\xbb\xbf"
_UTF8 = frozenset(("utf-8", "utf8"))
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
# orjson makes an inexact float of an integer beyond 64 bits; the shortest of these has 19 digits.
_LONG_NUMBER = b"0" * 19


def parse_json(body: bytes, encoding: str, text: Callable[[], str], url: str) -> Any:
    """Parse a JSON document.

    Args:
        body: the bytes of it.
        encoding: of the body.
        text: gives the decoded body; called only when the bytes do not do.
        url: named in the error.

    Raises:
        ValueError: it is no JSON document (a ``json.JSONDecodeError``).
    """
    if (encoding in _UTF8 or body.isascii()) and _LONG_NUMBER not in body.translate(_DIGITS_AS_ZERO):
        try:
            return orjson.loads(body.removeprefix(_BOM))
        except orjson.JSONDecodeError:
            # NaN, lone surrogates and broken UTF-8 are for the standard library; so is the error message.
            pass
    document = text()
    try:
        return json.loads(document)
    except json.JSONDecodeError as exc:
        raise json.JSONDecodeError(f"The body of {url} is no JSON document: {exc.msg}", document, exc.pos) from None
