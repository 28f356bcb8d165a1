"""What the links of a page share, as bytes made once, and as objects shared again when they come back.

Place in the flow: beside the stored form. Depth and referrer are one object for all links of a page; a pending link
that was stored must not come back with its own.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, Final, cast

from msgspec.msgpack import Decoder

from framework.http.headers import Headers
from framework.http.stored.codec import encode

HeaderFields = dict[bytes, list[bytes]]
"""What a :class:`Headers` holds."""

SHARED_MAX: Final = 1024
"""How many of each kind are remembered."""

_FLAT = frozenset((NoneType, bool, int, float, str, bytes))
_read_meta = Decoder(dict[str, Any]).decode
_read_headers = Decoder(HeaderFields).decode


class SharedParts:
    """Remembers the forms of shared objects, and the objects of forms."""

    __slots__ = ("_headers", "_headers_forms", "_meta_forms", "_metas")

    def __init__(self) -> None:
        # By id(): the objects are kept beside their forms, so that no id is given away twice.
        self._meta_forms: dict[int, tuple[object, bytes | None]] = {}
        self._headers_forms: dict[int, tuple[object, bytes]] = {}
        self._metas: dict[bytes, dict[str, Any]] = {}
        self._headers: dict[tuple[bytes, str], Headers] = {}

    def meta_form(self, meta: dict[str, Any]) -> bytes | None:
        """Return shared meta as bytes; ``None`` when it is more than flat data, which must not be shared again."""
        known = self._meta_forms.get(id(meta))
        if known is None:
            _make_room(self._meta_forms)
            known = self._meta_forms[id(meta)] = meta, _flat_form(meta)
        return known[1]

    def headers_form(self, headers: Headers, encoding: str) -> bytes | None:
        """Return shared headers as bytes; ``None`` when they have not the request's encoding."""
        if headers.encoding != encoding:
            return None
        known = self._headers_forms.get(id(headers))
        if known is None:
            _make_room(self._headers_forms)
            known = self._headers_forms[id(headers)] = headers, encode(fields_of(headers))
        return known[1]

    def meta(self, data: bytes) -> dict[str, Any]:
        """Return shared meta of its form.

        Raises:
            ValueError: the bytes are damaged.
        """
        shared = self._metas.get(data)
        if shared is None:
            shared = _read_meta(data)
            if not _FLAT.issuperset(map(type, shared.values())):
                raise ValueError("shared meta is not flat")
            _make_room(self._metas)
            self._metas[data] = shared
        return shared

    def headers(self, data: bytes, encoding: str) -> Headers:
        """Return shared headers of their form.

        Raises:
            ValueError: the bytes are damaged.
        """
        shared = self._headers.get((data, encoding))
        if shared is None:
            shared = headers_of(_read_headers(data), encoding)
            _make_room(self._headers)
            self._headers[data, encoding] = shared
        return shared


def _make_room(memory: dict[Any, Any]) -> None:
    if len(memory) >= SHARED_MAX:
        memory.clear()


def _flat_form(meta: dict[str, Any]) -> bytes | None:
    if all(type(key) is str and type(value) in _FLAT for key, value in meta.items()):
        try:
            return encode(meta)
        except (OverflowError, UnicodeEncodeError):  # an int above 64 bits, a lone surrogate
            return None
    return None


def fields_of(headers: Headers) -> HeaderFields:
    """Return what headers hold as a plain dictionary; the lists are theirs."""
    return dict(cast("HeaderFields", headers))


def headers_of(fields: HeaderFields, encoding: str) -> Headers:
    """Return headers that hold these fields, which are in their form already."""
    headers = Headers(encoding=encoding)
    dict.update(headers, fields)
    return headers
