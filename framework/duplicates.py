"""Which requests are the same, and who decides it: ``DUPEFILTER_CLASS`` and ``REQUEST_FINGERPRINTER_CLASS``.

Place in the flow: ``crawler.py`` asks before it builds the frontier. Normally the frontier's seen-set decides by
fingerprints; a filter of the user's own that decides for itself is asked instead.
"""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Any

from framework.components import build_from_crawler, load_object
from framework.dupefilters import BaseDupeFilter, roles_of
from framework.frontier.seen.own import OwnDupeFilter
from framework.protocols import Stateful

logger = logging.getLogger(__name__)


class Duplicates:
    """The rules of one crawl.

    Args:
        crawler: with its settings, spider, job and fingerprinter.

    Attributes:
        fingerprinter: for the frontier.
        own_filter: what the frontier asks in its seen-set's place, or ``None``.
        components: those whose state is kept with the job.

    Raises:
        PluginError: the class cannot be built or is no filter.
    """

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        dupefilter = build_from_crawler(load_object(crawler.settings["DUPEFILTER_CLASS"]), crawler)
        self.fingerprinter, asked = roles_of(dupefilter, crawler.request_fingerprinter)
        self.own_filter: OwnDupeFilter | None = None
        self.components: list[Any] = []
        if asked is not None:
            self.own_filter = OwnDupeFilter(asked, crawler.spider)
            self.components.append(asked)
            if crawler.job is not None and getattr(asked, "path", "") is None:
                asked.path = str(crawler.job.folder)
            if crawler.job is not None and _forgets(asked):
                logger.warning(
                    "DUPEFILTER_CLASS: %s has no snapshot() and restore(snapshot): when this job goes on after a crash "
                    "or a stop, it has forgotten what it had seen, and pages are crawled twice; give it both methods",
                    type(asked).__qualname__,
                )

    async def open(self, stack: AsyncExitStack) -> None:
        """Tell a filter of the user's own that the crawl begins, and when ``stack`` closes, that it ends and why."""
        if self.own_filter is not None:
            await self.own_filter.open()
            stack.push_async_callback(self._close, self.own_filter)

    async def learn(self) -> None:
        """Let a filter of the user's own, which has its last snapshot back, learn what a crash made it forget."""
        if self.own_filter is not None:
            await self.own_filter.learn()

    async def _close(self, own_filter: OwnDupeFilter) -> None:
        await own_filter.close(self._crawler.finish_reason or "failed")


def _forgets(dupefilter: Any) -> bool:
    """Say whether a filter remembers something that does not survive its process."""
    remembers_nothing = getattr(type(dupefilter), "request_seen", None) is BaseDupeFilter.request_seen
    return not remembers_nothing and not isinstance(dupefilter, Stateful)
