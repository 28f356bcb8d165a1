"""The spider middlewares of a crawl, compiled once: what every callback's output passes on its way to the engine.

Place in the flow: step 5 of a request's life. ``input`` hooks see the response before the callback; then the callback's
output passes each middleware, the one nearest to the spider (the highest number) first.

Middlewares that look at one element at a time (children of ``BaseSpiderMiddleware`` that keep its
``process_spider_output``) are *fused*: consecutive ones become one loop of plain calls. Those with a
``process_spider_output`` of their own wrap the whole output, as in Scrapy: a *wrapper*.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from framework.components import accepts
from framework.exceptions import InvalidOutput
from framework.http import Request, Response
from framework.spidermiddlewares.base import BaseSpiderMiddleware

Output = Iterable[Any] | AsyncIterable[Any]
OnRefusal = Callable[[Request, str], None]

_DROPPED: Final = object()


def _bind(method: Callable[..., Any], spider: Any) -> Callable[..., Any]:
    """Give a hook its ``spider`` argument where it takes one."""
    return partial(method, spider=spider) if accepts(method, "spider") else method


def _is_own(middleware: Any, name: str) -> bool:
    """Say whether a middleware defines a hook itself, beyond what ``BaseSpiderMiddleware`` gives."""
    method = getattr(type(middleware), name, None)
    return method is not None and method is not getattr(BaseSpiderMiddleware, name, None)


@dataclass(frozen=True, slots=True)
class _Step:
    """One middleware's part in the output: its element-wise hooks, or its wrapper."""

    middleware: Any
    on_request: Callable[..., Any] | None = None
    on_item: Callable[..., Any] | None = None
    wrap: Callable[..., Any] | None = None
    wrap_async: Callable[..., Any] | None = None
    on_exception: Callable[..., Any] | None = None
    refusal: str = "middleware"


