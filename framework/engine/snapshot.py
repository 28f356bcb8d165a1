"""An item as it is at its yield, whatever the callback does to it afterwards.

Place in the flow: a visit's items wait for the end of its callback, so each is copied when it is taken: a callback may
change one object and yield it again and again. Copied are the item and the dicts, lists, tuples, sets and items in it,
at any depth; any other object, and what refuses to be copied, stays the very same. On the per-page path: below 1 us for
a flat dict, 1.5 to 3 us for an object (a page takes 200 and more).
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from types import MemberDescriptorType
from typing import Any

from itemadapter import ItemAdapter

from framework.http.stored.classes import is_item_class
from framework.http.stored.values import IMMUTABLE, LEVELS_MAX


def snapshot(item: Any) -> Any:
    """Return a copy of an item; itself where it holds itself, or is nested too deeply for any output."""
    try:
        return _copied(item, LEVELS_MAX)
    except RecursionError:
        return item


def _copied(value: Any, levels: int) -> Any:
    kind: type = type(value)
    if kind in IMMUTABLE:
        return value
    if levels <= 0:
        raise RecursionError
    levels -= 1
    if kind is dict:
        return {key: one if type(one) in IMMUTABLE else _copied(one, levels) for key, one in value.items()}
    if kind is list or kind is tuple:
        return kind([one if type(one) in IMMUTABLE else _copied(one, levels) for one in value])
    if kind is set:
        return value.copy()
    way = _way_of(kind)
    if way is None:
        return value
    try:
        return way(value, levels)
    except RecursionError:
        raise
    except Exception:  # code of the class may raise anything
        return value


@lru_cache(maxsize=256)
def _way_of(kind: type) -> Callable[[Any, int], Any] | None:
    """Return how objects of a class are copied; ``None`` for those that are not."""
    if issubclass(kind, (dict, list, deque)):
        return _container
    if issubclass(kind, (set, bytearray)):
        return _flat
    if is_item_class(kind):
        return _item_way(kind)
    return _flat if ItemAdapter.is_item_class(kind) else None


def _container(value: Any, levels: int) -> Any:
    copied = copy.copy(value)
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        inner = one if type(one) in IMMUTABLE else _copied(one, levels)
        if inner is not one:
            copied[key] = inner
    return copied


def _item_way(kind: type) -> Callable[[Any, int], Any]:
    """Return how items of a class are copied: nothing of the class is called, neither ``__init__`` nor a validator."""
    slots = [
        member for cls in kind.__mro__ for member in vars(cls).values() if isinstance(member, MemberDescriptorType)
    ]

    def copied_item(value: Any, levels: int) -> Any:
        made: Any = object.__new__(kind)
        for slot in slots:
            try:
                slot.__set__(made, _copied(slot.__get__(value), levels))
            except AttributeError:  # never set
                continue
        named = getattr(value, "__dict__", None)
        if named:
            made.__dict__.update(
                {name: one if type(one) in IMMUTABLE else _copied(one, levels) for name, one in named.items()}
            )
        return made

    return copied_item


def _flat(value: Any, levels: int) -> Any:
    return copy.copy(value)
