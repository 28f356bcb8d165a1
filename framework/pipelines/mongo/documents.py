"""Items as BSON: every type that an item may hold gets one that MongoDB knows, or the item is refused by name.

Place in the flow: ``pipeline`` makes a document of each item while it is handed over, so that an item that is changed
later does not change what is stored, and so that memory holds bytes of a known number.
"""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, cast

import bson
from bson.decimal128 import Decimal128, create_decimal128_context
from bson.errors import BSONError
from itemadapter import ItemAdapter

DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
"""MongoDB's own limit for a document."""

_RESERVE_BYTES = 1024
_DEPTH_MAX = 90  # MongoDB allows 100 levels; some are ours

_PLAIN = frozenset({str, bool, float, bytes, type(None)})
_INT64 = range(-(1 << 63), 1 << 63)


class Refused(ValueError):  # noqa: N818 - a reason, not a failure: the item becomes a dead letter
    """An item cannot be a document; the text says which part of it and why."""


class Documents:
    """Makes documents of items.

    Args:
        is_plain: for the embedded server, whose JSON knows no decimal numbers (they become texts) and neither NaN nor
            infinity (refused).
    """

    def __init__(self, *, is_plain: bool = False) -> None:
        self._is_plain = is_plain
        self._decimals: Context = create_decimal128_context()
        self._decimals.traps[Inexact] = True
        self._by_type: dict[type, Callable[[Any, str, int], Any]] = {
            dict: self._mapping,
            list: self._sequence,
            tuple: self._sequence,
            set: self._set,
            frozenset: self._set,
            int: _int,
            Decimal: self._decimal,
            datetime.datetime: lambda value, _path, _depth: value,
            datetime.date: _date,
            datetime.time: lambda value, _path, _depth: value.isoformat(),
            datetime.timedelta: lambda value, _path, _depth: value.total_seconds(),
            uuid.UUID: lambda value, _path, _depth: bson.Binary.from_uuid(value),
            bytearray: lambda value, _path, _depth: bytes(value),
            memoryview: lambda value, _path, _depth: bytes(value),
        }

    def fields(self, item: Any) -> dict[str, Any]:
        """Return an item's fields with values that BSON has.

        Raises:
            Refused: a part of it is of another kind.
        """
        fields: dict[str, Any] = {}
        for name, value in ItemAdapter(item).items():
            if not isinstance(name, str) or not name or name.startswith("$") or "." in name or "\0" in name:
                msg = f"the field name {name!r} is none in MongoDB: no '.', no '$' in front, not empty; rename it"
                raise Refused(msg)
            fields[name] = self._value(value, name, 1)
        return fields

    def encode(self, fields: Mapping[str, Any]) -> bytes:
        """Return the fields as BSON.

        Raises:
            Refused: a text is not valid Unicode, a key is no text, or the whole is too large for a document.
        """
        try:
            data = bson.encode(fields)
        except (BSONError, OverflowError, UnicodeError, ValueError, TypeError) as error:
            raise Refused(_culprit(fields, error)) from error
        if len(data) > DOCUMENT_BYTES_MAX - _RESERVE_BYTES:
            largest = max(fields, key=lambda name: len(bson.encode({name: fields[name]})))
            msg = f"too large: {len(data):,} bytes where a document has {DOCUMENT_BYTES_MAX:,} (most in {largest!r})"
            raise Refused(msg)
        return data

    def _value(self, value: Any, path: str, depth: int) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            if kind is float and self._is_plain and not math.isfinite(value):
                msg = f"{path} is {value!r}, which the embedded server cannot hold"
                raise Refused(msg)
            return value
        if depth > _DEPTH_MAX:
            msg = f"{path.partition('.')[0]} is nested more than {_DEPTH_MAX} deep"
            raise Refused(msg)
        convert = self._by_type.get(kind)
        if convert is not None:
            return convert(value, path, depth)
        return self._seldom(value, path, depth)

    def _seldom(self, value: Any, path: str, depth: int) -> Any:
        """Convert what is none of the exact types: nested items, subclasses, BSON's own types."""
        if isinstance(value, enum.Enum):
            return self._value(value.value, path, depth + 1)
        if type(value).__module__.startswith("bson."):
            return str(value) if self._is_plain and isinstance(value, Decimal128) else value
        if ItemAdapter.is_item(value):
            return self._mapping(ItemAdapter(value), path, depth)
        for base, convert in self._by_type.items():
            if isinstance(value, base):
                return convert(value, path, depth)
        plain = next((base for base in (str, float, bytes) if isinstance(value, base)), None)
        if plain is not None:
            return self._value(cast("Any", plain)(value), path, depth)
        if isinstance(value, Mapping):
            return self._mapping(value, path, depth)
        msg = f"{path} is of the type {type(value).__name__}, which MongoDB cannot hold"
        raise Refused(msg)

    def _mapping(self, value: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
        found = {}
        for key, part in value.items():
            if not isinstance(key, str):
                msg = f"{path} has the key {key!r}; keys in MongoDB are texts"
                raise Refused(msg)
            found[key] = self._value(part, f"{path}.{key}", depth + 1)
        return found

    def _sequence(self, value: Any, path: str, depth: int) -> list[Any]:
        return [self._value(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(value)]

    def _set(self, value: Any, path: str, depth: int) -> list[Any]:
        # The order of a set differs from run to run; what is stored should not.
        try:
            parts = sorted(value)
        except TypeError:
            parts = sorted(value, key=repr)
        return self._sequence(parts, path, depth)

    def _decimal(self, value: Decimal, path: str, _depth: int) -> Any:
        if self._is_plain:
            return str(value)
        try:
            return Decimal128(self._decimals.create_decimal(value))
        except (Inexact, InvalidOperation, ValueError):
            msg = f"{path} is a Decimal of more than 34 digits"
            raise Refused(msg) from None


def _int(value: int, path: str, _depth: int) -> int:
    if value not in _INT64:
        msg = f"{path} is a number of more than 64 bits; store it as a text"
        raise Refused(msg)
    return int(value)


def _date(value: datetime.date, _path: str, _depth: int) -> datetime.datetime:
    return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)


def _culprit(fields: Mapping[str, Any], error: Exception) -> str:
    """Name the field that cannot be encoded."""
    for name, value in fields.items():
        try:
            bson.encode({name: value})
        except (BSONError, OverflowError, UnicodeError, ValueError, TypeError) as own:
            return f"{name} cannot be stored: {own}"
    return f"cannot be stored: {error}"
