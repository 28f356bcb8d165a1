"""Which values can be stored, copies of them, and what is said of those that cannot.

Place in the flow: at the yield of a request its ``meta``, ``cb_kwargs``, ``cookies`` and ``flags`` pass here. Exact
types only: an object of a subclass of ``dict`` or ``str`` would come back as something else. Sources of the list:
the section "What cannot be stored" of the architecture page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from types import FunctionType, MethodType, NoneType
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from framework.exceptions import UnstorableError
from framework.http.stored.classes import NO_ITEM, shape_of

LEVELS_MAX: Final = 100
"""How deep values may be nested: far below the depth at which reading them back would exhaust Python's stack."""

IMMUTABLE: Final = frozenset((NoneType, bool, int, float, str, bytes, date, timedelta, Decimal, UUID))
"""Types whose objects are storable and need no copy."""

_SEQUENCES = frozenset((list, tuple, set, frozenset))


def copied(value: Any, levels: int = LEVELS_MAX) -> Any:
    """Return what storing a value and reading it back would give: an equal value of the same types, all its own.

    Raises:
        UnstorableError: it cannot be stored (without the place: see :func:`refusal`).
    """
    kind = type(value)
    if kind in IMMUTABLE:
        return value
    if levels <= 0:
        raise UnstorableError("nested too deeply")
    levels -= 1
    if kind is dict:
        return {
            key if type(key) in IMMUTABLE else copied(key, levels): one
            if type(one) in IMMUTABLE
            else copied(one, levels)
            for key, one in value.items()
        }
    if kind in _SEQUENCES:
        return kind([one if type(one) in IMMUTABLE else copied(one, levels) for one in value])
    if kind is datetime or kind is time:
        check_zone(value.tzinfo)
        return value
    shape = shape_of(kind)
    if shape.value_problem:
        raise UnstorableError(shape.value_problem)
    return shape.build({name: copied(one, levels) for name, one in shape.state(value).items()})


def check_zone(zone: tzinfo | None) -> None:
    """Refuse a time zone that cannot be stored.

    Raises:
        UnstorableError: it is neither a ``datetime.timezone`` nor a ``ZoneInfo`` with a name.
    """
    kind = type(zone)
    if zone is None or kind is timezone or (kind is ZoneInfo and zone.key is not None):  # type: ignore[attr-defined]
        return
    raise UnstorableError("of an unknown time zone")


def refusal(value: Any, place: str, levels: int = LEVELS_MAX) -> str | None:
    """Say where in a value something stands that cannot be stored, and what it is.

    Args:
        value: the value.
        place: how it is called: ``meta``.

    Returns:
        ``meta['book']['session'] is a ClientSession``, or ``None`` when all of it can be stored.
    """
    kind = type(value)
    if kind in IMMUTABLE:
        return None
    if levels <= 0:
        return f"{_shortened(place)} is nested deeper than {LEVELS_MAX} levels"
    if kind is datetime or kind is time:
        return _own_refusal(lambda: check_zone(value.tzinfo), f"{place} is a {kind.__name__}")
    if kind is dict or kind in _SEQUENCES:
        inner = _inside(value, place)
    else:
        shape = shape_of(kind)
        if shape.value_problem:
            return f"{place} is {described(value, shape.value_problem)}"
        inner = ((one, f"{place}.{name}") for name, one in shape.state(value).items())
    return next((said for one, where in inner if (said := refusal(one, where, levels - 1))), None)


def _inside(value: Any, place: str) -> Iterator[tuple[Any, str]]:
    if type(value) is dict:
        for key, one in value.items():
            yield key, f"the key {key!r} of {place}"
            yield one, f"{place}[{key!r}]"
    elif type(value) in (list, tuple):
        yield from ((one, f"{place}[{index}]") for index, one in enumerate(value))
    else:
        yield from ((one, f"an element of {place}") for one in value)


def _own_refusal(check: Callable[[], None], what: str) -> str | None:
    try:
        check()
    except UnstorableError as error:
        return f"{what} {error}"
    return None


def described(value: object, problem: str = "") -> str:
    """Name what cannot be stored: ``a ClientSession``, ``a lambda (spiders/books.py:12)``."""
    function = value.__func__ if isinstance(value, MethodType) else value
    if isinstance(function, FunctionType):
        what = "a lambda" if function.__name__ == "<lambda>" else f"the function {function.__qualname__}"
        return f"{what} ({_shown(function.__code__.co_filename)}:{function.__code__.co_firstlineno})"
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    name = type(value).__qualname__
    article = "an" if re.match("[AEIOUaeiou]", name) else "a"
    because = "" if problem in ("", NO_ITEM) else f", {problem}"
    return f"{article} {name}{because}"


def _shown(file: str) -> str:
    """Return the path of a source file as a message shows it: from the working folder when it lies below."""
    try:
        below = os.path.relpath(file)
    except (OSError, ValueError):  # the working folder is gone; another drive
        return file
    return file if below.startswith(os.pardir) else below


def _shortened(place: str) -> str:
    return place if len(place) <= _PLACE_MAX else f"{place[:_PLACE_MAX]}..."


_PLACE_MAX = 60
