"""The loop of a crawl: lease while there is room, run a visit for each lease, stop in good order.

Place in the flow: ``crawler.py`` builds the parts and calls ``run``. All tasks of the crawl live in one ``TaskGroup``:
the root visit, one task a request, the checkpoints, and what components spawn.

How a crawl ends: the frontier is exhausted and no ``spider_idle`` handler objects (*finished*); somebody asks for it
(``close_spider``: nothing new is leased, what is in flight is worked off); or at once (``stop_now``: what is in flight
is given up and belongs to a later run). In each case everything that has finished is made durable before ``run``
returns.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from framework import signals
from framework.exceptions import CloseSpider, DontCloseSpider
from framework.frontier.identity import ROOT_IDENTITY
from framework.http import Request, Response
from framework.protocols import FrontierView, HostPolicy, Lease

from .limits import LiveTransfer
from .nested import fetch_nested
from .parts import Parts
from .start import StartVisit
from .visit import Visit, current_visit

logger = logging.getLogger(__name__)

_IDLE_CHECK_S = 5.0


class Engine:
    """Runs one crawl.

    Args:
        parts: complete but for nothing: frontier open, pipelines open.
        start_backlog: see ``StartVisit``.
        unsealed_max: finished visits without a checkpoint above which nothing is leased.
    """

    def __init__(self, parts: Parts, *, start_backlog: int, unsealed_max: int) -> None:
        self._parts = parts
        self._start_backlog = start_backlog
        self._unsealed_max = unsealed_max
        self._tasks: asyncio.TaskGroup | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._start: StartVisit | None = None
        self._main: asyncio.Task[Any] | None = None
        self._visits = 0
        # The origin of requests that no visit gave.
        self._outside = Lease(None, ROOT_IDENTITY, None)
        self._offers: set[asyncio.Task[None]] = set()
        self._drained: asyncio.Future[None] | None = None
        self._is_stopped_now = False
        self.reason: str | None = None

    # -- the loop ------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Crawl to the end and return the reason it ended for.

        Raises:
            CrawlError: the crawl cannot go on: an output cannot be written, a checkpoint cannot be stored.
        """
        self._main = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self._crawl(tasks)
        except BaseExceptionGroup as group:
            raise _first_of(group) from None
        except asyncio.CancelledError:
            if not self._is_stopped_now or self._main is None:
                raise
            self._main.uncancel()
        finally:
            self._tasks = None
        await self._parts.committer.checkpoint()
        return self.reason or "finished"

    async def _crawl(self, tasks: asyncio.TaskGroup) -> None:
        parts = self._parts
        # Where the outputs begin is stored before anything is added to them.
        await parts.committer.checkpoint()
        checkpoints = tasks.create_task(parts.committer.run(parts.limits.notify), name="checkpoints")
        await parts.signals.send_catch_log_async(signals.engine_started)
        await parts.signals.send_catch_log_async(signals.spider_opened, spider=parts.spider)
        if self.reason is None:
            self._start = StartVisit(parts.frontier.root(), parts, self._start_backlog)
            tasks.create_task(self._start.run(), name="start")
            await self._lease_until_exhausted(tasks, self._start)
            self._start.stop()
        await self._visits_end()
        checkpoints.cancel()
        for task in self._background:
            task.cancel()

    async def _lease_until_exhausted(self, tasks: asyncio.TaskGroup, start: StartVisit) -> None:
        parts = self._parts
        while self.reason is None:
            room = 0 if parts.frontier.unsealed > self._unsealed_max else parts.limits.room()
            if room <= 0:
                await parts.limits.changed()
                continue
            leases = await parts.frontier.lease(room)
            if not leases:
                if await self._may_end():
                    break
                continue
            for lease in leases:
                assert lease.permit is not None  # noqa: S101 - only the root has none
                visit = Visit(lease, LiveTransfer(parts.frontier, parts.limits, lease.permit), parts)
                self._visits += 1
                tasks.create_task(self._run_visit(visit))
            parts.stats.inc_value("scheduler/dequeued", len(leases))
            start.pending_changed()

    async def _run_visit(self, visit: Visit) -> None:
        """Run a visit; a defect of ours or of a plugin ends this visit, not the crawl."""
        try:
            await visit.run()
        except Exception as error:
            logger.exception("Internal error on %r", visit.lease)
            visit.abandon(error)
        finally:
            self._visits -= 1
            if not self._visits and self._drained is not None and not self._drained.done():
                self._drained.set_result(None)

    async def _may_end(self) -> bool:
        """Ask ``spider_idle`` handlers whether the crawl may end, now that everything offered has ended."""
        parts = self._parts
        if self.reason is not None:
            return True
        results = await parts.signals.send_catch_log_async(signals.spider_idle, spider=parts.spider)
        errors = [result for _, result in results if isinstance(result, Exception)]
        for error in errors:
            if isinstance(error, CloseSpider):
                self.close_spider(reason=error.reason)
        while self._offers:
            await asyncio.wait(self._offers)
        if any(isinstance(error, DontCloseSpider) for error in errors) and not parts.frontier.pending:
            await asyncio.sleep(_IDLE_CHECK_S)
            return False
        return not parts.frontier.pending

    async def _visits_end(self) -> None:
        if self._visits:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    # -- stopping ------------------------------------------------------------------------------------------------

    def close_spider(self, spider: Any = None, reason: str = "cancelled") -> None:
        """End the crawl: nothing new is leased, what is in flight is worked off. The first reason given counts."""
        if self.reason is None:
            self.reason = reason
            logger.info("Closing spider (%s)", reason)
            self._parts.frontier.stop_leasing()
            self._parts.limits.notify()

    def stop_now(self, reason: str = "shutdown") -> None:
        """End the crawl at once: what is in flight is given up; what has finished is made durable."""
        self.close_spider(reason=reason)
        if self._tasks is not None and self._main is not None and not self._is_stopped_now:
            self._is_stopped_now = True
            self._main.cancel()

    # -- for components ------------------------------------------------------------------------------------------

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine beside the crawl; it is cancelled when the crawl ends. What it raises is logged."""
        if self._tasks is None:
            coroutine.close()
            msg = f"cannot run {name!r}: the crawl is not running; spawn from the engine_started signal on"
            raise RuntimeError(msg)
        task = self._tasks.create_task(_logged(coroutine, name), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def download_async(self, request: Request) -> Response:
        """Fetch now: a nested fetch, polite, neither stored nor filtered.

        Raises:
            DownloadError: it got no usable response.
            IgnoreRequest: a hook dropped it.
        """
        return await fetch_nested(self._parts, request, current_visit.get())

    def crawl(self, request: Request) -> None:
        """Offer a request from outside any callback (Scrapy's ``engine.crawl``), such as a ``spider_idle`` handler."""
        if self._tasks is None:
            msg = f"cannot crawl {request!r}: the crawl is not running"
            raise RuntimeError(msg)
        task = self._tasks.create_task(self._parts.offer(self._outside, (request,)), name="crawl")
        self._offers.add(task)
        task.add_done_callback(self._offers.discard)

    def set_host(self, request: Request, policy: HostPolicy) -> None:
        """Change the politeness of the host that ``request`` belongs to."""
        frontier = self._parts.frontier
        frontier.set_host(frontier.host_key(request), policy)

    def view(self) -> FrontierView:
        """Return the frontier's numbers."""
        return self._parts.frontier.view()

    @property
    def in_flight(self) -> int:
        """Requests on the wire, or about to be."""
        return self._parts.limits.in_flight

    @property
    def is_cut_off(self) -> bool:
        """Say whether the crawl was stopped at once (``stop_now``)."""
        return self._is_stopped_now

    @property
    def is_running(self) -> bool:
        """Say whether visits may be running."""
        return self._tasks is not None

    @property
    def start_error(self) -> Exception | None:
        """Return what ``start()`` raised, if anything."""
        return self._start.error if self._start is not None else None


async def _logged(coroutine: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await coroutine
    except Exception:
        logger.exception("The background task %r failed", name)


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first exception of a group: what ended the crawl."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
