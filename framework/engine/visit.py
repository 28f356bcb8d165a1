"""The life of one request, from its lease to its fate. Read it from ``run`` down.

    fetch     hooks in order, the handler, hooks in reverse: a response, a request or a failure
    parse     the callback: its requests are offered as they come, its items are kept
    finish    the items pass the pipelines; then items to every sink and the fate to the frontier, in one step

A *retry* is put back under its own identity; any other request from a hook *replaces* this one and is offered as its
child. Nothing that a spider, hook or pipeline raises ends more than its own visit.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import AsyncIterable, Callable
from typing import Any

from framework import signals
from framework.exceptions import CloseSpider, DownloadError, IgnoreRequest
from framework.failure import Failure
from framework.http import Request, Response
from framework.http.request import NO_CALLBACK
from framework.pipelines.items import is_item
from framework.protocols import DONE, REPLACED, Fate, FateKind, Lease

from .callbacks import as_output, close_output, ends_the_crawl, invalid_element, place_of, tell
from .limits import LiveTransfer, current_transfer
from .parts import Parts
from .snapshot import snapshot
from .spiderchain import Output
from .spool import ITEMS_IN_MEMORY, ItemSpool

logger = logging.getLogger(__name__)

OFFER_AT = 256
"""How many requests of one callback are collected before they are offered and others get the processor."""

ASIDE = 1 << 32
"""What is not the callback's has numbers from ``ASIDE`` times the attempt on, which no other attempt has."""


