"""``fwk fates [JOB]``: how many requests ended in which way and why; all of them as CSV."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from framework.components import did_you_mean
from framework.exceptions import UsageError
from framework.frontier.store import EndKind, FateRow, StoreSearch
from framework.http.url import mask_password
from framework.jobs import StoredJob
from framework.project.configuration import load_settings
from framework.project.discovery import find_project

from .jobfiles import KINDS, ended_of, exact_moment, newest_first, not_kept, open_file
from .options import setting_option
from .reasons import meaning, short

_COLUMNS = ("url", "method", "kind", "reason", "parent", "found", "ended", "items", "tries")
_NUMBERS = {name: number for number, name in KINDS.items()}
_SHOWN = 40
_OTHERS = "(other reasons)"
_NOT_KEPT = "(no record)"


@click.command("fates")
@click.argument("job", required=False)
@click.option("--kind", type=click.Choice(list(_NUMBERS)), help="Only fates of this kind.")
@click.option("--reason", metavar="WORD", help="Only fates with this reason, as the table has it.")
@click.option("--csv", "file", metavar="FILE", help="Write every fate as a line of CSV; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@setting_option
def command(
    job: str | None, kind: str | None, reason: str | None, file: str | None, pairs: tuple[str, ...], *, as_json: bool
) -> None:
    """Count how the requests of JOB ended, by kind and reason; without a name, of the job that was begun last.

    done: its page was parsed. replaced: a redirect or a middleware gave another request. dropped: a rule stopped it
    after it was accepted. failed: no page, or its callback raised. refused: a rule did not even accept it; duplicates
    are only counted.

    Example: fwk fates books-3 --kind failed --csv failed.csv
    """
    from .jobruns import the_jobs  # takes the whole crawler along

    asked = next(newest_first(the_jobs(load_settings(find_project(), pairs)), job), None)
    if asked is None:
        msg = "there is no job to ask; a crawl with FRONTIER = 'memory' leaves none"
        raise UsageError(msg)
    if file is not None and as_json:
        msg = "--csv writes every fate and --json prints counts: give one of them"
        raise UsageError(msg)
    number = None if kind is None else _NUMBERS[kind]
    with open_file(asked) as reader:
        if reason is not None:
            _check_reason(asked, reader, reason)
        if file is not None:
            _export(reader, file, number, reason)
        else:
            _count(asked, reader, number, reason, as_json=as_json)


def _check_reason(job: StoredJob, reader: StoreSearch, reason: str) -> None:
    """Refuse a word that is no reason in this job, nor one that fwk could have given.

    Raises:
        UsageError: which reasons there are.
    """
    there = {why for _, why, _ in _counts(reader) if why}
    if reason in there or meaning(reason) or next(reader.each_batch(None, reason), None):
        return
    hint = did_you_mean(reason, sorted(there))
    if not hint:
        hint = f"; it has: {', '.join(sorted(there))}" if there else "; it has none at all"
    msg = f"no request of job {job.name} has the reason {reason!r}{hint}"
    raise UsageError(msg)


# -- counts ------------------------------------------------------------------------------------------------------


def _count(job: StoredJob, reader: StoreSearch, kind: int | None, reason: str | None, *, as_json: bool) -> None:
    rows = [row for row in _counts(reader) if kind in (None, row[0]) and reason in (None, row[1])]
    balance = _balance(reader)
    if as_json:
        counts = [{"kind": KINDS[number], "reason": why, "requests": count} for number, why, count in rows]
        click.echo(json.dumps({"job": job.name, "counts": counts, "balance": balance}, indent=2))
        return
    click.echo(f"Job {job.name}, {job.state.value}")
    cells = [("KIND", "REASON", "REQUESTS"), *((KINDS[number], why, f"{count:,}") for number, why, count in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    for name, why, count in cells:
        click.echo(f"{name:<{widths[0]}}  {why:<{widths[1]}}  {count:>{widths[2]}}")
    click.echo(_balance_line(balance))
    missing = not_kept(reader)
    if missing:
        click.echo(f"note: {missing}")


def _counts(reader: StoreSearch) -> list[tuple[int, str, int]]:
    """Return (kind, reason, how many), by kind and then the most frequent first; what is not listed is summed up."""
    books, kept = reader.books(), reader.totals()
    counts = dict(sorted(reader.most_frequent(_SHOWN).items(), key=lambda pair: (pair[0][0], -pair[1], pair[0][1])))
    found = [(kind, reason, count) for (kind, reason), count in counts.items()]
    for number, name in KINDS.items():
        listed = sum(count for kind, _, count in found if kind == number)
        others = kept.get(number, 0) - listed
        unrecorded = ended_of(books).get(name, 0) - kept.get(number, 0)
        found += [(number, _OTHERS, others)] if others > 0 else []
        found += [(number, _NOT_KEPT, unrecorded)] if unrecorded > 0 else []
    duplicates = books.counts.get("refused", 0)
    found += [(int(EndKind.REFUSED), "duplicate", duplicates)] if duplicates else []
    return sorted(found, key=lambda row: row[0])


def _balance(reader: StoreSearch) -> dict[str, int]:
    """Return the balance as the last checkpoint has it: from the tables, where they hold it."""
    books, kept = reader.books(), reader.totals()
    ended = {name: max(counted, kept.get(_NUMBERS[name], 0)) for name, counted in ended_of(books).items()}
    return {"offered": reader.accepted(), **ended, "pending": books.sums["rows"].count}


def _balance_line(balance: dict[str, int]) -> str:
    parts = " + ".join(f"{count:,} {name}" for name, count in balance.items() if name != "offered")
    return f"balance: {balance['offered']:,} offered = {parts}"


# -- export ------------------------------------------------------------------------------------------------------


def _export(reader: StoreSearch, file: str, kind: int | None, reason: str | None) -> None:
    """Write a line a fate, a thousand at a time: millions take no more memory than these."""
    lines = 0
    with _target(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for batch in reader.each_batch(kind, reason):
            writer.writerows(_records(batch, reader))
            lines += len(batch)
    if file != "-":
        click.echo(f"{lines:,} fates in {file}", err=True)
    missing = not_kept(reader)
    if missing:
        click.echo(f"note: {missing}", err=True)


@contextlib.contextmanager
def _target(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdout
        return
    try:
        with Path(file).open("w", encoding="utf-8", newline="") as stream:
            yield stream
    except OSError as error:
        msg = f"cannot write {file}: {error.strerror}"
        raise UsageError(msg) from error


def _records(batch: Sequence[FateRow], reader: StoreSearch) -> Iterator[tuple[Any, ...]]:
    parents = reader.urls_of({fate.parent for fate in batch})
    for fate in batch:
        yield (
            mask_password(fate.url),
            fate.method,
            KINDS[fate.kind],
            fate.reason,
            mask_password(parents.get(fate.parent, "")) if fate.parent else "start()",
            exact_moment(fate.found_at),
            exact_moment(fate.ended_at),
            fate.items,
            "; ".join(f"{exact_moment(at)} {short(error)}" for at, error in fate.tries),
        )
