"""``fwk why URL``: what became of a URL, where it was found, and which rule refused or dropped it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import click

from framework.components import build_from_crawler, load_object
from framework.crawler import Crawler
from framework.dupefilters import roles_of
from framework.exceptions import CrawlError, UsageError
from framework.frontier.identity import identity_of
from framework.frontier.store import EndKind, FateRow, StoreSearch
from framework.frontier.trace import Trace, Waiting, near_misses, trace
from framework.http import Request
from framework.http.url import mask_password
from framework.jobs import State, StoredJob
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.settings import Settings
from framework.spiders import Spider
from framework.telemetry.wording import count, duration

from .jobfiles import KINDS, moment, newest_first, not_kept, open_file
from .jobruns import the_jobs
from .options import setting_option
from .reasons import meaning, remedy, short

EXIT_UNKNOWN = 1


@click.command("why")
@click.argument("url")
@click.option("--job", metavar="JOB", help="Ask this job, by name or folder.")
@click.option("--spider", metavar="NAME", help="Ask only jobs of this spider.")
@setting_option
def command(url: str, job: str | None, spider: str | None, pairs: tuple[str, ...]) -> int:
    """Say what became of URL: where it was found, its tries with their errors, its items, the rule that refused it.

    Without --job the newest job that knows the URL is asked, also one that is crawling now: what its last checkpoint
    stored, about a second ago. URLs that differ only in spelling are the same, as they are for the crawl.

    Exit codes: 0 found, 1 not found.

    Example: fwk why https://books.example/page/3
    """
    settings = load_settings(find_project(), pairs)
    jobs = list(newest_first(the_jobs(settings), job, spider))
    if not jobs:
        whose = f" of the spider {spider!r}" if spider else ""
        msg = f"there is no job{whose} to ask; a crawl with FRONTIER = 'memory' leaves none"
        raise UsageError(msg)
    request = _request(url)
    identity = _identity(request, settings)
    for asked in jobs:
        lines = _answer(asked, request.url, identity, is_only=len(jobs) == 1)
        if lines:
            click.echo("\n".join(lines))
            return 0
    _tell_unknown(url, request.url, jobs)
    return EXIT_UNKNOWN


def _request(url: str) -> Request:
    try:
        return Request(url)
    except ValueError as error:
        msg = f"{url!r} is no URL: {error}"
        raise UsageError(msg) from error


def _identity(request: Request, settings: Settings) -> int:
    """Return the identity that a crawl with these settings gives to a request."""
    crawler = Crawler(Spider, settings)
    crawler.request_fingerprinter = build_from_crawler(load_object(settings["REQUEST_FINGERPRINTER_CLASS"]), crawler)
    dupefilter = build_from_crawler(load_object(settings["DUPEFILTER_CLASS"]), crawler)
    return identity_of(roles_of(dupefilter, crawler.request_fingerprinter)[0])(request)


def _answer(job: StoredJob, url: str, identity: int, *, is_only: bool) -> list[str]:
    """Return what a job knows, in lines; nothing where it knows nothing."""
    try:
        with open_file(job) as reader:
            found = trace(reader, url, identity)
            if not found.is_known:
                return []
            return [_title(job), *_told(found, reader, url)]
    except CrawlError as error:
        if is_only:
            raise
        click.echo(f"note: job {job.name} cannot be asked: {error}", err=True)
        return []


def _title(job: StoredJob) -> str:
    now = ", as of its last checkpoint" if job.state is State.RUNNING else ""
    return f"Job {job.name}, spider {job.record.spider or '?'}, {job.state.value}{now}"


def _told(found: Trace, reader: StoreSearch, url: str) -> Iterator[str]:
    for fate in found.fates:
        yield from _fate(fate, found)
    for waiting in found.waiting:
        yield from _pending(waiting, found)
    books = reader.books()
    missing = not_kept(reader)
    accepted = bool(found.waiting) or any(fate.kind != EndKind.REFUSED for fate in found.fates)
    if not accepted and found.is_seen:
        yield f"GET {mask_password(url)}"
        yield "  fate      it was accepted, and is not pending: it has ended, and how is not kept"
    if missing and not accepted:
        yield f"  note      {missing}"
    if accepted or found.is_seen:
        duplicates = books.counts.get("refused", 0)
        counted = f"they are counted ({duplicates:,} in this job), not kept"
        yield f"Seen: duplicates of it, further requests for the same, are refused; {counted}"


def _fate(fate: FateRow, found: Trace) -> Iterator[str]:
    yield f"{fate.method} {mask_password(fate.url)}"
    if fate.kind == EndKind.REFUSED:
        yield f"  refused   {_with_meaning(fate.reason)}; {moment(fate.ended_at)}"
    else:
        reason = f": {_with_meaning(fate.reason)}" if fate.reason else ""
        yield f"  fate      {KINDS[fate.kind]}{reason}; {moment(fate.ended_at)}"
    yield f"  found     {_origin(fate.parent, fate.found_at, found)}"
    if fate.kind == EndKind.REPLACED:
        yield f"  by        {_successors(found.successors.get(fate.identity, []))}"
    if fate.tries:
        yield from _tries([*fate.tries, (fate.ended_at, fate.reason or "answered")])
    if fate.kind != EndKind.REFUSED:
        yield f"  items     {_items(fate.items)}"
    if remedy(fate.reason):
        yield f"  remedy    {remedy(fate.reason)}"


def _pending(waiting: Waiting, found: Trace) -> Iterator[str]:
    form, envelope = waiting.form, waiting.envelope
    yield f"{form.method} {mask_password(form.url)}" if form is not None else "A request that cannot be read any more"
    yield f"  fate      none yet: pending, or in flight at the last checkpoint; try {envelope.attempt} comes next"
    if envelope.not_before_at is not None:
        wait_s = envelope.not_before_at - time.time()
        left = f", in {duration(wait_s)}" if wait_s > 0 else ", which is over"
        yield f"  waits     not before {moment(envelope.not_before_at)}{left}"
    yield f"  found     {_origin(envelope.parent, envelope.found_at, found)}"
    yield from _tries(envelope.tries)
    if form is not None:
        yield f"  goes to   {form.callback or 'parse'}, with priority {form.priority}"


def _origin(parent: int, found_at: float, found: Trace) -> str:
    when = moment(found_at) if found_at else "at an unknown time"
    if not parent:
        return f"{when} by start()"
    return f"{when} on {mask_password(found.urls.get(parent, 'a page that has no record (yet)'))}"


def _tries(tries: Sequence[tuple[float, str]]) -> Iterator[str]:
    for number, (at, error) in enumerate(tries, 1):
        yield f"  try {number:<5} {moment(at)}  {short(error)}"


def _items(number: int) -> str:
    if not number:
        return "none"
    positions = "position 0" if number == 1 else f"positions 0 to {number - 1}"
    return f"{number:,} ({positions} of its output, if its callback gave all and no pipeline dropped one)"


def _successors(urls: Sequence[str]) -> str:
    return ", ".join(map(mask_password, urls)) if urls else "a request that was known already, or has not ended"


def _with_meaning(reason: str) -> str:
    words = meaning(reason)
    return f"{reason} ({words})" if words else reason


def _tell_unknown(given: str, url: str, jobs: Sequence[StoredJob]) -> None:
    near, missing = _near(jobs[0], url)
    names = f"job {jobs[0].name} does" if len(jobs) == 1 else f"the {count(len(jobs), 'job')} asked do"
    why = "what it knew is not all kept" if missing else "no page linked to it, and start() did not yield it"
    click.echo(f"fwk: {names} not know {mask_password(given)}: {why}", err=True)
    if missing:
        click.echo(f"  job {jobs[0].name}: {missing}", err=True)
    if near:
        click.echo(f"  job {jobs[0].name} knows:", err=True)
    for one in near:
        click.echo(f"    {mask_password(one)}", err=True)


def _near(job: StoredJob, url: str) -> tuple[list[str], str]:
    """Return URLs of a job that are much like one that it does not know, and what of its fates is not kept."""
    try:
        with open_file(job) as reader:
            return near_misses(reader, url), not_kept(reader)
    except CrawlError:
        return [], ""
