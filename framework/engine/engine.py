"""The loop of a crawl: lease while there is room, run a visit for each lease, stop in good order.

Place in the flow: ``crawler.py`` builds the parts and calls ``run``. All tasks of the crawl live in one ``TaskGroup``:
the root visit, one task a request, the checkpoints, and what components spawn.

Invariant: each lease ends in one of finish, requeue and release, whatever is raised where; ``_visits`` holds the visits
whose lease has not ended yet.

How a crawl ends: the frontier is exhausted and no ``spider_idle`` handler objects (*finished*); somebody asks for it
(``close_spider``: nothing new is leased, what is in flight is worked off); or at once (``stop_now``: what is in flight
is given up and belongs to a later run). In each case everything that has finished is made durable before ``run``
returns.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Self

from framework import signals
from framework.exceptions import CloseSpider, DontCloseSpider, StoreError
from framework.http import Request, Response
from framework.protocols import FrontierView, HostPolicy, Lease
from framework.settings.declared import EngineOptions

from .limits import LiveTransfer, current_transfer
from .nested import fetch_nested
from .parts import Parts
from .start import StartVisit
from .visit import Visit

logger = logging.getLogger(__name__)

_IDLE_CHECK_S = 5.0


class Engine:
    """Runs one crawl.

    Args:
        parts: complete but for nothing: frontier open, pipelines open.
        start_backlog: see ``StartVisit``.
        unsealed_max: finished visits without a checkpoint above which nothing is leased.
        has_started: ``start()`` has ended in an earlier run of the job.
    """

    def __init__(self, parts: Parts, *, start_backlog: int, unsealed_max: int, has_started: bool = False) -> None:
        self._parts = parts
        self._start_backlog = start_backlog
        self._unsealed_max = unsealed_max
        self._has_started = has_started
        self._tasks: asyncio.TaskGroup | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._start: StartVisit | None = None
        self._main: asyncio.Task[Any] | None = None
        self._visits: set[Visit] = set()
        self._offers: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._drained: asyncio.Future[None] | None = None
        self._is_stopped_now = False
        # From here on the tasks of the crawl are being cancelled, and nothing new may be begun.
        self._is_over = False
        self._exit: BaseException | None = None
        self.reason: str | None = None

    @classmethod
    def from_options(cls, parts: Parts, options: EngineOptions, *, has_started: bool) -> Self:
        """Build it as the settings say."""
        return cls(
            parts, start_backlog=options.start_backlog, unsealed_max=options.unsealed_max, has_started=has_started
        )

    # -- the loop ------------------------------------------------------------------------------------------------

    async def run(self) -> str:
        """Crawl to the end and return the reason it ended for.

        Raises:
            CrawlError: the crawl cannot go on: an output cannot be written, a checkpoint cannot be stored.
            SystemExit, KeyboardInterrupt: the spider's code raised it; the crawl was stopped at once.
        """
        main = self._main = asyncio.current_task()
        assert main is not None  # noqa: S101 - a running coroutine has a task
        error: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self._vital(self._crawl, tasks)
        except BaseExceptionGroup as group:
            error = _first_of(group)
        except asyncio.CancelledError as cancelled:
            error = cancelled
        self._tasks = None
        is_cut_off = self._is_stopped_now
        if is_cut_off and not main.uncancel() and isinstance(error, asyncio.CancelledError):
            error = None  # it was ours
        reason = self.reason or ("start_error" if self.start_error is not None else "finished")
        if error is None:
            self.reason = reason  # whoever asks for an end from now on comes too late
        await self._save_the_rest(error)
        error = error or self._exit
        if error is not None:
            raise error
        # A stop at once that came during the last checkpoint has cut nothing off after all.
        self._main, self._is_stopped_now = None, is_cut_off
        return reason

    async def _save_the_rest(self, error: BaseException | None) -> None:
        """However the crawl ended: leave what was under way to a later run, make durable what has finished."""
        parts = self._parts
        for visit in self._visits:
            visit.transfer.settle()
        given_up = [*parts.committer.held, *(visit.lease for visit in self._visits)]
        if self._start is not None and not self._start.is_finished:
            given_up.append(self._start.lease)
        await parts.frontier.release(given_up)
        self._visits.clear()
        if error is not None and parts.committer.has_failed:
            return
        try:
            await parts.committer.checkpoint()
        except Exception:
            if error is None:
                raise
            logger.exception("The last checkpoint could not be made")

    async def _vital(self, function: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        """Run what the crawl cannot go on without: when it fails, everything else ends too."""
        try:
            await function(*args)
        except (KeyboardInterrupt, SystemExit) as error:
            self._exit_with(error)
        except BaseException:
            self._is_over = True
            raise

    async def _crawl(self, tasks: asyncio.TaskGroup) -> None:
        parts = self._parts
        saving = self._vital(parts.committer.run, parts.limits.notify)
        checkpoints = tasks.create_task(saving, name="checkpoints")
        await parts.signals.send_catch_log_async(signals.engine_started)
        await parts.signals.send_catch_log_async(signals.spider_opened, spider=parts.spider)
        if self.reason is None:
            starting = None if self._has_started else tasks.create_task(self._begin(), name="start")
            await self._lease_until_exhausted(tasks)
            if starting is not None and self._start is not None:
                self._start.stop()
                await asyncio.wait([starting])
            await self._work_off(tasks)
        self._is_over = True
        checkpoints.cancel()
        for task in self._background:
            task.cancel()

    def _begin(self) -> Coroutine[Any, Any, None]:
        """Return the root visit, to be run as a task."""
        self._start = StartVisit(self._parts.frontier.root(), self._parts, self._start_backlog)
        return self._vital(self._start.run)

    async def _lease_until_exhausted(self, tasks: asyncio.TaskGroup) -> None:
        parts = self._parts
        while self.reason is None:
            room = self._room()
            if room <= 0:
                await parts.limits.changed()
                continue
            if not parts.frontier.pending and parts.signals.has(signals.scheduler_empty):
                parts.signals.send_catch_log(signals.scheduler_empty)
            leases = await parts.frontier.lease(room)
            if not leases:
                if await self._may_end():
                    break
                continue
            self._begin_visits(tasks, await self._within_room(leases))
            if self._start is not None:
                self._start.pending_changed()

    async def _work_off(self, tasks: asyncio.TaskGroup) -> None:
        """Wait for the visits to end; what cannot be stored is fetched, for its parents are not committed without."""
        while True:
            while leases := await self._parts.frontier.lease(max(1, self._parts.limits.room())):
                self._begin_visits(tasks, leases)
            if not self._visits:
                return
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained

    def _begin_visits(self, tasks: asyncio.TaskGroup, leases: Sequence[Lease]) -> None:
        parts = self._parts
        for lease in leases:
            if lease.fate is not None:
                parts.committer.finish(lease, lease.fate, ())
                continue
            request, permit = lease.request, lease.permit
            assert request is not None and permit is not None  # noqa: S101, PT018 - only the root has none
            visit = Visit(lease, LiveTransfer(parts.frontier, parts.limits, permit, request, lease), parts)
            self._visits.add(visit)
            tasks.create_task(self._run_visit(visit))
        parts.stats.inc_value("scheduler/dequeued", len(leases))

    def _room(self) -> int:
        """Return how many leases may begin now."""
        return 0 if self._parts.frontier.unsealed > self._unsealed_max else self._parts.limits.room()

    async def _within_room(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Put back leases for which the room has gone: nested fetches may have begun while a turn was awaited."""
        room = max(0, self._room())
        if len(leases) > room:
            await self._parts.frontier.release(leases[room:])
            return leases[:room]
        return leases

    async def _run_visit(self, visit: Visit) -> None:
        """Run a visit; a defect of ours or of a plugin ends this visit, not the crawl."""
        try:
            await visit.run()
        except (KeyboardInterrupt, SystemExit) as error:
            self._exit_with(error)
            return
        except StoreError:
            self._is_over = True  # nothing more can be kept: this lease too is left to a later run
            raise
        except BaseException as error:
            if self._is_over and isinstance(error, asyncio.CancelledError):
                raise  # cancelled with everything else: the lease is left to a later run
            logger.error("Internal error on %r", visit.lease, exc_info=error)
            await self._vital(visit.abandon, error)
        self._visits.discard(visit)
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
        if self.reason is not None or parts.frontier.pending:
            return self.reason is not None
        if not any(isinstance(error, DontCloseSpider) for error in errors):
            return True
        self._idle.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_CHECK_S):
                await self._idle.wait()
        return False

    # -- stopping ------------------------------------------------------------------------------------------------

    def close_spider(self, spider: Any = None, reason: str = "cancelled") -> None:
        """End the crawl: nothing new is leased, what is in flight is worked off. The first reason given counts."""
        if self.reason is None:
            self.reason = reason
            logger.info("Closing spider (%s)", reason)
            self._parts.frontier.stop_leasing()
            self._parts.limits.notify()
            self._idle.set()

    def stop_now(self, reason: str = "shutdown") -> None:
        """End the crawl at once: what is in flight is given up; what has finished is made durable.

        A checkpoint is made to its end; a sink that waits for somebody may give up then (``is_cut_off``).
        """
        self.close_spider(reason=reason)
        if self._main is None or self._is_stopped_now:
            return
        self._is_stopped_now = True
        if self._tasks is not None:
            self._main.cancel()

    def _exit_with(self, error: BaseException) -> None:
        """Stop at once and then raise ``error`` from ``run``: the spider's code wants the process to end."""
        self._exit = self._exit or error
        self.stop_now()

    # -- for components ------------------------------------------------------------------------------------------

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine beside the crawl; it is cancelled when the crawl ends. What it raises is logged.

        Raises:
            RuntimeError: the crawl is not running yet, or not any more.
        """
        if self._tasks is None or self._is_over:
            coroutine.close()
            msg = f"cannot run {name!r}: the crawl is not running; spawn between engine_started and spider_closed"
            raise RuntimeError(msg)
        # It belongs to no visit, whoever asks for it: its nested fetches have no turn to lend.
        context = contextvars.copy_context()
        context.run(current_transfer.set, None)
        task = self._tasks.create_task(self._run_background(coroutine, name), name=name, context=context)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(lambda _: coroutine.close())  # it may have been cancelled before it began

    async def _run_background(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await coroutine
        except (KeyboardInterrupt, SystemExit) as error:
            self._exit_with(error)
        except Exception:
            logger.exception("The background task %r failed", name)

    async def download_async(self, request: Request) -> Response:
        """Fetch now: a nested fetch, polite, neither stored nor filtered.

        Raises:
            DownloadError: it got no usable response.
            IgnoreRequest: a hook dropped it.
        """
        return await fetch_nested(self._parts, request)

    def crawl(self, request: Request) -> None:
        """Offer a request from outside any callback (Scrapy's ``engine.crawl``), such as a ``spider_idle`` handler.

        Raises:
            TypeError: it is no request.
            RuntimeError: the crawl is not running yet, or not any more.
        """
        if not isinstance(request, Request):  # as untyped code may have it
            msg = f"engine.crawl takes a Request, not {request!r}"  # type: ignore[unreachable]
            raise TypeError(msg)
        if self._tasks is None or self._is_over:
            msg = f"cannot crawl {request!r}: the crawl is not running"
            raise RuntimeError(msg)
        offering = self._vital(self._parts.offer, self._parts.root, (request,))
        task = self._tasks.create_task(offering, name="crawl")
        self._offers.add(task)
        task.add_done_callback(self._offer_ended)

    def _offer_ended(self, task: asyncio.Task[None]) -> None:
        self._offers.discard(task)
        self._idle.set()

    def needs_backout(self) -> bool:
        """Say whether no further request can be sent at the moment (Scrapy's name)."""
        return self._room() <= 0

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
        """Say whether the crawl was stopped at once (``stop_now``): a sink ends soon what it does, or raises."""
        return self._is_stopped_now

    @property
    def has_lost_items(self) -> bool:
        """Say whether a sink has refused items."""
        return self._parts.committer.has_lost_items

    @property
    def is_running(self) -> bool:
        """Say whether visits may be running."""
        return self._tasks is not None

    @property
    def start_error(self) -> BaseException | None:
        """Return what ``start()`` raised, if anything."""
        return self._start.error if self._start is not None else None


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first exception of a group: what ended the crawl."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
