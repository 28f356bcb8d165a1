"""Jobs of crawls that no command started: scripts, notebooks, tests.

Place in the flow: ``crawler.py`` asks when it was given no job. Such a crawl is a job only where ``JOBDIR`` is set or
``FRONTIER`` is ``"sqlite"``; nobody is asked anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.exceptions import SettingsError
from framework.settings import Settings
from framework.settings.declared import DurabilityOptions

from .choosing import CutOutputs, decide
from .jobsfolder import JobsFolder
from .key import Command, Key, Output, feed_outputs, mongo_outputs, stored_arguments
from .live import LiveJob
from .owning import refuse_files_of_others


def wants_job(settings: Settings, *, is_command: bool = False) -> bool:
    """Say whether a crawl with these settings is kept in a job folder.

    Args:
        settings: those of the crawl, the spider's included.
        is_command: ``fwk crawl`` and ``fwk runspider`` make jobs where nothing else is said.

    Raises:
        SettingsError: ``JOBDIR`` is set, and ``FRONTIER`` says that nothing is to be kept.
    """
    options = settings.group(DurabilityOptions)
    if options.frontier == "memory" and options.jobdir:
        origin = settings.origin("JOBDIR")
        place = f" ({origin.place})" if origin is not None else ""
        msg = (
            f"JOBDIR = {options.jobdir!r}{place} has no effect with FRONTIER = 'memory', which keeps no job: leave one "
            "of the two out"
        )
        raise SettingsError(msg)
    if options.frontier == "auto":
        return is_command or bool(options.jobdir)
    return options.frontier == "sqlite"


def jobs_folder(settings: Settings, root: Path | None = None) -> JobsFolder:
    """Return the folder of all jobs that the settings name.

    Args:
        settings: those of the project.
        root: what a relative ``JOBS_FOLDER`` is relative to; the working folder when it is not given.
    """
    options = settings.group(DurabilityOptions)
    home = (root or Path.cwd()).resolve()
    path = home / Path(options.jobs_folder).expanduser()
    return JobsFolder(path, keep=options.jobs_keep, root=home if path.is_relative_to(home) else None)


def refuse_files_of_jobs(settings: Settings, key: Key, jobs: JobsFolder | None = None) -> None:
    """Refuse, for a crawl that is no job, a file that belongs to an unfinished job: its items would be cut off again.

    Args:
        settings: those of the crawl.
        key: what is crawled.
        jobs: the folder of all jobs, where it is known. Jobs are looked for in the folders above each file too, as a
            script may run anywhere.

    Raises:
        UsageError: the file, and the job.
    """
    own = jobs or jobs_folder(settings)
    folders = {own.path: own}
    for place in key.files().values():
        for root in Path(place).parents:
            found = jobs_folder(settings, root)
            if found.path.is_dir():
                folders.setdefault(found.path, found)
    for folder in folders.values():
        refuse_files_of_others(folder, key)


def job_from_code(
    settings: Settings,
    spider: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    cut_outputs: CutOutputs,
    outputs: Mapping[str, Output] | None = None,
) -> LiveJob | None:
    """Return the job of a crawl that is started from code, locked, or ``None`` where it is to be none.

    Args:
        settings: those of the crawl, the spider's included.
        spider: the spider's name.
        args, kwargs: the spider's arguments.
        cut_outputs: as ``decide`` takes it.
        outputs: of sinks that are no feeds: place to output.

    Raises:
        SettingsError: as ``wants_job``.
        UsageError: a file that belongs to another unfinished job; another spider's ``JOBDIR``.
        JobError: a job is busy or damaged, or the file system refuses.
    """
    arguments = stored_arguments({**{str(n): value for n, value in enumerate(args)}, **kwargs})
    if not wants_job(settings):
        refuse_files_of_jobs(settings, Key(spider, arguments, feed_outputs(settings, spider, arguments)))
        return None
    key = Key(
        spider, arguments, {**feed_outputs(settings, spider, arguments), **mongo_outputs(settings), **(outputs or {})}
    )
    jobdir = settings.group(DurabilityOptions).jobdir or None
    command = Command(key, folder=str(Path.cwd()))
    return decide(jobs_folder(settings), command, cut_outputs=cut_outputs, jobdir=jobdir)
