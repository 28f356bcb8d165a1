"""Values as bytes: msgpack, with extensions for the types that it does not know.

Place in the flow: the frontier's rows, the spider's state and the cookies of a job pass here. The bytes are data with
a schema: reading them back can build values and items, and call nothing else.

None, bool, float, bytes, most int and str, list, and dict with str keys are msgpack's own; everything else is an
extension (msgpack specification, "Extension types") whose content is msgpack again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from types import NoneType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.msgpack import Decoder, Encoder, Ext

from framework.exceptions import StoredError, UnstorableError
from framework.http.stored.classes import find_item_shape, shape_of
from framework.http.stored.values import LEVELS_MAX, check_zone, refusal

encode: Final = Encoder().encode

_NATIVE = frozenset((NoneType, bool, float, bytes))
_INT_MIN, _INT_MAX = -(1 << 63), (1 << 64) - 1

# The numbers of the extensions are part of the stored form: never give one another meaning.
_TUPLE, _SET, _FROZENSET, _PAIRS, _OBJECT, _BIG_INT, _TEXT, _DECIMAL, _UUID = range(9)
_DATETIME, _DATE, _TIME, _TIMEDELTA = range(16, 20)


def dump_value(value: Any, name: str = "the value") -> bytes:
    """Return a value as bytes; :func:`load_value` gives an equal one, of the same types.

    Args:
        value: data: None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, date, datetime, time,
            timedelta, Decimal, UUID and objects of item classes, nested as you like.
        name: how messages call it.

    Raises:
        UnstorableError: there is something else in it; the message says where and what.
    """
    try:
        return encode(packed(value))
    except UnstorableError:
        raise UnstorableError(
            f"{refusal(value, name)}, which cannot be stored: keep data in its place (str, numbers, dates, lists, "
            "dicts, items), and make the live object of it again where it is needed"
        ) from None


def load_value(data: bytes, packages: tuple[str, ...] = ()) -> Any:
    """Return the value that :func:`dump_value` made bytes of.

    Args:
        data: the bytes.
        packages: top-level packages whose modules may be imported to find item classes. Others are only found where
            they are imported already.

    Raises:
        StoredError: the bytes are damaged, or a class that they name is not there.
    """
    return ValueReader(packages).read(data)


def packed(value: Any, levels: int = LEVELS_MAX) -> Any:
    """Return a value in terms of what msgpack can write.

    Raises:
        UnstorableError: it cannot be stored (without the place: see :func:`framework.http.stored.values.refusal`).
    """
    kind = type(value)
    if kind in _NATIVE:
        return value
    pack = _SCALARS.get(kind)
    if pack is not None:
        return pack(value)
    if levels <= 0:
        raise UnstorableError("nested too deeply")
    levels -= 1
    if kind is dict:
        return _mapping(value, levels)
    if kind is list:
        return [packed(one, levels) for one in value]
    code = _COLLECTIONS.get(kind)
    if code is not None:
        return Ext(code, encode([packed(one, levels) for one in value]))
    shape = shape_of(kind)
    if shape.value_problem:
        raise UnstorableError(shape.value_problem)
    return Ext(_OBJECT, encode([shape.path, _mapping(shape.state(value), levels)]))


def _mapping(value: dict[Any, Any], levels: int) -> Any:
    form = {}
    for key, one in value.items():
        if type(key) is not str or not (key.isascii() or type(_text(key)) is str):
            return Ext(_PAIRS, encode([packed(part, levels) for pair in value.items() for part in pair]))
        kind = type(one)
        is_plain = kind in _NATIVE or (kind is str and one.isascii()) or (kind is int and _INT_MIN <= one <= _INT_MAX)
        form[key] = one if is_plain else packed(one, levels)
    return form


def _int(value: int) -> Any:
    if _INT_MIN <= value <= _INT_MAX:
        return value
    return Ext(_BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _text(value: str) -> Any:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return Ext(_TEXT, value.encode("utf-8", "surrogatepass"))
    return value


def _datetime(value: datetime) -> Any:
    day = (value.year, value.month, value.day)
    return Ext(_DATETIME, encode([*day, *_clock(value)]))


def _time(value: time) -> Any:
    return Ext(_TIME, encode(_clock(value)))


def _clock(value: datetime | time) -> list[Any]:
    return [value.hour, value.minute, value.second, value.microsecond, value.fold, _zone(value.tzinfo)]


def _zone(zone: tzinfo | None) -> Any:
    """Return a time zone as the name of a region, as ``[days, seconds, microseconds, own name or None]``, or None."""
    check_zone(zone)
    if isinstance(zone, ZoneInfo):
        return zone.key
    if zone is None:
        return None
    offset = zone.utcoffset(None) or timedelta()
    name = zone.tzname(None)
    # timezone gives a name of its own making where it was built without one.
    return [*_parts(offset), None if name == timezone(offset).tzname(None) else name]


def _parts(value: timedelta) -> tuple[int, int, int]:
    return value.days, value.seconds, value.microseconds


_SCALARS: Final[dict[type, Callable[[Any], Any]]] = {
    str: _text,
    int: _int,
    datetime: _datetime,
    date: lambda value: Ext(_DATE, encode([value.year, value.month, value.day])),
    time: _time,
    timedelta: lambda value: Ext(_TIMEDELTA, encode(_parts(value))),
    Decimal: lambda value: Ext(_DECIMAL, str(value).encode()),
    UUID: lambda value: Ext(_UUID, value.bytes),
}
_COLLECTIONS: Final[dict[type, int]] = {tuple: _TUPLE, set: _SET, frozenset: _FROZENSET}


class ValueReader:
    """Reads values back.

    Args:
        packages: top-level packages whose modules may be imported to find item classes.
    """

    __slots__ = ("_decode", "_packages")

    def __init__(self, packages: tuple[str, ...] = ()) -> None:
        self._packages = packages
        self._decode = Decoder(ext_hook=self.extension).decode

    def read(self, data: bytes | memoryview) -> Any:
        """Return the value of these bytes.

        Raises:
            StoredError: the bytes are damaged, or a class that they name is not there.
        """
        try:
            return self._decode(data)
        except StoredError:
            raise
        except Exception as error:  # damaged bytes may say anything: an hour of 99, a set of lists
            raise StoredError(
                f"Stored data is damaged ({type(error).__name__}: {error}): start a new job, or restore the job's files"
            ) from error

    def extension(self, code: int, data: memoryview) -> Any:
        """Return the value of an extension, as the hook of a msgpack decoder.

        Raises:
            StoredError: a class is not there, or the extension is of a later version.
        """
        if code == _OBJECT:
            path, state = self._decode(data)
            return find_item_shape(path, self._packages).build(state)
        raw = _RAW.get(code)
        if raw is not None:
            return raw(bytes(data))
        build = _BUILD.get(code)
        if build is None:
            raise StoredError(
                f"Stored data holds a value of an unknown kind ({code}): it is damaged, or a newer version of "
                "fwk wrote it; use that version or start a new job"
            )
        return build(self._decode(data))


def _read_datetime(parts: list[Any]) -> datetime:
    year, month, day, *clock = parts
    return datetime.combine(date(year, month, day), _read_time(clock))


def _read_time(parts: list[Any]) -> time:
    hour, minute, second, microsecond, fold, zone = parts
    return time(hour, minute, second, microsecond, _read_zone(zone), fold=fold)


def _read_zone(zone: Any) -> tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        return ZoneInfo(zone)
    *offset, name = zone
    return timezone(timedelta(*offset)) if name is None else timezone(timedelta(*offset), name)


def _read_pairs(parts: list[Any]) -> dict[Any, Any]:
    return dict(zip(parts[::2], parts[1::2], strict=True))


_RAW: Final[dict[int, Callable[[bytes], Any]]] = {
    _BIG_INT: lambda data: int.from_bytes(data, "big", signed=True),
    _TEXT: lambda data: data.decode("utf-8", "surrogatepass"),
    _DECIMAL: lambda data: Decimal(data.decode()),
    _UUID: lambda data: UUID(bytes=data),
}
_BUILD: Final[dict[int, Callable[[list[Any]], Any]]] = {
    _TUPLE: tuple,
    _SET: set,
    _FROZENSET: frozenset,
    _PAIRS: _read_pairs,
    _DATETIME: _read_datetime,
    _DATE: lambda parts: date(*parts),
    _TIME: _read_time,
    _TIMEDELTA: lambda parts: timedelta(*parts),
}
