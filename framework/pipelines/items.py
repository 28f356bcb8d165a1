"""Telling an item from anything else, quickly.

Place in the flow: asked for everything that a callback yields and every pipeline returns.
"""

from __future__ import annotations

from typing import Any

from itemadapter import ItemAdapter

# Whether an object is an item depends on its class alone, so each class is looked at once. Only what is an item is
# kept: classes that a user registers with itemadapter later must still be found. Classes made at run time (one for
# each page) would pile up, so the set has a limit; beyond it the answer is the same, only slower.
_KNOWN: set[type] = {dict}
_KNOWN_MAX = 1000


def is_item(obj: object) -> bool:
    """Say whether ``obj`` is an item: a dict, ``Item``, dataclass, attrs or Pydantic object, or a registered kind."""
    kind = type(obj)
    if kind in _KNOWN:
        return True
    if isinstance(obj, type) or not ItemAdapter.is_item(obj):
        return False
    if len(_KNOWN) < _KNOWN_MAX:
        _KNOWN.add(kind)
    return True


def describe(obj: Any) -> str:
    """Return a short text for an object that is in the wrong place, for error messages."""
    if obj is None:
        return "None"
    text = repr(obj)
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"{type(obj).__name__} {shown}"
