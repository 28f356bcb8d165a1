"""``fwk jobs``: the crawls that can go on, and those that have ended; ``fwk jobs rm`` removes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from framework.exceptions import UsageError
from framework.jobs import JobBusyError, JobError, JobsFolder, State, StoredJob, abandon, progress_of, remove, size_of
from framework.jobs.record import UNFINISHED
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.settings.loading import shown_path
from framework.telemetry.wording import duration, size

from .options import setting_option

_TITLES = ("JOB", "STATE", "PAGES", "PENDING", "ITEMS", "AGE", "SIZE")
_TO_THE_RIGHT = frozenset({2, 3, 4, 5, 6})


@click.group("jobs", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@setting_option
@click.pass_context
def command(context: click.Context, pairs: tuple[str, ...], *, as_json: bool) -> None:
    """List all jobs, the one that was begun last at the end: state, pages done, pending, items, age, size on disk.

    killed: its process died. interrupted: by SIGTERM. stopped: by Ctrl-C. ended: nothing is left, or a limit or the
    spider ended it. abandoned: given up for a new job. The same command goes on with killed, interrupted and failed
    jobs; fwk resume JOB goes on with any of which something is left.
    """
    context.obj = jobs = _the_jobs(pairs)
    if context.invoked_subcommand is None:
        found = jobs.jobs()
        click.echo(json.dumps([_facts(job, jobs) for job in found], indent=2) if as_json else _table(found, jobs))


@command.command("rm")
@click.argument("names", metavar="JOB...", nargs=-1)
@click.option("--all-ended", is_flag=True, help="Remove every job that has ended or was abandoned.")
@click.option("--data", "with_data", is_flag=True, help="Also results in the job: a database, dead letters.")
@click.pass_obj
def rm(jobs: JobsFolder, names: tuple[str, ...], *, all_ended: bool, with_data: bool) -> None:
    """Remove jobs: what is stored about them, not the files that they wrote.

    The files of an unfinished job are first cut back to what it has committed, and closed in good order.

    Example: fwk jobs rm books-3
    """
    if bool(names) is all_ended:
        msg = "fwk jobs rm takes the names of jobs, or --all-ended"
        raise UsageError(msg)
    for job in _ended(jobs, with_data=with_data) if all_ended else [jobs.find(name) for name in dict.fromkeys(names)]:
        _give_up(jobs, job, with_data=with_data)
        with jobs.guarded():
            remove(jobs, job, with_data=with_data)
        click.echo(f"Removed job {job.name}.")


def _the_jobs(pairs: Sequence[str]) -> JobsFolder:
    from .jobruns import the_jobs  # takes the whole crawler along

    return the_jobs(load_settings(find_project(), pairs))


def _ended(jobs: JobsFolder, *, with_data: bool) -> list[StoredJob]:
    over = [job for job in jobs.jobs() if job.state in (State.ENDED, State.ABANDONED)]
    kept = [job for job in over if job.results and not with_data]
    for job in kept:
        click.echo(f"Kept job {job.name}: it holds {job.results}; --data removes that too.", err=True)
    return [job for job in over if job not in kept]


def _give_up(jobs: JobsFolder, job: StoredJob, *, with_data: bool) -> None:
    """Cut the files of an unfinished job back; where that cannot be done say so."""
    if job.state not in UNFINISHED or job.state is State.RUNNING or (job.results and not with_data):
        return
    from .jobruns import cut_outputs

    try:
        note = abandon(jobs, job, cut_outputs)
    except JobBusyError:
        raise
    except JobError as error:  # it cannot be noted that the job is given up; that matters no more
        note = f"note: {error}"
    if note:
        click.echo(note, err=True)


def _facts(job: StoredJob, jobs: JobsFolder) -> dict[str, Any]:
    record, progress = job.record, progress_of(job.folder)
    return {
        "job": job.name,
        "spider": record.spider,
        "state": job.state.value,
        "reason": record.reason,
        "pages": progress.pages if progress is not None else None,
        "pending": progress.pending if progress is not None else None,
        "items": progress.items if progress is not None else None,
        "age_s": round(jobs.clock() - record.created_at, 1) if record.created_at else None,
        "size_bytes": size_of(job.folder),
        "arguments": record.arguments,
        "outputs": list(record.outputs),
        "created_at": record.created_at,
        "begun_at": record.begun_at,
        "ended_at": record.ended_at,
        "process": job.process,
        "folder": str(job.folder),
        "problem": job.problem,
    }


def _table(found: Sequence[StoredJob], jobs: JobsFolder) -> str:
    if not found:
        return f"There are no jobs in {shown_path(jobs.path)}."
    rows = [_TITLES, *(_row(_facts(job, jobs)) for job in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if column in _TO_THE_RIGHT else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    problems = [f"note: {job.problem}" for job in found if job.problem]
    places = [f"{job.name} is in {shown_path(job.folder)}" for job in found if job.is_elsewhere]
    return "\n".join([*lines, *places, *problems])


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    numbers = ["?" if facts[name] is None else f"{facts[name]:,}" for name in ("pages", "pending", "items")]
    state = facts["state"]
    if state == State.ENDED and facts["pending"]:
        state = f"{state} ({facts['reason']})"
    age = "?" if facts["age_s"] is None else duration(facts["age_s"])
    return (facts["job"], state, *numbers, age, size(facts["size_bytes"]))