class SpiderChain:
    """The compiled chain.

    Args:
        middlewares: in their order, nearest to the engine first.
        spider: given to the hooks that take it.
        on_refusal: told of each request that a fused middleware drops, with the reason.
        is_known: says whether offering a request would surely be refused as a duplicate; such a request need not pass
            hooks that only add to it.
    """

    def __init__(
        self, middlewares: Iterable[Any], spider: Any, on_refusal: OnRefusal, is_known: Callable[[Request], bool]
    ) -> None:
        ordered = list(middlewares)
        self._on_refusal = on_refusal
        self._is_known = is_known
        self._spider = spider
        self.inputs: tuple[Callable[..., Any], ...] = tuple(
            _bind(mw.process_spider_input, spider) for mw in ordered if hasattr(mw, "process_spider_input")
        )
        self._steps = tuple(self._step(mw) for mw in reversed(ordered))
        self._starts = tuple(mw for mw in reversed(ordered))
        self.element_hooks = self._fuse(0) if all(not (s.wrap or s.wrap_async) for s in self._steps) else None
        self.handles_exceptions = any(step.on_exception for step in self._steps)

    def _step(self, mw: Any) -> _Step:
        spider = self._spider
        on_exception = _bind(mw.process_spider_exception, spider) if hasattr(mw, "process_spider_exception") else None
        if isinstance(mw, BaseSpiderMiddleware) and not (
            _is_own(mw, "process_spider_output") or _is_own(mw, "process_spider_output_async")
        ):
            return _Step(
                mw,
                on_request=mw.get_processed_request if _is_own(mw, "get_processed_request") else None,
                on_item=mw.get_processed_item if _is_own(mw, "get_processed_item") else None,
                on_exception=on_exception,
                refusal=getattr(mw, "refusal", type(mw).__name__),
            )
        wrap = getattr(mw, "process_spider_output", None)
        wrap_async = getattr(mw, "process_spider_output_async", None)
        if wrap_async is None and wrap is not None and inspect.isasyncgenfunction(wrap):
            wrap, wrap_async = None, wrap
        return _Step(
            mw,
            wrap=_bind(wrap, spider) if wrap else None,
            wrap_async=_bind(wrap_async, spider) if wrap_async else None,
            on_exception=on_exception,
        )

    # -- output --------------------------------------------------------------------------------------------------

    def output(self, result: Output, response: Response | None, *, start: int = 0) -> Output:
        """Wrap a callback's output into the middlewares from step ``start`` on (0: all of them)."""
        index = start
        steps = self._steps
        while index < len(steps):
            step = steps[index]
            if step.wrap or step.wrap_async:
                result = self._wrapped(step, result, response)
                index += 1
                continue
            hooks = self._fuse(index)
            while index < len(steps) and not (steps[index].wrap or steps[index].wrap_async):
                index += 1
            if hooks.on_request or hooks.on_item:
                if isinstance(result, AsyncIterable):
                    result = hooks.through_async(result, response)
                else:
                    result = hooks.through(result, response)
        return result

    def _wrapped(self, step: _Step, result: Output, response: Response | None) -> Any:
        name = type(step.middleware).__name__
        if isinstance(result, AsyncIterable):
            if step.wrap_async is not None:
                return _checked(step.wrap_async(response, result), f"{name}.process_spider_output_async")
            return _through_sync(step.wrap, result, response, name)
        if step.wrap is not None:
            return _checked(step.wrap(response, result), f"{name}.process_spider_output")
        assert step.wrap_async is not None  # noqa: S101 - a wrapper step has one of the two
        return _checked(step.wrap_async(response, _as_async(result)), f"{name}.process_spider_output_async")

    def _fuse(self, start: int) -> ElementHooks:
        """Collect the element-wise hooks of consecutive steps."""
        requests, items = [], []
        keeps_identity = True
        for step in self._steps[start:]:
            if step.wrap or step.wrap_async:
                break
            keeps_identity = keeps_identity and vars(type(step.middleware)).get("keeps_identity", False)
            if step.on_request:
                requests.append((step.on_request, step.refusal))
            if step.on_item:
                items.append(step.on_item)
        is_known = self._is_known if keeps_identity else None
        return ElementHooks(tuple(requests), tuple(items), self._on_refusal, is_known)

    # -- exceptions and start ------------------------------------------------------------------------------------

    def recover(
        self, response: Response, error: BaseException, *, start: int = 0
    ) -> tuple[BaseException, Output | None, int]:
        """Ask ``process_spider_exception`` hooks from step ``start`` on, nearest to the spider first.

        Returns:
            The exception as it is now (a hook may have raised another one), the output that a hook put in its place
            (``None``: nobody took it), and the step that this output goes on from.
        """
        for index, step in enumerate(self._steps[start:], start):
            if step.on_exception is None:
                continue
            try:
                result = step.on_exception(response=response, exception=error)
                if result is not None:
                    name = f"{type(step.middleware).__name__}.process_spider_exception"
                    return error, _checked(result, name), index + 1
            except Exception as raised:
                error = raised
        return error, None, len(self._steps)

    def start(self, elements: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Wrap ``spider.start()`` into the ``process_start`` (or older ``process_start_requests``) hooks."""
        hooks = self.element_hooks
        if hooks is not None and not any(_has_own_start(mw) for mw in self._starts):
            return hooks.through_async(elements, None)
        for mw in self._starts:
            if isinstance(mw, BaseSpiderMiddleware) or hasattr(mw, "process_start"):
                elements = mw.process_start(elements)
            elif hasattr(mw, "process_start_requests"):
                elements = _old_start(_bind(mw.process_start_requests, self._spider), elements)
        return elements


def _has_own_start(mw: Any) -> bool:
    return _is_own(mw, "process_start") or hasattr(mw, "process_start_requests")


class ElementHooks:
    """Consecutive element-wise hooks, called in one loop without generators between them."""

    __slots__ = ("_is_known", "_on_refusal", "on_item", "on_request")

    def __init__(
        self,
        on_request: tuple[tuple[Callable[..., Any], str], ...],
        on_item: tuple[Callable[..., Any], ...],
        on_refusal: OnRefusal,
        is_known: Callable[[Request], bool] | None,
    ) -> None:
        self._is_known = is_known
        self.on_request = on_request
        self.on_item = on_item
        self._on_refusal = on_refusal

    def request(self, request: Request, response: Response | None) -> Request | None:
        """Pass one request through; ``None`` when a hook dropped it."""
        # Most links of a page are known already: they go on to be refused as they are.
        if self._is_known is not None and not request.dont_filter and self._is_known(request):
            return request
        current: Request | None = request
        for hook, refusal in self.on_request:
            before = current
            current = hook(before, response)
            if current is None:
                self._on_refusal(request, refusal)
                return None
        return current

    def item(self, item: Any, response: Response | None) -> Any:
        """Pass one item through; ``None`` when a hook dropped it."""
        for hook in self.on_item:
            item = hook(item, response)
            if item is None:
                return None
        return item

    def element(self, element: Any, response: Response | None) -> Any:
        """Pass one element of an output through."""
        if isinstance(element, Request):
            return self.request(element, response)
        return self.item(element, response) if element is not None else None

    def through(self, result: Iterable[Any], response: Response | None) -> Iterator[Any]:
        """Pass a synchronous output through."""
        for element in result:
            passed = self.element(element, response)
            if passed is not None:
                yield passed

    async def through_async(self, result: AsyncIterable[Any], response: Response | None) -> AsyncIterator[Any]:
        """Pass an asynchronous output through."""
        async for element in result:
            passed = self.element(element, response)
            if passed is not None:
                yield passed


def _checked(result: Any, where: str) -> Any:
    if isinstance(result, (Iterable, AsyncIterable)):
        return result
    kind = type(result).__name__
    msg = f"{where} must return an iterable (write it as a generator: `for x in result: yield x`), not {kind}"
    if inspect.iscoroutine(result):
        result.close()
    raise InvalidOutput(msg)


async def _as_async(result: Iterable[Any]) -> AsyncIterator[Any]:
    for element in result:
        yield element


async def _through_sync(wrap: Any, result: AsyncIterable[Any], response: Any, name: str) -> AsyncIterator[Any]:
    """Give an asynchronous output to a middleware that only knows the synchronous form: it gets it when it is whole."""
    for element in _checked(wrap(response, await _collected(result)), f"{name}.process_spider_output"):
        yield element


async def _old_start(hook: Callable[..., Any], elements: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Give ``start()`` to an older ``process_start_requests``, which takes a plain iterable: it gets it when whole."""
    for element in _checked(hook(await _collected(elements)), "process_start_requests"):
        yield element


async def _collected(elements: AsyncIterable[Any]) -> Iterator[Any]:
    """Read an asynchronous output to its end; what it raises is raised again behind what it gave before."""
    collected = []
    failure: Exception | None = None
    try:
        async for element in elements:
            collected.append(element)  # noqa: PERF401 - a comprehension would lose what came before an exception
    except Exception as error:
        failure = error
    return _replayed(collected, failure)


def _replayed(elements: list[Any], failure: Exception | None) -> Iterator[Any]:
    yield from elements
    if failure is not None:
        raise failure
