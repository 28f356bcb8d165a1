"""``fwk runspider FILE``: run a spider that is in a file of its own, without a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from framework.exceptions import PluginError
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import load_file, nameless, spiders_of

from .running import RunOptions, run_options, run_spider


@click.command("runspider")
@click.argument("file", type=click.Path(path_type=Path))
@run_options
def command(file: Path, **given: Any) -> int:
    """Run the spider in FILE, a Python file. Inside a project its settings count, outside the defaults.

    Example: fwk runspider quotes.py -O quotes.jsonl
    """
    options = RunOptions(**given)
    settings = load_settings(find_project(), options.pairs)
    module = load_file(file)
    found = spiders_of(module)
    if not found:
        msg = f"{file} has no spider: write a class that derives from framework.Spider{nameless(module)}"
        raise PluginError(msg)
    if len(found) > 1:
        names = ", ".join(spider.__name__ for spider in found)
        msg = f"{file} has several spiders ({names}); runspider takes a file with one, fwk crawl takes a name"
        raise PluginError(msg)
    return run_spider(found[0], settings, options)
