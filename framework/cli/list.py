"""``fwk list``: the spiders of this project."""

from __future__ import annotations

import click

from framework.project.configuration import load_settings
from framework.project.discovery import the_project
from framework.project.spiderloader import SpiderLoader

from .options import setting_option


@click.command("list")
@setting_option
def command(pairs: tuple[str, ...]) -> None:
    """List the names of the spiders of this project, one a line."""
    loader = SpiderLoader.from_settings(load_settings(the_project(), pairs))
    for name in loader.list():
        click.echo(name)
    for problem in loader.problems():
        click.echo(f"note: {problem}", err=True)
