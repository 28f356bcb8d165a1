"""``fwk retry JOB``: the failed requests of a job once more."""

from __future__ import annotations

from typing import Any

import click

from framework import jobfiles
from framework.frontier.records import with_tries
from framework.frontier.store import requeue_failed
from framework.jobs import LiveJob, progress_of
from framework.project.configuration import load_settings
from framework.project.discovery import find_project

from .jobruns import the_jobs
from .resume import run_stored
from .running import RunOptions, run_options


@click.command("retry")
@click.argument("job")
@run_options
def command(job: str, **given: Any) -> int:
    """Try the failed requests of JOB again, and crawl what they lead to.

    Items that a callback has delivered before it failed are not delivered twice. The options are those of fwk resume.

    Example: fwk retry books-3
    """
    options = RunOptions(**given)
    jobs = the_jobs(load_settings(find_project(), options.pairs))
    return run_stored(jobs, jobs.find(job), options, _requeue, verb="retry")


def _requeue(live: LiveJob) -> bool:
    """Make the failed requests pending again; say whether there is anything to crawl."""
    path = live.folder / jobfiles.STORE
    count = requeue_failed(path, data_of=with_tries) if path.exists() else 0
    live.said[:] = [f"Job {live.name}: {count:,} failed {'request' if count == 1 else 'requests'} to try again"]
    progress = progress_of(live.folder)
    # Those of an earlier attempt to retry may be pending, which did not come to begin.
    if count or (progress is not None and progress.pending):
        return True
    click.echo(live.said[0])
    if progress is not None and progress.failed:
        failed = "1 request has" if progress.failed == 1 else f"{progress.failed:,} requests have"
        click.echo(f"{failed} failed of which nothing is stored: with FATES = 'off' none is, and never one that rode")
    return False
