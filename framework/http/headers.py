"""HTTP headers of a request or a response: case-insensitive, several values a name, values in bytes.

Place in the flow: made by a spider or a downloader middleware for a request, by the download handler for a
response (from raw pairs, and only when somebody looks at them).

Names and meanings are those of the "headers" attributes in Scrapy's "Requests and Responses" page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

_FORBIDDEN = re.compile(rb"[\r\n\x00]")

RawHeaders = tuple[tuple[bytes, bytes], ...] | list[tuple[bytes, bytes]]
"""Headers as they come from the wire: (name, value) pairs in order."""

HeadersInput = Mapping[Any, Any] | Iterable[tuple[Any, Any]]
"""What a :class:`Headers` can be made of: a mapping or pairs of str or bytes; a value may be an iterable of values."""


@lru_cache(maxsize=2048)
def _normal_name(name: str | bytes, encoding: str) -> bytes:
    raw = name.encode(encoding) if isinstance(name, str) else bytes(name)
    if _FORBIDDEN.search(raw):
        raise ValueError(f"Header name {name!r} holds a line break or NUL: remove it")
    return raw.title()


class Headers(dict[bytes, Any]):
    """A dictionary of header names (bytes, ``Title-Case``) to lists of values (bytes).

    ``headers[name]`` is the last value of a name in any case; :meth:`getlist` gives all of them. A name set to
    ``None`` is kept without a value, which tells the default headers to leave it out.

    Args:
        seq: a mapping or an iterable of pairs; str or bytes, values also int or iterables of these.
        encoding: how str names and values become bytes.

    Raises:
        ValueError: a name or value holds CR, LF or NUL (RFC 9110, section 5.5).
        TypeError: a name or value is of another type.
    """

    __slots__ = ("encoding",)

    def __init__(self, seq: HeadersInput | None = None, encoding: str = "utf-8") -> None:
        super().__init__()
        self.encoding = encoding
        if seq:
            self.update(seq)

    @classmethod
    def from_raw(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Build from pairs that a server sent: nothing is refused, line breaks in a value become spaces."""
        headers = cls()
        fields: dict[bytes, list[bytes]] = {}
        for name, value in pairs:
            clean = _FORBIDDEN.sub(b" ", value) if _FORBIDDEN.search(value) else value
            key = _wire_name(name)
            values = fields.get(key)
            if values is None:
                fields[key] = [clean]
            else:
                values.append(clean)
        dict.update(headers, fields)
        return headers

    def normkey(self, key: str | bytes) -> bytes:
        """Give the stored form of a name: bytes in ``Title-Case``."""
        if not isinstance(key, str | bytes):
            raise TypeError(f"Header name must be str or bytes, got {type(key).__name__}: {key!r}")
        return _normal_name(key, self.encoding)

    def normvalue(self, value: Any) -> list[bytes]:
        """Give the stored form of a value: a list of bytes."""
        if type(value) is str:
            raw = value.encode(self.encoding)
            return [raw] if _FORBIDDEN.search(raw) is None else [self._one_value(value)]
        if value is None:
            return []
        if isinstance(value, str | bytes | int):
            return [self._one_value(value)]
        if isinstance(value, Iterable):
            return [self._one_value(one) for one in value]
        raise TypeError(f"Unsupported value type for a header: {type(value).__name__} ({value!r})")

    def _one_value(self, value: Any) -> bytes:
        if isinstance(value, bytes):
            raw = value
        elif isinstance(value, str):
            raw = value.encode(self.encoding)
        elif isinstance(value, int):
            raw = str(value).encode()
        else:
            raise TypeError(f"Unsupported value type for a header: {type(value).__name__} ({value!r})")
        if _FORBIDDEN.search(raw):
            raise ValueError(f"Header value {value!r} holds a line break or NUL: remove it")
        return raw

    def __getitem__(self, key: str | bytes) -> bytes | None:
        values = dict.__getitem__(self, self.normkey(key))
        return values[-1] if values else None

    def __setitem__(self, key: str | bytes, value: Any) -> None:
        dict.__setitem__(self, self.normkey(key), self.normvalue(value))

    def __delitem__(self, key: str | bytes) -> None:
        dict.__delitem__(self, self.normkey(key))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | bytes) and dict.__contains__(self, self.normkey(key))

    def __copy__(self) -> Headers:
        copy = self.__class__(encoding=self.encoding)
        dict.update(copy, {name: list(values) for name, values in dict.items(self)})
        return copy

    def copy(self) -> Headers:
        """Give a copy whose lists of values are its own."""
        return self.__copy__()

    def get(self, key: str | bytes, def_val: Any = None) -> Any:
        """Give the last value of a name (bytes), or ``def_val`` (as bytes) where there is none."""
        values = dict.get(self, self.normkey(key))
        if values:
            return values[-1]
        if values is not None:
            return None
        default = self.normvalue(def_val)
        return default[-1] if default else None

    def getlist(self, key: str | bytes, def_val: Any = None) -> list[bytes]:
        """Give all values of a name, or ``def_val`` as a list."""
        values = dict.get(self, self.normkey(key))
        return list(values) if values is not None else self.normvalue(def_val)

    def setlist(self, key: str | bytes, list_: Iterable[Any]) -> None:
        """Set all values of a name."""
        self[key] = list_

    def setlistdefault(self, key: str | bytes, default_list: Iterable[Any] = ()) -> list[bytes]:
        """Set all values of a name unless it is there; give the values that hold."""
        values: list[bytes] = dict.setdefault(self, self.normkey(key), self.normvalue(default_list))
        return values

    def appendlist(self, key: str | bytes, value: Any) -> None:
        """Add a value (or several) to those of a name."""
        new = self.normvalue(value)
        values = dict.setdefault(self, self.normkey(key), new)
        if values is not new:
            values.extend(new)

    def setdefault(self, key: str | bytes, def_val: Any = None) -> Any:
        """Set a name unless it is there; give its value as stored."""
        return dict.setdefault(self, self.normkey(key), self.normvalue(def_val))

    def update(self, seq: HeadersInput) -> None:  # type: ignore[override]
        """Set the names of a mapping or of pairs; a name that comes several times keeps all its values."""
        if isinstance(seq, Headers):
            dict.update(self, {name: list(values) for name, values in dict.items(seq)})
            return
        pairs = seq.items() if isinstance(seq, Mapping) else seq
        fields: dict[bytes, list[bytes]] = {}
        encoding = self.encoding
        for name, value in pairs:
            key = _normal_name(name, encoding) if type(name) is str else self.normkey(name)
            new = self.normvalue(value)
            values = fields.get(key)
            if values is None:
                fields[key] = new
            else:
                values.extend(new)
        dict.update(self, fields)

    def pop(self, key: str | bytes, *default: Any) -> Any:
        """Remove a name; give its list of values."""
        return dict.pop(self, self.normkey(key), *default)

    def items(self) -> Iterator[tuple[bytes, list[bytes]]]:  # type: ignore[override]
        """Go through (name, list of values)."""
        return ((name, list(values)) for name, values in dict.items(self))

    def values(self) -> list[bytes | None]:  # type: ignore[override]
        """Give the last value of each name."""
        return [values[-1] if values else None for values in dict.values(self)]

    def to_string(self) -> bytes:
        """Give the headers as in an HTTP/1.1 message: ``Name: value`` lines joined by CR LF."""
        return b"\r\n".join(b"%b: %b" % (name, value) for name, values in dict.items(self) for value in values)

    def to_unicode_dict(self) -> dict[str, str]:
        """Give a plain dictionary of str names to str values; several values are joined by commas."""
        return {
            name.decode(self.encoding, "replace"): b",".join(values).decode(self.encoding, "replace")
            for name, values in dict.items(self)
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict.__repr__(self)})"


@lru_cache(maxsize=2048)
def _wire_name(name: bytes) -> bytes:
    return _FORBIDDEN.sub(b"", name).title()


def raw_value(pairs: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Find the last value of ``name`` (given in lower case) in raw pairs, without building a :class:`Headers`."""
    found = None
    for key, value in pairs:
        if len(key) == len(name) and key.lower() == name:
            found = value
    return found
