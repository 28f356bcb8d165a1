"""One run of a crawl seen from its job: how it begins, whether it adds up, how it ends.

Place in the flow: ``crawler.py`` builds the parts; here the frontier is opened on the job (or on none), and what a job
remembers of a run is noted: its end, how its items were filled.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from framework import jobfiles
from framework.exceptions import CrawlError, ExportError
from framework.feeds import FeedSink
from framework.jobs import State, is_exhausted, places_of
from framework.jobs.ending import end_of
from framework.jobs.progress import progress_of
from framework.jobs.record import EXHAUSTED
from framework.protocols import Frontier, FrontierView, Job, Resume, Sink
from framework.settings.declared import DurabilityOptions, WarningOptions
from framework.settings.loading import shown_path
from framework.telemetry.fillrates import FillRates, stored_rates
from framework.telemetry.summary import Output
from framework.telemetry.verdict import verdict
from framework.telemetry.wording import count

logger = logging.getLogger(__name__)


class JobRun:
    """One run.

    Args:
        crawler: has the job, if any.

    Attributes:
        fill_rates: of the items of the job, over all its runs.
        is_unbalanced: something was lost on the way.
        failed_before: requests that had failed in earlier runs.
    """

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self.fill_rates = FillRates()
        self.is_unbalanced = False
        self.failed_before = 0

    async def open(self, stack: AsyncExitStack, frontier: Frontier) -> Resume:
        """Begin the run and take up the job's last checkpoint; when ``stack`` closes, say how the run ended."""
        live = self._crawler.job
        if live is None:
            name = self._crawler.spider.name
            job = Job(name=name, spider=name)
        else:
            job = stack.enter_context(live).job
            stack.push(self._end)
        stack.push_async_exit(closing(frontier))
        resume = await frontier.open(job)
        self.failed_before = frontier.view().failed
        if live is not None:
            live.opened()
        stack.push_async_callback(self._check_balance, frontier)
        return resume

    def _end(self, kind: object, error: BaseException | None, traceback: object) -> None:
        crawler = self._crawler
        reason = crawler.finish_reason
        if reason is None:  # it did not come to crawl
            crawler.job.refuse()
            return
        is_stopped = reason == "shutdown"
        is_at_end = is_stopped and error is None and is_exhausted(crawler.job.folder)
        state = end_of(
            reason,
            error,
            is_stopped=is_stopped,
            by_signal=crawler.stop_signal,
            is_cut_off=crawler.engine is not None and crawler.engine.is_cut_off,
            is_exhausted=is_at_end,
        )
        # Batches are many files, of which the full ones are their user's. What could not be closed raised an error.
        files = (
            {}
            if isinstance(error, Exception)
            else {f.feed.uri: f.path for f in crawler.feeds if not f.feed.batch_item_count}
        )
        closed = places_of({uri: path for uri, path in files.items() if path is not None})
        crawler.job.end(state, EXHAUSTED if is_at_end and state is State.ENDED else reason, closed)

    async def _check_balance(self, frontier: Frontier) -> None:
        """See that nothing was lost: everything that was ever accepted has a fate or is pending."""
        if self._crawler.finish_reason in (None, "failed"):
            return
        balance = await frontier.balance()
        if balance.missing:
            self.is_unbalanced = True
            logger.error(
                "The balance does not hold: %d of %d requests have no fate and are not pending (%s). "
                "This is a defect of fwk: please report it",
                balance.missing, balance.offered, balance,
            )  # fmt: skip

    def warnings(self, view: FrontierView) -> list[str]:
        """Return what the end of the run has to tell beside its numbers."""
        crawler = self._crawler
        wants_items = crawler.settings.group(WarningOptions).no_items
        found = verdict(crawler.stats.get_stats(), view, wants_items=wants_items, reason=crawler.finish_reason)
        return [*found, *self._no_item_of_job(wants_items), *self._stored(), *self.fallen_fields()]

    def _no_item_of_job(self, wants_items: bool) -> list[str]:
        """Say that a job of several runs gave no item; of a single run the verdict says it."""
        crawler = self._crawler
        ended = crawler.finish_reason not in ("shutdown", "failed")
        if not wants_items or not ended or crawler.job is None or crawler.job.record.runs < 2:
            return []
        progress = progress_of(crawler.job.folder)
        if progress is None or progress.items or not progress.pages:
            return []
        pages = count(progress.pages, "page")
        return [f"{pages} crawled by the whole job and no item: do the selectors fit? Try them with: fwk fetch URL"]

    def _stored(self) -> list[str]:
        """Say how much of what was done is durable, where that is not all of it."""
        crawler = self._crawler
        if crawler.finish_reason != "failed" or crawler.job is None:
            return []
        progress = progress_of(crawler.job.folder)
        if progress is None:
            return ["how much of this is stored cannot be told: the job's file cannot be read"]
        done = f"{count(progress.pages, 'page')} and {count(progress.items, 'item')}"
        return [f"of the whole job {done} are stored; what came after the last checkpoint is crawled again"]

    def fallen_fields(self) -> list[str]:
        """Compare how fields are filled with the last complete crawl of this spider; keep it for the next one."""
        crawler = self._crawler
        drop = crawler.settings.group(WarningOptions).fill_rate_drop
        if crawler.job is None or not drop:
            return []
        folder = crawler.job.folder
        name = f"{quote(crawler.spider.name, safe='')}.fields.json"
        # The folder that holds a JOBDIR is its user's.
        is_own = crawler.settings.group(DurabilityOptions).jobdir is not None
        path = folder / jobfiles.FIELDS if is_own else folder.parent / name
        found = self.fill_rates.fallen(stored_rates(path), drop)
        if crawler.finish_reason == "finished":
            self.fill_rates.store(path)
        return found


def closing(frontier: Frontier) -> Any:
    """Return what closes a frontier at the end of an ``AsyncExitStack``: cleanly, unless something was raised."""

    async def close(kind: object, error: BaseException | None, traceback: object) -> None:
        await frontier.close(clean=error is None)

    return close


async def cut_back(sinks: Sequence[Sink], cuts: Mapping[str, Any]) -> None:
    """Cut every output of a job that is given up back to what is committed, those behind one that fails too.

    Args:
        sinks: those that have ``cut_back``, and others, which are left alone.
        cuts: a sink's name to its cut.

    Raises:
        ExportError: what is wrong with those that cannot be cut.
    """
    problems = []
    for sink in sinks:
        try:
            if hasattr(sink, "cut_back"):
                await sink.cut_back(cuts.get(sink.name))
        except CrawlError as error:
            problems.append(str(error))
    if problems:
        raise ExportError("; ".join(problems))


def output_of(feed: FeedSink) -> Output:
    """Return what the summary tells of a feed."""
    # Of batches, which are many files, the name with its placeholders is told.
    path = Path(feed.path) if feed.path and not feed.feed.batch_item_count else None
    size_bytes = path.stat().st_size if path is not None and path.exists() else None
    return Output(
        place=shown_path(path) if path else feed.feed.uri if feed.feed.batch_item_count else feed.uri,
        items=feed.written_count,
        size_bytes=size_bytes,
        lost=feed.item_count - feed.written_count + feed.failed_count,
    )
