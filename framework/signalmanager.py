"""Connecting handlers to signals and sending them: Scrapy's ``SignalManager``, one for each crawl.

Place in the flow: components connect in ``from_crawler``; the engine sends. A signal without handlers costs one
dictionary look-up (``has``), so the engine asks first on the per-page path. Handlers are held weakly where they are
bound methods, as in Scrapy, so a component that is gone does not stay alive through its signal.
"""

from __future__ import annotations

import inspect
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from framework.exceptions import CloseSpider, DontCloseSpider, IgnoreRequest, StopDownload
from framework.signals import Signal

logger = logging.getLogger(__name__)

Handler = Callable[..., Any]

_MEANT = (CloseSpider, DontCloseSpider, IgnoreRequest, StopDownload)
"""What handlers raise to say something to the sender, not by mistake."""

_ANY_SENDER: Any = object()


class _Receiver:
    """A handler, its sender filter, and which keyword arguments it takes."""

    __slots__ = ("_strong", "_weak", "accepts", "key", "sender")

    def __init__(self, handler: Handler, sender: Any, *, weak: bool) -> None:
        self.sender = sender
        self.key = _key(handler)
        self.accepts = _accepted_names(handler)
        self._strong: Handler | None = None
        self._weak: Callable[[], Handler | None] | None = None
        if weak and inspect.ismethod(handler):
            self._weak = weakref.WeakMethod(handler)
        elif weak and inspect.isfunction(handler):
            self._weak = weakref.ref(handler)
        else:
            self._strong = handler

    @property
    def handler(self) -> Handler | None:
        return self._strong if self._weak is None else self._weak()


def _key(handler: Handler) -> tuple[int, int]:
    function = getattr(handler, "__func__", handler)
    return id(getattr(handler, "__self__", None)), id(function)


def _accepted_names(handler: Handler) -> frozenset[str] | None:
    """Return the keyword arguments that a handler takes; ``None`` for "all of them"."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(p.name for p in parameters if p.kind is not inspect.Parameter.POSITIONAL_ONLY)


class SignalManager:
    """The signals of one crawl.

    Args:
        sender: what handlers see as ``sender`` where nothing else is said; the crawler.
    """

    def __init__(self, sender: Any = None) -> None:
        self.sender = sender
        self._receivers: dict[Any, list[_Receiver]] = {}

    def has(self, signal: Any) -> bool:
        """Say whether anybody listens; cheap enough for the per-page path."""
        return signal in self._receivers

    def connect(self, receiver: Handler, signal: Any, *, sender: Any = _ANY_SENDER, weak: bool = True) -> None:
        """Call ``receiver`` whenever ``signal`` is sent. Connecting the same handler again changes nothing.

        Args:
            receiver: a function or coroutine function that takes any of the signal's arguments by name.
            signal: one of ``framework.signals``, or any object of the user's own.
            sender: only signals from this sender.
            weak: do not keep the handler (or its object) alive.
        """
        if not callable(receiver):  # as untyped code may have it
            msg = f"signal handler {receiver!r} for {signal!r} is not callable"  # type: ignore[unreachable]
            raise TypeError(msg)
        entry = _Receiver(receiver, sender, weak=weak)
        # The dead go first: a new object may have the address, and so the key, of one that is gone.
        receivers = [known for known in self._receivers.get(signal, ()) if known.handler is not None]
        if all(known.key != entry.key or known.sender is not entry.sender for known in receivers):
            receivers.append(entry)
        self._receivers[signal] = receivers

    def disconnect(self, receiver: Handler, signal: Any, *, sender: Any = _ANY_SENDER) -> None:
        """Stop calling ``receiver`` for ``signal``; nothing happens where it was not connected."""
        key = _key(receiver)
        kept = [r for r in self._receivers.get(signal, ()) if r.key != key or r.sender is not sender]
        self._keep(signal, kept)

    def disconnect_all(self, signal: Any) -> None:
        """Forget every handler of ``signal``."""
        self._receivers.pop(signal, None)

    def _keep(self, signal: Any, receivers: list[_Receiver]) -> None:
        if receivers:
            self._receivers[signal] = receivers
        else:
            self._receivers.pop(signal, None)

    def _calls(self, signal: Any, arguments: dict[str, Any]) -> Iterator[tuple[Handler, dict[str, Any]]]:
        sender = arguments.setdefault("sender", self.sender)
        arguments.setdefault("signal", signal)
        dead = False
        for entry in list(self._receivers.get(signal, ())):
            handler = entry.handler
            if handler is None:
                dead = True
                continue
            if entry.sender is not _ANY_SENDER and entry.sender is not sender:
                continue
            accepts = entry.accepts
            chosen = arguments if accepts is None else {k: v for k, v in arguments.items() if k in accepts}
            yield handler, chosen
        if dead:
            self._keep(signal, [r for r in self._receivers.get(signal, ()) if r.handler is not None])

    def send_catch_log(self, signal: Any, **arguments: Any) -> list[tuple[Handler, Any]]:
        """Call the handlers one after the other; an exception is logged and becomes that handler's result.

        Coroutine functions cannot be awaited here: use ``send_catch_log_async``.

        Returns:
            A pair of handler and result (or exception) for each handler.
        """
        results: list[tuple[Handler, Any]] = []
        for handler, chosen in self._calls(signal, arguments):
            try:
                result = handler(**chosen)
                if inspect.iscoroutine(result):
                    result.close()
                    msg = f"{signal!r} is sent synchronously and cannot await {handler!r}; make it a plain function"
                    raise TypeError(msg)
            except Exception as error:
                result = error
                _log(signal, handler, error)
            results.append((handler, result))
        return results

    async def send_catch_log_async(self, signal: Any, **arguments: Any) -> list[tuple[Handler, Any]]:
        """Like ``send_catch_log``, and handlers may be coroutine functions, awaited one after the other."""
        results: list[tuple[Handler, Any]] = []
        for handler, chosen in self._calls(signal, arguments):
            try:
                result = handler(**chosen)
                if inspect.isawaitable(result):
                    result = await result
            except Exception as error:
                result = error
                _log(signal, handler, error)
            results.append((handler, result))
        return results

    async def wait_for(self, signal: Any) -> None:
        """Wait until ``signal`` is sent next (Scrapy's ``SignalManager.wait_for``)."""
        import asyncio

        arrived = asyncio.Event()

        def on_signal() -> None:
            arrived.set()

        self.connect(on_signal, signal, weak=False)
        try:
            await arrived.wait()
        finally:
            self.disconnect(on_signal, signal)


def _log(signal: Any, handler: Handler, error: Exception) -> None:
    if isinstance(error, _MEANT):
        return
    name = signal.name if isinstance(signal, Signal) else repr(signal)
    logger.error("Handler %r of signal %s raised", handler, name, exc_info=error)
