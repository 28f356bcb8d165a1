"""The parts of one crawl that a visit works with, and what visits tell the outside.

Place in the flow: the engine makes one ``Parts`` for the crawl; each ``Visit`` gets it. ``offer`` is step 2 of a
request's life for everything that spiders and hooks yield.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from framework import signals
from framework.downloader.downloader import Downloader
from framework.exceptions import IgnoreRequest
from framework.failure import Failure
from framework.frontier.identity import ROOT_IDENTITY
from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import Frontier, Lease, OfferFilter, Refusal, StatsCollector
from framework.signalmanager import SignalManager

from .callbacks import place_of_yield
from .commit import Committer
from .items import ItemStage
from .limits import Limits, current_transfer
from .spiderchain import SpiderChain
from .yields import Yields

logger = logging.getLogger(__name__)


def _storable(request: Request) -> None:
    """Take every request for one that can be stored: the stand-in where nothing is."""


_USUAL_SCHEMES = ("https:", "http:")


@dataclass(slots=True)
class Parts:
    """Everything that a visit needs, complete when the first visit runs.

    Attributes:
        close: ends the crawl with a reason.
        schemes: the URL schemes that some handler takes.
        filters: components that may refuse requests at the offer.
        root: stands for ``start()``, and for whoever else offers requests from outside of visits.
        is_debug: whether a DEBUG line a page is wanted, asked once.
        log_duplicates: ``DUPEFILTER_DEBUG``: a line for every duplicate, instead of one for the first.
        snapshot: takes copies of what a request carries, and says what of it cannot be stored.
        yields: notes which callbacks give nothing.
        rides: whether a request that cannot be stored rides on its parent (``UNSTORABLE``), or is refused.
        wall_clock: seconds since 1970.
    """

    spider: Any
    frontier: Frontier
    downloader: Downloader
    spider_chain: SpiderChain
    items: ItemStage
    committer: Committer
    limits: Limits
    stats: StatsCollector
    signals: SignalManager
    close: Callable[[str], None]
    schemes: Collection[str]
    filters: Sequence[OfferFilter] = ()
    root: Lease = field(default_factory=lambda: Lease(None, ROOT_IDENTITY, None))
    is_debug: bool = False
    log_duplicates: bool = False
    has_told_duplicate: bool = False
    snapshot: Callable[[Request], str | None] = _storable
    rides: bool = True
    yields: Yields = field(default_factory=lambda: Yields(0))
    has_told_rider: bool = False
    wall_clock: Callable[[], float] = time.time

    def keeps(self, request: Request, callback: Callable[..., Any], output: Any = None) -> bool:
        """Take copies of what a request carries, at its yield; say whether the request may be offered.

        One that cannot be stored rides on its parent, or is refused.

        Args:
            request: just yielded.
            callback: what yielded it, and
            output: its generator, for file and line in messages.
        """
        reason = self.snapshot(request)
        if reason is None:
            return True
        if not self.rides:
            place = place_of_yield(output, callback)
            logger.error("%s: %r cannot be stored and is refused (UNSTORABLE = 'refuse'): %s", place, request, reason)
            self.refused(request, "unstorable")
            return False
        request._row = RIDES
        if not self.has_told_rider:
            self.has_told_rider = True
            logger.warning(
                "%s: %r cannot be stored: %s. It is kept in memory; should the process die before it has ended, its "
                "parent is crawled again. Told once; UNSTORABLE = 'refuse' refuses such requests",
                place_of_yield(output, callback), request, reason,
            )  # fmt: skip
        return True

    async def offer(self, origin: Lease, requests: Sequence[Request]) -> None:
        """Offer requests to the frontier; count and tell each refusal under its reason."""
        if self.filters:
            requests = [request for request in requests if self._passes_filters(request)]
        requests = [
            request for request in requests if request._url.startswith(_USUAL_SCHEMES) or self._has_handler(request)
        ]
        if self.signals.has(signals.request_scheduled):
            requests = [request for request in requests if self._is_let_pass(request)]
        if not requests:
            return
        refusals = await self.frontier.offer(origin, requests)
        accepted = refusals.count(None)
        if accepted:
            self.stats.inc_value("scheduler/enqueued", accepted)
        if accepted < len(requests):
            self._tell_refusals(requests, refusals)

    def _tell_refusals(self, requests: Sequence[Request], refusals: Sequence[Refusal | None]) -> None:
        """Tell what the frontier refused: nearly always duplicates, of which many come with every page."""
        duplicates = refusals.count("duplicate")
        is_told_each = self.is_debug or self.signals.has(signals.request_dropped)
        if duplicates and not is_told_each:
            self.stats.inc_value("refused/duplicate", duplicates)
            self.stats.inc_value("dupefilter/filtered", duplicates)
        for request, refusal in zip(requests, refusals, strict=True):
            if refusal is not None and (is_told_each or refusal != "duplicate"):
                self.count_refusal(request, refusal)

    def _passes_filters(self, request: Request) -> bool:
        for component in self.filters:
            try:
                reason = component.refuse(request)
            except Exception as error:
                logger.error("%r could not judge %r, which is dropped: %s", component, request, error, exc_info=error)
                reason = "broken"
            if reason is not None:
                self.refused(request, reason)
                return False
        return True

    def _is_let_pass(self, request: Request) -> bool:
        """Tell the handlers of ``request_scheduled``, any of which may drop the request by ``IgnoreRequest``."""
        results = self.signals.send_catch_log(signals.request_scheduled, request=request, spider=self.spider)
        if any(isinstance(result, IgnoreRequest) for _, result in results):
            self.refused(request, "dropped by a signal handler")
            return False
        return True

    def _has_handler(self, request: Request) -> bool:
        if request.url.partition(":")[0].lower() in self.schemes:
            return True
        self.refused(request, "scheme")
        return False

    def refused(self, request: Request, reason: str) -> None:
        """Note, for its fate, and count a request that is not even offered to the frontier."""
        transfer = current_transfer.get()
        origin = None if transfer is None else transfer.lease
        self.frontier.refuse(origin or self.root, request, reason)
        self.count_refusal(request, reason)

    def count_refusal(self, request: Request, reason: str) -> None:
        """Count a request that was not taken; tell the signal's handlers, and the log about the first duplicate."""
        self.stats.inc_value(f"refused/{reason}")
        if reason == "duplicate":
            self.stats.inc_value("dupefilter/filtered")
            if self.log_duplicates or not self.has_told_duplicate:
                hint = "" if self.log_duplicates else " - no more duplicates will be shown (DUPEFILTER_DEBUG shows all)"
                logger.debug("Filtered duplicate request: %r%s", request, hint)
                self.has_told_duplicate = True
        elif self.is_debug:
            logger.debug("Refused (%s): %r", reason, request)
        if self.signals.has(signals.request_dropped):
            self.signals.send_catch_log(signals.request_dropped, request=request, spider=self.spider)

    async def tell_error(self, error: BaseException, request: Request | None, response: Any) -> None:
        """Count an exception of the spider's code and tell the ``spider_error`` signal's handlers."""
        self.stats.inc_value(f"spider_exceptions/{type(error).__name__}")
        self.stats.inc_value("spider_exceptions/count")
        await self.signals.send_catch_log_async(
            signals.spider_error, failure=Failure(error, request), response=response, spider=self.spider
        )

    async def breathe(self) -> None:
        """Let others have the processor in the middle of a long output."""
        await asyncio.sleep(0)