class Visit:
    """The processing of one leased request.

    Args:
        lease: what the frontier gave out.
        transfer: the lease's turn on the network.
        parts: the parts of the crawl.
    """

    __slots__ = ("_called_back", "_given", "_items", "_parts", "_position", "_requests", "lease", "transfer")

    def __init__(self, lease: Lease, transfer: LiveTransfer, parts: Parts) -> None:
        self.lease = lease
        self.transfer = transfer
        self._parts = parts
        self._requests: list[Request] = []
        self._items: list[tuple[int, Any]] | ItemSpool = []
        self._position = 0
        self._called_back = 0
        self._given = 0

    async def run(self) -> None:
        """Fetch, parse, finish."""
        request = self.lease.request
        assert request is not None  # noqa: S101 - the root is visited by ``start.StartVisit``
        outcome = await self._fetch(request)
        if isinstance(outcome, Response):
            await self._parse(request, outcome)
        elif not isinstance(outcome, Request):
            await self._finish(await self._fail(request, outcome), getattr(outcome, "response", None))
        elif outcome._retry is not None:
            await self._put_back(outcome)
        else:
            if self._parts.keeps(outcome, self._parts.downloader.fetch):
                await self._parts.offer(self.lease, [outcome])
            await self._finish(REPLACED, None)

    async def _fetch(self, request: Request) -> Response | Request | BaseException:
        current_transfer.set(self.transfer)
        try:
            return await self._parts.downloader.fetch(request, self.transfer)
        except BaseException as error:
            if ends_the_crawl(error):
                raise
            return error
        finally:
            self.transfer.settle()

    async def _put_back(self, request: Request) -> None:
        """Let the frontier try again later: same identity, neither filtered nor counted anew."""
        reason = str(request._retry)
        request._retry = None
        await self._parts.frontier.requeue(self.lease, request, not_before_at=request._not_before_at, reason=reason)

    async def _finish(self, fate: Fate, response: Response | None) -> None:
        """Pass the items through the pipelines and end the visit."""
        items = self._items
        if items:
            stage = self._parts.items
            if isinstance(items, ItemSpool):
                self._items = []
                items = await stage.process_spooled(items, response)
            else:
                items = await stage.process(items, response)
        # Not before: a visit that is abandoned while its items pass the pipelines has delivered none of them.
        given = self._position if self._position < ASIDE else self._called_back
        if given > self.lease.delivered:
            self.lease.delivered = given
        self._parts.committer.finish(self.lease, fate, items)

    async def abandon(self, error: BaseException) -> None:
        """End the visit after an internal error, with nothing of its output."""
        self._parts.committer.finish(self.lease, Fate(FateKind.FAILED, f"internal: {type(error).__name__}"), ())

    # -- a response ----------------------------------------------------------------------------------------------

    async def _parse(self, request: Request, response: Response) -> None:
        """Call the callback with the response, and finish."""
        parts = self._parts
        parts.stats.inc_value("response_received_count")
        if parts.signals.has(signals.response_received):
            await parts.signals.send_catch_log_async(
                signals.response_received, response=response, request=request, spider=parts.spider
            )
        if parts.is_debug:
            logger.debug("Crawled (%s) %r%s", response.status, request, f" {response.flags}" if response.flags else "")
        size = len(response.body)
        parts.limits.parse_begins(size)
        try:
            fate = await self._call_back(request, response)
            await self._finish(fate, response)
        finally:
            parts.limits.parse_ends(size)

    async def _call_back(self, request: Request, response: Response) -> Fate:
        """Let the input hooks see the response, then the callback."""
        try:
            for hook in self._parts.spider_chain.inputs:
                hook(response)
        except Exception as error:
            return await self._refused_by_input(request, response, error)
        callback = request.callback or self._parts.spider._parse
        if callback is NO_CALLBACK:
            return DONE
        fate = await self._collect(callback, response, request._cb_kwargs, response)
        if fate is DONE:
            self._parts.yields.note(callback, self._given)
        return fate

    async def _refused_by_input(self, request: Request, response: Response, error: Exception) -> Fate:
        """Handle what a ``process_spider_input`` hook raised: the errback, else ``process_spider_exception``."""
        if request.errback is not None:
            await self._turn_aside()
            await self._collect(request.errback, Failure(error, request), None, response)
        else:
            await self._recover(f"A spider middleware raised on {response!r}", error, response)
        if not isinstance(error, IgnoreRequest):
            return Fate(FateKind.FAILED, type(error).__name__)
        status = getattr(getattr(error, "response", None), "status", "")
        return Fate(FateKind.DROPPED, f"{type(error).__name__} {status}".rstrip())

    # -- no response ---------------------------------------------------------------------------------------------

    async def _fail(self, request: Request, error: BaseException) -> Fate:
        """Tell the errback, or the log, that a request got no response."""
        is_dropped = isinstance(error, IgnoreRequest)
        if isinstance(error, IgnoreRequest):
            self._parts.count_refusal(request, error.refusal)
        if request.errback is not None:
            await self._turn_aside()
            await self._collect(request.errback, Failure(error, request), None, getattr(error, "response", None))
        elif not is_dropped:
            # Download errors name the request themselves.
            tell("Could not download" if isinstance(error, DownloadError) else f"Could not download {request!r}", error)
        elif self._parts.is_debug:
            logger.debug("Dropped %r: %s", request, error)
        return Fate(FateKind.DROPPED, _rule_of(error)) if is_dropped else Fate(FateKind.FAILED, type(error).__name__)

    # -- what a callback gives -----------------------------------------------------------------------------------

    async def _collect(
        self, callback: Callable[..., Any], subject: Any, cb_kwargs: dict[str, Any] | None, response: Response | None
    ) -> Fate:
        """Call a callback (or errback) and take what it gives; what it gave before an exception is kept."""
        try:
            result = callback(subject, **cb_kwargs) if cb_kwargs else callback(subject)
            if inspect.isawaitable(result):
                result = await result
            await self._take(as_output(result, callback), response, callback)
        except CloseSpider as close:
            self._parts.close(close.reason)
        except BaseException as error:
            if ends_the_crawl(error):
                raise
            await self._recover(f"{place_of(callback)} raised on {response or self.lease!r}", error, response)
            return Fate(FateKind.FAILED, f"callback: {type(error).__name__}")
        finally:
            await self._flush()
        return DONE

    async def _take(
        self, output: Output, response: Response | None, callback: Callable[..., Any], *, start: int = 0
    ) -> None:
        """Pass an output through the spider middlewares; offer its requests as they come and keep its items."""
        chain = self._parts.spider_chain
        # What an errback gives without a response meets no spider middleware: these work on the output of a response.
        hooks = chain.element_hooks if start == 0 and response is not None else None
        source = output
        if hooks is None and response is not None:
            output = chain.output(output, response, start=start)
        if isinstance(output, AsyncIterable):
            try:
                async for element in output:
                    passed = element if hooks is None else hooks.element(element, response)
                    if passed is not None:
                        self._note(passed, callback, source)
                        await self._flush()
            finally:
                await close_output(output, source)
            return
        for count, element in enumerate(output, 1):
            passed = element
            if hooks is not None:
                passed = (
                    hooks.request(element, response) if isinstance(element, Request) else hooks.item(element, response)
                )
            if passed is not None:
                self._note(passed, callback, source)
            if not count % OFFER_AT:
                await self._flush()
                await self._parts.breathe()

    def _note(self, element: Any, callback: Callable[..., Any], source: Output) -> None:
        """Keep a request for the next offer, an item as it is now for the end; not what was delivered before."""
        self._given += 1
        if isinstance(element, Request):
            if self._parts.keeps(element, callback, source):
                self._requests.append(element)
        elif is_item(element):
            if self._position >= self.lease.delivered:
                self._items.append((self._position, snapshot(element)))
            self._position += 1
        else:
            self._parts.stats.inc_value("spider_exceptions/InvalidOutput")
            logger.error("%s", invalid_element(element, callback))

    async def _turn_aside(self) -> None:
        """Number what an errback or a recovery gives apart: it tells of this attempt, the next loses nothing by it.

        A later attempt skips the items that the callback delivered and the requests that it made, and only those.
        """
        if self._position < ASIDE:
            await self._flush()
            self._called_back = self._position
            self._position = self.lease.first_repeat = self.lease.attempt * ASIDE
            self.lease.repeats = None

    async def _flush(self) -> None:
        """Offer the requests collected so far; let very many items wait on disk."""
        if len(self._items) > ITEMS_IN_MEMORY and not isinstance(self._items, ItemSpool):
            self._items = self._parts.items.spool(self._items)
        if self._requests:
            requests, self._requests = self._requests, []
            await self._parts.offer(self.lease, requests)

    async def _recover(self, what: str, error: BaseException, response: Response | None) -> None:
        """Let ``process_spider_exception`` hooks turn an exception into output; tell the one that none of them took."""
        parts = self._parts
        chain = parts.spider_chain
        step = 0
        while response is not None and chain.handles_exceptions:
            error, output, step = chain.recover(response, error, start=step)
            if output is None:
                break
            await self._turn_aside()
            try:
                await self._take(output, response, parts.spider._parse, start=step)
            except Exception as raised:
                if ends_the_crawl(raised):
                    raise
                error = raised  # the hooks that come after may take it
            else:
                await self._flush()
                return
        if isinstance(error, CloseSpider):
            parts.close(error.reason)
            return
        tell(what, error)
        await parts.tell_error(error, self.lease.request, response)


def _rule_of(error: BaseException) -> str:
    """Return why a middleware dropped a request: the word under which that is counted, or what it says itself."""
    refusal = getattr(error, "refusal", IgnoreRequest.refusal)
    return str(error) or type(error).__name__ if refusal == IgnoreRequest.refusal else refusal
