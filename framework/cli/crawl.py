"""``fwk crawl SPIDER``: run a spider of this project."""

from __future__ import annotations

from typing import Any

import click

from framework.project.configuration import load_settings
from framework.project.discovery import the_project
from framework.project.spiderloader import SpiderLoader

from .jobruns import Origin, run_as_job
from .options import choice_options
from .running import RunOptions, run_options


@click.command("crawl")
@click.argument("spider")
@run_options
@choice_options
def command(spider: str, **given: Any) -> int:
    """Run the spider called SPIDER to its end.

    A crawl that was killed goes on when the same command is given again. After Ctrl-C it asks; --resume and --new
    decide beforehand.

    Ctrl-C once: what is in flight is finished, then the crawl ends (exit code 0). Twice: it stops at once (1).

    Example: fwk crawl books -O books.jsonl
    """
    options = RunOptions(**given)
    settings = load_settings(the_project(), options.pairs)
    spidercls = SpiderLoader.from_settings(settings).load(spider)
    return run_as_job(spidercls, settings, options, Origin("crawl", spider))
