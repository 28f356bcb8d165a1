"""The chain of item pipelines, compiled once into a flat list of calls.

Place in the flow: ``crawler.py`` builds the pipelines and this chain; the engine asks ``is_sync`` once and then calls
``process_sync`` or awaits ``process`` for each item. A chain of plain functions costs one call a pipeline and never
touches the event loop.

Invariant: a pipeline whose ``open_spider`` succeeded gets its ``close_spider`` called, whatever else fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import CoroutineType
from typing import Any, cast

from framework.exceptions import InvalidOutput, PluginError
from framework.protocols import Sink

from .items import describe, is_item

Call = Callable[[Any], Any]


class PipelineChain:
    """The pipelines of one crawl, in order.

    Args:
        pipelines: built pipelines, in the order in which an item passes them.
        spider: handed to the methods that take it.

    Attributes:
        pipelines: the same pipelines.
        sinks: those of them that are sinks too (they have the methods of ``framework.protocols.Sink``).
        is_sync: every ``process_item`` is a plain function, so ``process_sync`` may be used.
        is_empty: no pipeline has a ``process_item``; items pass as they are.

    Raises:
        PluginError: a pipeline has none of the methods, or yields where it must return.
    """

    __slots__ = ("_calls", "_opened", "_owners", "_spider", "is_empty", "is_sync", "pipelines", "sinks")

    def __init__(self, pipelines: Sequence[object], spider: object) -> None:
        self.pipelines: tuple[object, ...] = tuple(pipelines)
        self._spider = spider
        self._opened: list[object] = []
        self.sinks: tuple[Sink, ...] = tuple(p for p in self.pipelines if isinstance(p, Sink))
        for pipeline in self.pipelines:
            _check(pipeline)
        self._owners = tuple(p for p in self.pipelines if hasattr(p, "process_item"))
        hooks = [cast("Any", owner).process_item for owner in self._owners]
        self._calls: tuple[Call, ...] = tuple(_with_item_only(hook, spider) for hook in hooks)
        self.is_sync: bool = not any(_is_coroutine_function(hook) for hook in hooks)
        self.is_empty: bool = not self._calls

    def __repr__(self) -> str:
        names = ", ".join(type(p).__name__ for p in self.pipelines)
        return f"<PipelineChain {names or 'empty'}>"

    def process_sync(self, item: Any) -> Any:
        """Pass an item through pipelines that are all plain functions (``is_sync``).

        Returns:
            The item as the last pipeline returned it.

        Raises:
            DropItem: a pipeline dropped it.
            InvalidOutput: a pipeline returned something that is no item.
        """
        for number, call in enumerate(self._calls):
            item = call(item)
            if not is_item(item):
                self._refuse(number, item)
        return item

    async def process(self, item: Any) -> Any:
        """Pass an item through all pipelines, awaiting those that are coroutines.

        Returns:
            The item as the last pipeline returned it.

        Raises:
            DropItem: a pipeline dropped it.
            InvalidOutput: a pipeline returned something that is no item.
        """
        for number, call in enumerate(self._calls):
            item = call(item)
            if isinstance(item, CoroutineType):
                item = await item
            if not is_item(item):
                # Seldom: an awaitable of another kind, from a pipeline that wraps somebody's future.
                if inspect.isawaitable(item):
                    item = await item
                if not is_item(item):
                    self._refuse(number, item)
        return item

    def _refuse(self, number: int, output: Any) -> None:
        name = f"{type(self._owners[number]).__name__}.process_item"
        if inspect.isawaitable(output):
            if inspect.iscoroutine(output):
                output.close()
            msg = f"{name} is a plain function that returned an awaitable; make it 'async def'"
            raise InvalidOutput(msg)
        remedy = "end it with 'return item', or raise DropItem to drop the item"
        msg = f"{name} returned {describe(output)}, which is no item; {remedy}"
        raise InvalidOutput(msg)

    async def open(self) -> None:
        """Call ``open_spider`` of each pipeline, in order.

        Raises:
            Exception: whatever a pipeline raised; those opened before were closed again.
        """
        try:
            for pipeline in self.pipelines:
                self._opened.append(pipeline)
                await self._call(pipeline, "open_spider")
        except BaseException:
            # The one that failed did not open; the error that is told is its own, not one that follows from it.
            self._opened.pop()
            await self._close_all()
            raise

    async def close(self) -> None:
        """Call ``close_spider`` of each opened pipeline, the last one first; all are called even if one raises.

        Raises:
            Exception: what a pipeline raised, alone or, of several, as an ``ExceptionGroup``.
        """
        errors = await self._close_all()
        if len(errors) == 1:
            raise errors[0]
        if errors:
            msg = "several pipelines could not be closed"
            raise ExceptionGroup(msg, errors)

    async def _close_all(self) -> list[Exception]:
        errors: list[Exception] = []
        while self._opened:
            try:
                await self._call(self._opened.pop(), "close_spider")
            except Exception as error:
                errors.append(error)
        return errors

    async def _call(self, pipeline: object, name: str) -> None:
        hook = getattr(pipeline, name, None)
        if hook is None:
            return
        result = hook(self._spider) if _takes(hook, 0) else hook()
        if inspect.isawaitable(result):
            await result


def _check(pipeline: object) -> None:
    name = type(pipeline).__name__
    hook = getattr(pipeline, "process_item", None)
    if hook is None:
        if isinstance(pipeline, Sink):
            return
        msg = f"{name} is no pipeline: give it process_item(self, item), or take it out of ITEM_PIPELINES"
        raise PluginError(msg)
    if not callable(hook):
        msg = f"{name}.process_item is {describe(hook)}; make it a method that takes the item"
        raise PluginError(msg)
    function = inspect.unwrap(hook)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        msg = f"{name}.process_item yields; a pipeline takes one item and must 'return item'"
        raise PluginError(msg)


def _is_coroutine_function(hook: Callable[..., Any]) -> bool:
    """Tell a coroutine function, also behind a decorator that kept its identity (``functools.wraps``)."""
    return inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(inspect.unwrap(hook))


def _with_item_only(hook: Callable[..., Any], spider: object) -> Call:
    """Return ``hook`` as a function of the item alone; code written for older versions takes the spider as well."""
    if not _takes(hook, 1):
        return hook
    if _names_spider(hook):
        return lambda item: hook(item, spider=spider)
    return lambda item: hook(item, spider)


def _names_spider(hook: Callable[..., Any]) -> bool:
    parameter = inspect.signature(hook).parameters.get("spider")
    return parameter is not None and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY


def _takes(hook: Callable[..., Any], before: int) -> bool:
    """Say whether ``hook`` takes the spider, as ``spider`` or as the argument behind ``before`` others."""
    try:
        parameters = inspect.signature(hook).parameters
    except (TypeError, ValueError):
        return False
    if "spider" in parameters:
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [p for p in parameters.values() if p.kind in positional and p.default is inspect.Parameter.empty]
    has_rest = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values())
    return len(required) > before or has_rest
