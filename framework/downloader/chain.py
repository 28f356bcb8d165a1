"""The chain of downloader middlewares, compiled once into flat tuples of bound hooks.

Place in the flow: ``downloader.py`` sends each request through ``on_request``, each response through ``on_response``
and each failure through ``on_exception``. A hook that no middleware defines costs nothing; a plain function is never
awaited.

Names, order and meaning of the hooks are those of Scrapy's "Downloader Middleware" page.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from framework.components import accepts
from framework.exceptions import InvalidOutput
from framework.http import Request, Response

_Hook = Callable[..., Any]


class MiddlewareChain:
    """The middlewares of one crawl.

    Args:
        middlewares: in the order of their numbers: the first is nearest to the engine.
        spider: given to hooks that take an argument of this name.
    """

    __slots__ = ("_exception_hooks", "_request_hooks", "_response_hooks")

    def __init__(self, middlewares: Sequence[object], spider: Any) -> None:
        self._request_hooks = _compiled(middlewares, "process_request", spider)
        self._response_hooks = _compiled(middlewares[::-1], "process_response", spider)
        self._exception_hooks = _compiled(middlewares[::-1], "process_exception", spider)

    async def on_request(self, request: Request) -> Response | Request | None:
        """Send a request through, towards the network.

        Returns:
            ``None`` when it is to be fetched; else a hook's answer: a response in the network's place, or a request
            in this one's.

        Raises:
            InvalidOutput: a hook returned something else.
            Exception: whatever a hook raises, ``IgnoreRequest`` above all.
        """
        for hook in self._request_hooks:
            result = hook(request)
            if result is None:
                continue
            if not isinstance(result, (Response, Request)):
                if not inspect.isawaitable(result):
                    _refuse(hook, result, "None, a Response or a Request")
                result = await result
                if result is None:
                    continue
                if not isinstance(result, (Response, Request)):
                    _refuse(hook, result, "None, a Response or a Request")
            return result
        return None

    async def on_response(self, request: Request, response: Response) -> Response | Request:
        """Send a response through, towards the spider; the first request that a hook returns ends it.

        Raises:
            InvalidOutput: a hook returned something else.
            Exception: whatever a hook raises.
        """
        for hook in self._response_hooks:
            result = hook(request, response)
            if result is response:
                continue
            if not isinstance(result, (Response, Request)):
                if not inspect.isawaitable(result):
                    _refuse(hook, result, "a Response or a Request")
                result = await result
            if isinstance(result, Response):
                response = result
            elif isinstance(result, Request):
                return result
            else:
                _refuse(hook, result, "a Response or a Request")
        return response

    async def on_exception(self, request: Request, exception: Exception) -> Response | Request | None:
        """Send a failure through until a hook turns it into something else.

        Returns:
            ``None`` when every hook passed it on.

        Raises:
            InvalidOutput: a hook returned something else.
            Exception: whatever a hook raises.
        """
        for hook in self._exception_hooks:
            result = hook(request, exception)
            if result is not None and not isinstance(result, (Response, Request)) and inspect.isawaitable(result):
                result = await result
            if result is None:
                continue
            if not isinstance(result, (Response, Request)):
                _refuse(hook, result, "None, a Response or a Request")
            return result
        return None

    def __repr__(self) -> str:
        return (
            f"<MiddlewareChain {len(self._request_hooks)} request, {len(self._response_hooks)} response, "
            f"{len(self._exception_hooks)} exception hooks>"
        )


def _compiled(middlewares: Sequence[object], name: str, spider: Any) -> tuple[_Hook, ...]:
    hooks: list[_Hook] = []
    for middleware in middlewares:
        hook = getattr(middleware, name, None)
        if hook is None:
            continue
        hooks.append(partial(hook, spider=spider) if accepts(hook, "spider") else hook)
    return tuple(hooks)


def _refuse(hook: _Hook, result: object, expected: str) -> NoReturn:
    function = hook.func if isinstance(hook, partial) else hook
    owner = type(getattr(function, "__self__", function))
    name = getattr(function, "__name__", repr(function))
    raise InvalidOutput(
        f"{owner.__module__}.{owner.__qualname__}.{name} returned {type(result).__name__} ({result!r:.80}); "
        f"it must return {expected}"
    )
