"""Crawls as jobs: what ``crawl``, ``runspider``, ``resume`` and ``retry`` have in common.

Place in the flow: a command names spider, settings and options; here it becomes a ``framework.jobs.Command``, the room
``jobs`` decides which job that is, and the crawler gets it as ``crawler.job``. What was decided is said first, and at
the end how to go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from framework.crawler import Crawler
from framework.exceptions import UsageError
from framework.jobs import (
    Command,
    JobsFolder,
    Key,
    LiveJob,
    Progress,
    StoredJob,
    decide,
    feed_outputs,
    jobs_folder,
    mongo_outputs,
    progress_of,
    refuse_files_of_jobs,
    stored_arguments,
    wants_job,
    without_secrets,
)
from framework.project.discovery import find_project
from framework.settings import Settings
from framework.settings.declared import DurabilityOptions
from framework.settings.secrets import masked
from framework.settings.validation import validate
from framework.spiders import Spider

from .leaving import leaving
from .running import RunOptions, crawler_for, run_crawler, spider_arguments
from .storedruns import StoredRun


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a command's spider comes from: ``"crawl"`` and a name, or ``"runspider"`` and a file."""

    kind: str
    target: str


def the_jobs(settings: Settings) -> JobsFolder:
    """Return the folder of all jobs: the project's, without a project that of the working folder."""
    project = find_project()
    return jobs_folder(settings, project.root if project is not None else None)


def run_as_job(spidercls: type[Spider], settings: Settings, options: RunOptions, origin: Origin) -> int:
    """Run one spider as a job, new or gone on with, and return the exit code.

    Raises:
        CrawlError: nothing was crawled, or the crawl could not go on; the message is for the user.
    """
    if options.resume and options.new:
        msg = "--resume goes on with a job and --new begins one: give one of them"
        raise UsageError(msg)
    arguments = spider_arguments(options.arguments)
    crawler = crawler_for(spidercls, settings, options)
    validate(crawler.settings)
    durability = crawler.settings.group(DurabilityOptions)
    jobs, what = the_jobs(settings), command_of(crawler, arguments, options, origin)
    if not wants_job(crawler.settings, is_command=True):
        if options.resume:
            msg = "there is nothing to resume with FRONTIER = 'memory': such a crawl ends with its process"
            raise UsageError(msg)
        if options.new:
            msg = "--new begins a job, and with FRONTIER = 'memory' there is none: leave one of the two out"
            raise UsageError(msg)
        refuse_files_of_jobs(settings, what.key, jobs)
        return run_crawler(crawler, arguments)
    live = decide(
        jobs,
        what,
        cut_outputs=cut_outputs,
        choice="resume" if options.resume else "new" if options.new else "auto",
        jobdir=durability.jobdir or None,
        ask=_ask if _is_terminal() else None,
    )
    if live.had_ended:
        return _say_over(live)
    return run_live(crawler, arguments, live, is_quiet=options.nolog)


def command_of(crawler: Crawler, arguments: Mapping[str, str], options: RunOptions, origin: Origin) -> Command:
    """Return what a command crawls, and what of it is kept: no secrets."""
    name = str(crawler.spidercls.name)
    pairs, secret_pairs = without_secrets(options.pairs)
    kept = stored_arguments(arguments)
    given = [("-o", text) for text in options.appended] + [("-O", text) for text in options.overwritten]
    open_given = [pair for pair in given if masked("", pair[1]) == pair[1]]
    withheld = [f"-s {name}" for name in secret_pairs]
    withheld += [f"-a {name}" for name, value in kept.items() if value != arguments[name]]
    withheld += [f"{option} {masked('', text)}" for option, text in given if (option, text) not in open_given]
    return Command(
        Key(name, kept, {**feed_outputs(crawler.settings, name, arguments), **mongo_outputs(crawler.settings)}),
        kind=origin.kind,
        target=origin.target,
        pairs=pairs,
        given=open_given,
        withheld=withheld,
        folder=str(Path.cwd()),
    )


def run_live(crawler: Crawler, arguments: Mapping[str, Any], live: LiveJob, *, is_quiet: bool = False) -> int:
    """Run a crawl on its job, and return the exit code.

    Raises:
        CrawlError: the crawl could not go on.
    """
    live.later = leaving.later
    try:
        for line in live.said:
            click.echo(line, err=True)
        crawler.job = live
        return run_crawler(crawler, arguments, live.said)
    finally:
        live.close()
        if not is_quiet and _is_worth_going_on(live):
            click.echo(f"Job {live.name} can go on: fwk resume {live.name}", err=True)


def _say_over(live: LiveJob) -> int:
    """Say that the job was through when its process was killed, and return the exit code that it did not come to."""
    live.later = leaving.later
    for line in live.said:
        click.echo(line, err=True)
    live.told()
    live.close()
    return 0


def _is_worth_going_on(live: LiveJob) -> bool:
    """Say whether something was begun (a file that could not be opened is the last word) and is not at its end."""
    if live.is_refused:
        return False
    progress = progress_of(live.folder) if live.can_go_on and live.folder.exists() else Progress()
    return progress is None or bool(progress.pages or progress.pending)


def cut_outputs(job: StoredJob) -> None:
    """Cut the output files of an unfinished job back to what it has committed, and close them in good order.

    Raises:
        CrawlError: its spider is not there any more, or a file cannot be cut.
    """
    with contextlib.chdir("."):  # the job's own folder is entered, and left again
        run = StoredRun(job)
        crawler = crawler_for(run.load_spider(), run.settings, run.options)
        asyncio.run(crawler.cut_outputs(job.folder, **run.arguments))


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _ask(question: str) -> bool:
    return click.confirm(question, default=True, err=True)
