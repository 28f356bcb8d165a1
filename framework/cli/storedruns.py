"""The command that a stored job was begun with, to be run again.

Place in the flow: ``resume`` and ``retry`` run it; a job that is abandoned gets its outputs from it. It runs in the
folder it was called in, so that every relative path means what it meant. Secrets are not stored: they have to be given
again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from framework.exceptions import UsageError
from framework.jobs import StoredJob
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader
from framework.settings.loading import ENVIRONMENT_PREFIX
from framework.settings.secrets import MASK
from framework.spiders import Spider

from .running import RunOptions, spider_arguments
from .spiderfiles import spider_in


class StoredRun:
    """What a job's command was, with what is given now on top of it.

    Args:
        job: the job; it is not damaged.
        given: the options of the command that goes on with it; without it, secrets may be missing.

    Attributes:
        options: the options to run with.
        arguments: the spider's.
        settings: those of the project, with ``-s`` of both commands.

    Raises:
        UsageError: the job was begun by code, its folder is gone, or it is one of another project.
    """

    def __init__(self, job: StoredJob, given: RunOptions | None = None) -> None:
        command = job.record.command
        self.kind, self.target = str(command.get("kind", "code")), str(command.get("target", ""))
        if self.kind == "code":
            msg = f"job {job.name} was begun by a program and not by fwk: run that program again"
            raise UsageError(msg)
        self._enter(job, str(command.get("folder", "")))
        self.options = given or RunOptions()
        own = spider_arguments(self.options.arguments)
        if given is not None:
            _refuse_changes(job, own)
            _ask_for_secrets(job, given, own, os.environ)
        self.arguments = {**job.record.arguments, **own}
        self.options.pairs = [*command.get("pairs", ()), *self.options.pairs]
        if not self.options.appended and not self.options.overwritten:
            outputs = command.get("given", ())
            self.options.appended = [text for option, text in outputs if option == "-o"]
            self.options.overwritten = [text for option, text in outputs if option == "-O"]
        self.settings = load_settings(find_project(), self.options.pairs)

    def load_spider(self) -> type[Spider]:
        """Return the spider's class, as its code is now.

        Raises:
            PluginError: it is not there any more.
        """
        if self.kind == "runspider":
            return spider_in(Path(self.target))
        return SpiderLoader.from_settings(self.settings).load(self.target)

    def _enter(self, job: StoredJob, folder: str) -> None:
        here = find_project()
        try:
            os.chdir(folder)
        except OSError as error:
            msg = f"job {job.name} was begun in {folder}, which cannot be entered: {error.strerror}"
            raise UsageError(msg) from error
        there = find_project()
        # Who calls this in a copy of a project does not mean the files of the original.
        if here is not None and (there is None or there.root != here.root):
            msg = f"job {job.name} was begun in {folder}, which is outside of the project in {here.root}"
            raise UsageError(f"{msg}; go on with it there")


def _refuse_changes(job: StoredJob, own: Mapping[str, str]) -> None:
    """Refuse another argument for the spider: that would be another crawl."""
    for name, value in own.items():
        if job.record.arguments.get(name) not in (value, MASK):
            msg = f"-a {name}: job {job.name} was begun without it or with another value; that is a crawl of its own"
            raise UsageError(msg)


def _ask_for_secrets(job: StoredJob, given: RunOptions, own: Mapping[str, str], environ: Mapping[str, str]) -> None:
    names = {pair.partition("=")[0].strip() for pair in given.pairs}
    names |= {name.removeprefix(ENVIRONMENT_PREFIX) for name in environ if name.startswith(ENVIRONMENT_PREFIX)}
    missing = [secret for secret in _withheld(job) if not _is_given(secret, names, own, given)]
    if missing:
        again = " ".join(f"{secret}=..." if secret[:2] in ("-s", "-a") else secret for secret in missing)
        msg = f"job {job.name} was begun with secrets, which are not stored; give them again: {again}"
        raise UsageError(msg)


def _withheld(job: StoredJob) -> Sequence[str]:
    return [str(secret) for secret in job.record.command.get("withheld", ())]


def _is_given(secret: str, settings: set[str], arguments: Mapping[str, str], given: RunOptions) -> bool:
    option, _, name = secret.partition(" ")
    if option == "-s":
        return name in settings
    if option == "-a":
        return name in arguments
    return bool(given.appended or given.overwritten)
