"""What a person reads when a crawl has ended. Pure; plain text, 25 lines at most.

Place in the flow: ``crawler.py`` asks for it after the close and writes it at INFO, with the warnings of the verdict;
where there are some, at WARNING. The dump of all stats, ``STATS_DUMP``, is another thing: see ``telemetry.stats``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .findings import Stats, errors, is_continued, reason_in_words, refusals
from .wording import count, duration, rate, size

if TYPE_CHECKING:
    from framework.protocols import FrontierView

_MOST_EACH = 4


@dataclass(frozen=True, slots=True)
class Output:
    """One place where items ended.

    Attributes:
        place: a path or URI, without a password.
        items: how many were written there; ``None`` where the sink does not say.
        size_bytes: its size; ``None`` where it has none.
        lost: items that were meant for it and are not in it.
        lost_to: the file where these are instead.
        noun: what it holds.
        is_of_run: only what this run has put there is counted, not what the job's earlier runs have.
    """

    place: str
    items: int | None = None
    size_bytes: int | None = None
    lost: int = 0
    lost_to: str = ""
    noun: str = "item"
    is_of_run: bool = False


def summary(  # noqa: PLR0913 - what the end of a crawl has to tell
    stats: Stats,
    view: FrontierView,
    *,
    outputs: Sequence[Output] = (),
    reason: str = "finished",
    elapsed_s: float = 0.0,
    job: str | None = None,
    warnings: Sequence[str] = (),
) -> str:
    """Return the summary of a crawl.

    Args:
        stats: all values of the crawl, under Scrapy's keys; of a later run of a job those of that run, which is said.
        view: the frontier's last numbers; the balance comes from it, not from counters.
        outputs: where the items are.
        reason: why the crawl ended.
        elapsed_s: seconds from open to close.
        job: the name under which the crawl can be resumed, if it can.
        warnings: what its user should know beside the numbers.
    """
    lines = [
        f"Crawl {reason_in_words(reason)}",
        *_what(stats, elapsed_s),
        *_outputs([*outputs, *_database(stats)], is_continued=is_continued(stats)),
        *_errors(stats, view),
        *_refusals(stats, view),
        *_hosts(view),
        _balance(view) + (" (the whole job)" if is_continued(stats) else ""),
    ]
    if job is not None:
        lines.append(f"  job       {job}")
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in warnings)])


def _what(stats: Stats, elapsed_s: float) -> list[str]:
    pages = int(stats.get("response_received_count", 0))
    items = int(stats.get("item_scraped_count", 0))
    dropped = int(stats.get("item_dropped_count", 0))
    per_s = f", {rate(pages / elapsed_s)}" if elapsed_s > 0 else ""
    received_bytes = int(stats.get("downloader/response_bytes", 0))
    received = f", {size(received_bytes)} received" if received_bytes else ""
    scope = _scope(stats)
    lines = [f"  pages     {pages:,} in {duration(elapsed_s)}{per_s}{received}{scope}"]
    lines.append(f"  items     {items:,}" + (f", and {dropped:,} dropped by pipelines" if dropped else "") + scope)
    return lines


def _scope(stats: Stats) -> str:
    """Return what stands behind numbers that are not those of the whole job."""
    return f" (this run, number {stats['job/runs']:,} of the job)" if is_continued(stats) else ""


def _database(stats: Stats) -> list[Output]:
    """Return the output that ``MongoPipeline`` has noted, if it was there."""
    place = stats.get("mongodb/collection")
    if place is None:
        return []
    stored, lost = int(stats.get("mongodb/documents", 0)), int(stats.get("mongodb/dead_letters", 0))
    letters = str(stats.get("mongodb/dead_letters_file", ""))
    return [Output(f"MongoDB {place}", stored, lost=lost, lost_to=letters, noun="document", is_of_run=True)]


def _outputs(outputs: Sequence[Output], *, is_continued: bool) -> list[str]:
    lines = []
    for output in outputs[:_MOST_EACH]:
        facts = [] if output.items is None else [count(output.items, output.noun)]
        if output.size_bytes is not None:
            facts.append(size(output.size_bytes))
        if output.lost:
            see = f", see {output.lost_to}" if output.lost_to else ""
            facts.append(f"{count(output.lost, 'more item')} could not be written{see}")
        if is_continued and facts:
            facts.append("this run" if output.is_of_run else "the whole job")
        lines.append(f"  output    {output.place}" + (f" ({', '.join(facts)})" if facts else ""))
    return [*lines, *_more(len(outputs), "output")]


def _errors(stats: Stats, view: FrontierView) -> list[str]:
    found = errors(stats)
    if not found:
        # What no counter knows, such as a middleware that raised in process_response, the balance does.
        if is_continued(stats):
            return ["  errors    none in this run"]
        return [f"  errors    {f'{view.failed:,} x request failed: the log says why' if view.failed else 'none'}"]
    lines = []
    for error in found[:_MOST_EACH]:
        lines.append(f"  errors    {error.count:,} x {error.what}")
        if error.remedy:
            lines[-1] += f": {error.remedy}"
    lines += _more(len(found), "kind")
    retried = int(stats.get("retry/count", 0))
    if retried:
        given_up = int(stats.get("retry/max_reached", 0))
        lines.append(f"  retries   {retried:,}, of which {given_up:,} were given up")
    return lines


def _refusals(stats: Stats, view: FrontierView) -> list[str]:
    found = refusals(stats)
    if not found:
        return [f"  refused   {view.refused:,}"] if view.refused else []
    most = [f"{number:,} {reason}" for reason, number in list(found.items())[:_MOST_EACH]]
    rest = sum(list(found.values())[_MOST_EACH:])
    return ["  refused   " + ", ".join([*most, *([f"{rest:,} for other reasons"] if rest else [])])]


def _hosts(view: FrontierView) -> list[str]:
    slow = [host for host in view.busiest if host.failures or host.pending]
    slow.sort(key=lambda host: (host.failures, host.pending * host.delay_s, host.pending), reverse=True)
    if not slow:
        return []
    told = ", ".join(
        f"{host.key} ({count(host.failures, 'failure')}, {host.pending:,} pending)" for host in slow[:3]
    )  # fmt: skip
    return [f"  slowest   {told}"]


def _balance(view: FrontierView) -> str:
    pending = view.pending + view.leased
    return (
        f"  balance   {view.offered:,} offered = {view.done:,} done + {view.replaced:,} replaced"
        f" + {view.dropped:,} dropped + {view.failed:,} failed + {pending:,} pending"
    )


def _more(found: int, noun: str) -> list[str]:
    hidden = found - _MOST_EACH
    return [f"            and {count(hidden, f'more {noun}')}"] if hidden > 0 else []
