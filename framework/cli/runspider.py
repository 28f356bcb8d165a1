"""``fwk runspider FILE``: run a spider that is in a file of its own, without a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from framework.project.configuration import load_settings
from framework.project.discovery import find_project

from .jobruns import Origin, run_as_job
from .options import choice_options
from .running import RunOptions, run_options
from .spiderfiles import spider_in


@click.command("runspider")
@click.argument("file", type=click.Path(path_type=Path))
@run_options
@choice_options
def command(file: Path, **given: Any) -> int:
    """Run the spider in FILE, a Python file. Inside a project its settings count, outside the defaults.

    Example: fwk runspider quotes.py -O quotes.jsonl
    """
    options = RunOptions(**given)
    settings = load_settings(find_project(), options.pairs)
    return run_as_job(spider_in(file), settings, options, Origin("runspider", str(file.absolute())))
