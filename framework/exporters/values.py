"""From what a field may hold to what JSON can hold, with an error that names the field.

Place in the flow: the JSON exporters try orjson first, with ``simpler`` as its helper for foreign types. Only when
that fails ``json_types`` walks the item in Python: it knows more (integers over 64 bits, lone surrogates, keys that
are not text) and finds the field to blame.

How values are written: date and time as ISO 8601, Decimal and UUID as text, bytes as UTF-8 text, sets as sorted
lists (so that two runs write the same), enums as their value, nested items as objects, NaN and infinity as null.
"""

from __future__ import annotations

import datetime
import enum
import json
import math
import os
import uuid
from collections import deque
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

from itemadapter import ItemAdapter

from framework.exceptions import ExportError
from framework.fastjson import orjson

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SERIALIZE_NUMPY
_OWN_JSON_TYPES = (str, int, float, type(None))


class UnwritableValueError(TypeError):
    """A value that JSON cannot hold; ``json_types`` turns it into an ``ExportError`` with the field's name."""


def simpler(value: Any) -> Any:
    """Return ``value`` one step nearer to JSON.

    Raises:
        UnwritableValueError: there is no faithful way to write it.
    """
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (Set, deque)):
        return _in_order(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    if ItemAdapter.is_item(value):
        return dict(ItemAdapter(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return _simpler_foreign(value)


def _simpler_foreign(value: Any) -> Any:
    if isinstance(value, type):
        msg = "is a class; put an object of it into the item"
        raise UnwritableValueError(msg)
    if type(value).__name__.lower().endswith("url"):  # yarl's URL, Pydantic's HttpUrl, ...
        return str(value)
    if hasattr(value, "tolist"):  # numpy and pandas
        return value.tolist()
    if hasattr(value, "getall"):
        msg = "is a selector, not its text; add .get() or .getall() in the spider"
        raise UnwritableValueError(msg)
    if hasattr(value, "__await__"):
        msg = "was not awaited; add 'await' in the spider"
        raise UnwritableValueError(msg)
    msg = "cannot be written; convert it in the spider or a pipeline, or give the field a 'serializer'"
    raise UnwritableValueError(msg)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        msg = "holds bytes that are not UTF-8 text; write them as base64 (base64.b64encode(value).decode())"
        raise UnwritableValueError(msg) from None


def _in_order(value: Set[Any] | deque[Any]) -> list[Any]:
    if isinstance(value, deque):
        return list(value)
    try:
        return sorted(value)
    except TypeError:
        return list(value)


def json_types(value: Any, where: str, what: str) -> Any:
    """Return ``value`` built of dict with text keys, list, str, int, float, bool and None only.

    Args:
        value: anything.
        where: the path of the field so far, for the message.
        what: the name of the item's class, for the message.

    Raises:
        ExportError: a value has no place in JSON; the message names its field, its type and the remedy.
    """
    try:
        return _walk(value, where, what)
    except RecursionError:
        msg = f"{what} is nested too deeply, or contains itself; cut the loop in the spider or a pipeline"
        raise ExportError(msg) from None


def _walk(value: Any, where: str, what: str) -> Any:
    if isinstance(value, enum.Enum):
        return _walk(value.value, where, what)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, _OWN_JSON_TYPES):
        return value
    if isinstance(value, dict):
        return {_key(key, where, what): _walk(held, _join(where, key), what) for key, held in value.items()}
    if isinstance(value, list):
        return [_walk(held, f"{where}[{i}]", what) for i, held in enumerate(value)]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    try:
        nearer = simpler(value)
    except UnwritableValueError as error:
        field = f"field {where!r} of {what}" if where else what
        msg = f"{field}: the {type(value).__name__} {_short(value)} {error}"
        raise ExportError(msg) from None
    return _walk(nearer, where, what)


def _join(where: str, key: Any) -> str:
    return f"{where}.{key}" if where else str(key)


def _key(key: Any, where: str, what: str) -> str:
    if isinstance(key, str):
        return key
    plain = _walk(key, where, what)
    if isinstance(plain, (dict, list)):
        place = f"field {where!r} of {what}" if where else what
        msg = f"{place}: the key {_short(key)} is a {type(key).__name__}, and keys must be text; use str(key)"
        raise ExportError(msg)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def json_bytes(value: Any, *, options: int = 0, what: str = "item", where: str = "") -> bytes:
    """Return ``value`` as JSON in UTF-8.

    Args:
        value: anything, most often a dict of fields.
        options: orjson's option bits beside our own.
        what: the name of the item's class, for the message.
        where: the name of the field, for the message.

    Raises:
        ExportError: a value has no place in JSON.
    """
    try:
        return orjson.dumps(value, simpler, _OPTIONS | options)
    except TypeError:
        plain = json_types(value, where, what)
    indent = 2 if options & orjson.OPT_INDENT_2 else None
    end = b"\n" if options & orjson.OPT_APPEND_NEWLINE else b""
    return json_text(plain, indent=indent).encode() + end


def json_text(plain: Any, **options: Any) -> str:
    """Return JSON by the standard library's encoder, compact unless told otherwise.

    Lone surrogates, which no Unicode encoding can hold, are written as JSON's own escapes.
    """
    if not options.get("indent"):
        options.setdefault("separators", (",", ":"))
    text = json.dumps(plain, **{"ensure_ascii": False, **options})
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(plain, **{**options, "ensure_ascii": True})
    return text
