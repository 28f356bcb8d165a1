"""``fwk resume [JOB]``: go on with a job, whatever ended it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from framework.exceptions import UsageError
from framework.jobs import JobsFolder, LiveJob, StoredJob, go_on
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.settings.validation import validate

from .jobruns import Origin, command_of, cut_outputs, run_live, the_jobs
from .running import RunOptions, crawler_for, run_options
from .storedruns import StoredRun

Prepare = Callable[[LiveJob], bool]


@click.command("resume")
@click.argument("job", required=False)
@run_options
def command(job: str | None, **given: Any) -> int:
    """Go on with JOB; without a name, with the one that was begun last of those that can go on.

    Spider, arguments, settings and outputs are those of the job; -s changes settings, -o names another file for what
    comes from now on. Secrets are not stored and have to be given again.

    Example: fwk resume books-3
    """
    options = RunOptions(**given)
    jobs = the_jobs(load_settings(find_project(), options.pairs))
    stored = jobs.find(job) if job else _newest(jobs)
    if job and stored.state == "ended" and not stored.can_go_on:
        msg = f"job {job} has ended, and nothing is left of it; fwk retry {job} tries its failed requests again"
        raise UsageError(msg)
    return run_stored(jobs, stored, options)


def run_stored(
    jobs: JobsFolder, stored: StoredJob, options: RunOptions, prepare: Prepare | None = None, *, verb: str = "resume"
) -> int:
    """Run the command of a job again, on that job, and return the exit code.

    Args:
        jobs: the folder of all jobs.
        stored: the job.
        options: what is given now, on top of what the job was begun with.
        prepare: called when the job is locked; where it returns ``False`` there is nothing to do.
        verb: the command that this is.

    Raises:
        UsageError: its command cannot be run again as it is; the message says what is missing.
        CrawlError: the crawl could not go on.
    """
    stored.refuse_damage()
    run = StoredRun(stored, options)
    crawler = crawler_for(run.load_spider(), run.settings, run.options)
    validate(crawler.settings)
    what = command_of(crawler, run.arguments, run.options, Origin(run.kind, run.target))
    live = go_on(jobs, stored, what, cut_outputs=cut_outputs, verb=verb)
    try:
        if prepare is not None and not prepare(live):
            return 0
        return run_live(crawler, run.arguments, live, is_quiet=options.nolog)
    finally:
        live.close()


def _newest(jobs: JobsFolder) -> StoredJob:
    """Return the job that goes on where none is named: an unfinished one before one that was given up or has ended."""
    able = [job for job in jobs.jobs() if job.can_go_on]
    if not able:
        msg = f"there is no job to resume in {jobs.path}; fwk jobs lists those that have ended"
        raise UsageError(msg)
    return max(able, key=lambda job: (job.state not in ("abandoned", "ended"), job.record.begun_at))
