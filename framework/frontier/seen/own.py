"""A duplicate filter of the user's own (``DUPEFILTER_CLASS``), as the frontier asks it.

Place in the flow: with one, the frontier asks it instead of its seen-set about each request without ``dont_filter``.
The request then gets the identity of a ``dont_filter`` request: the filter may let the same one pass twice.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from framework.exceptions import PluginError
from framework.http import Request


class OwnDupeFilter:
    """Any object with Scrapy's interface of duplicate filters.

    Args:
        dupefilter: has ``request_seen(request) -> bool``, and may have ``open()``, ``close(reason)`` and
            ``log(request, spider)``.
        spider: handed to ``log``.

    Attributes:
        each_pending: after a crash, gives the requests that wait.

    Raises:
        PluginError: it has no ``request_seen``, or that is a coroutine function.
    """

    __slots__ = ("_dupefilter", "_log", "_request_seen", "_spider", "each_pending")

    def __init__(self, dupefilter: Any, spider: Any) -> None:
        name = type(dupefilter).__qualname__
        request_seen = getattr(dupefilter, "request_seen", None)
        if not callable(request_seen):
            msg = f"DUPEFILTER_CLASS: {name} has no method request_seen(request), which says what is a duplicate"
            raise PluginError(msg)
        if inspect.iscoroutinefunction(request_seen):
            msg = f"DUPEFILTER_CLASS: {name}.request_seen is a coroutine function; make it a plain one (no async)"
            raise PluginError(msg)
        self._dupefilter = dupefilter
        self._spider = spider
        self.each_pending: Callable[[], AsyncIterator[Request]] | None = None
        self._request_seen: Callable[[Request], Any] = request_seen
        self._log: Callable[[Request, Any], Any] | None = getattr(dupefilter, "log", None)

    async def open(self) -> None:
        """Tell it that the crawl begins."""
        await self._tell("open")

    async def learn(self) -> None:
        """Ask it about what waits, and ignore what it says: what was spilled after its last snapshot is new to it.

        Raises:
            Exception: whatever the filter raises.
        """
        if self.each_pending is None:
            return
        async for request in self.each_pending():
            if not request.dont_filter:
                self._request_seen(request)

    async def close(self, reason: str) -> None:
        """Tell it that the crawl ends, and why."""
        await self._tell("close", reason)

    def refuses(self, request: Request) -> bool:
        """Say whether the request is a duplicate, and let the filter log it.

        Raises:
            Exception: whatever the filter raises.
        """
        if not self._request_seen(request):
            return False
        if self._log is not None:
            self._log(request, self._spider)
        return True

    async def _tell(self, name: str, *args: Any) -> None:
        method = getattr(self._dupefilter, name, None)
        if method is not None:
            result = method(*args)
            if inspect.isawaitable(result):
                await result
