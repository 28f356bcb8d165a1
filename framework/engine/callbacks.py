"""Calling a spider's callback, whatever its kind, and bringing what it returns into one form.

Place in the flow: step 5 of a request's life. A callback may be a plain function, a generator, a coroutine function or
an asynchronous generator; it may return ``None``, one request or item, or any iterable of them.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from framework.exceptions import CrawlError, InvalidOutput, StoreError
from framework.http import Request
from framework.pipelines.items import describe, is_item
from framework.settings.loading import shown_path
from framework.usercode import user_traceback

from .spiderchain import Output

logger = logging.getLogger(__name__)

_HOOK_ARGUMENTS = {
    "process_request": "self, request",
    "process_response": "self, request, response",
    "process_exception": "self, request, exception",
    "process_item": "self, item",
}
_HOOK = re.compile(rf"\b({'|'.join(_HOOK_ARGUMENTS)})\(\)")


def place_of(function: Callable[..., Any]) -> str:
    """Return a callback's name, file and line, for messages: ``BooksSpider.parse (spiders/books.py:12)``.

    A method that a spider inherits from the framework is named after the spider: ``BooksSpider.start``.
    """
    owner = getattr(function, "__self__", None)
    function = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    if code is None:
        return name
    if owner is not None and str(function.__module__).startswith("framework."):
        return f"{type(owner).__name__}.{function.__name__}"
    return f"{name} ({shown_path(code.co_filename)}:{code.co_firstlineno})"


def place_of_yield(output: Any, callback: Callable[..., Any]) -> str:
    """Return file and line where a callback's generator stands now; of other callbacks, their own place."""
    frame = getattr(output, "gi_frame", None) or getattr(output, "ag_frame", None)
    if frame is None:
        return place_of(callback)
    return f"{place_of(callback).partition(' ')[0]} ({shown_path(frame.f_code.co_filename)}:{frame.f_lineno})"


def tell(what: str, error: BaseException) -> None:
    """Log an exception of the user's code.

    Where the framework itself says what is wrong, that is one line. Else the traceback is shown, without the frames
    that lead to the user's code.
    """
    if isinstance(error, CrawlError):
        logger.error("%s: %s", what, error)
        return
    trace = user_traceback(error)
    if trace is None and isinstance(error, TypeError) and "argument" in str(error):
        # Nothing of the user's has run: the call itself does not fit.
        logger.error("%s: %s; %s", what, error, _takes(str(error)))
        return
    logger.error("%s", what, exc_info=(type(error), error, trace or error.__traceback__))


def _takes(call: str) -> str:
    """Say what the function of a call that did not fit should take."""
    hook = _HOOK.search(call)
    if hook is None:
        return "a callback takes the response (an errback the failure) and an argument for each of cb_kwargs"
    return f"it should be def {hook[1]}({_HOOK_ARGUMENTS[hook[1]]})"


def ends_the_crawl(error: BaseException) -> bool:
    """Tell an exception that is meant for the whole crawl from one of the user's code, which ends its visit.

    ``CancelledError`` may be either: code that awaits a task of its own, which somebody cancelled, raises it too.
    Without the job's files (``StoreError``) nothing more can be kept: no visit is to go on, or to end.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit, StoreError))


async def close_output(*outputs: Any) -> None:
    """End asynchronous generators that may have been left in the middle, so that none is left to the collector."""
    for output in outputs:
        aclose = getattr(output, "aclose", None)
        if aclose is not None:
            await aclose()


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
    advice = "; to follow a link, yield response.follow(it)" if isinstance(element, str) else ""
    return (
        f"{place_of(callback)} gave {describe(element)}; "
        f"a spider yields requests, items (dict, Item, dataclass, attrs, Pydantic) or None{advice}"
    )
