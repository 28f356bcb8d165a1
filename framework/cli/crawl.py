"""``fwk crawl SPIDER``: run a spider of this project."""

from __future__ import annotations

from typing import Any

import click

from framework.exceptions import UsageError
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader

from .running import RunOptions, run_options, run_spider


@click.command("crawl")
@click.argument("spider")
@run_options
def command(spider: str, **given: Any) -> int:
    """Run the spider called SPIDER to its end.

    Example: fwk crawl books -O books.jsonl
    """
    options = RunOptions(**given)
    project = find_project()
    if project is None:
        msg = (
            "this folder is in no project (no setup.cfg with a section [fwk], no settings.py beside spiders/); "
            "make one: fwk startproject NAME, or run a single file: fwk runspider FILE"
        )
        raise UsageError(msg)
    settings = load_settings(project, options.pairs)
    spidercls = SpiderLoader.from_settings(settings).load(spider)
    return run_spider(spidercls, settings, options)
