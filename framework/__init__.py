"""fwk: a Scrapy-style crawling framework on asyncio.

What a spider needs is exported here, as in ``scrapy``; everything is loaded when it is first touched, so that
``import framework`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from framework.version import __version__

if TYPE_CHECKING:
    from framework.http import FormRequest, JsonRequest, Request
    from framework.item import Field, Item
    from framework.selector import Selector
    from framework.spiders import Spider

__all__ = [
    "Field",
    "FormRequest",
    "Item",
    "JsonRequest",
    "Request",
    "Selector",
    "Spider",
    "__version__",
    "version_info",
]

version_info = tuple(int(part) for part in __version__.split("."))

_HOMES = {
    "Field": "framework.item",
    "FormRequest": "framework.http",
    "Item": "framework.item",
    "JsonRequest": "framework.http",
    "Request": "framework.http",
    "Selector": "framework.selector",
    "Spider": "framework.spiders",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'framework' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
