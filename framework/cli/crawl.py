"""``fwk crawl SPIDER``: run a spider of this project."""

from __future__ import annotations

from typing import Any

import click

from framework.project.configuration import load_settings
from framework.project.discovery import the_project
from framework.project.spiderloader import SpiderLoader

from .running import RunOptions, run_options, run_spider


@click.command("crawl")
@click.argument("spider")
@run_options
def command(spider: str, **given: Any) -> int:
    """Run the spider called SPIDER to its end.

    Ctrl-C once: what is in flight is finished, then the crawl ends (exit code 0). Twice: it stops at once (1).

    Example: fwk crawl books -O books.jsonl
    """
    options = RunOptions(**given)
    settings = load_settings(the_project(), options.pairs)
    spidercls = SpiderLoader.from_settings(settings).load(spider)
    return run_spider(spidercls, settings, options)
