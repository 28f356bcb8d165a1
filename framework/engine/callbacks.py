"""Calling a spider's callback, whatever its kind, and bringing what it returns into one form.

Place in the flow: step 5 of a request's life. A callback may be a plain function, a generator, a coroutine function or
an asynchronous generator; it may return ``None``, one request or item, or any iterable of them.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from framework.exceptions import InvalidOutput
from framework.http import Request
from framework.pipelines.items import is_item

from .spiderchain import Output


def place_of(function: Callable[..., Any]) -> str:
    """Return a callback's name, file and line, for messages: ``parse (spiders/books.py:12)``."""
    function = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def as_output(result: Any, callback: Callable[..., Any]) -> Output:
    """Bring what a callback returned (awaited already) into an iterable of requests and items.

    Raises:
        InvalidOutput: it is nothing that a spider may return.
    """
    if result is None:
        return ()
    if isinstance(result, Request) or is_item(result):
        return (result,)
    if isinstance(result, AsyncIterable):
        return result
    if isinstance(result, Iterable) and not isinstance(result, (str, bytes)):
        return result
    msg = invalid_element(result, callback)
    raise InvalidOutput(msg)


def invalid_element(element: Any, callback: Callable[..., Any]) -> str:
    """Say that a callback gave something that is neither a request nor an item."""
    return (
        f"{place_of(callback)} gave {type(element).__name__} {str(element)[:80]!r}; "
        "a spider yields requests, items (dict, Item, dataclass, attrs, Pydantic) or None"
    )
