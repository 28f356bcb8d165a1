"""``fwk list``: the spiders of this project."""

from __future__ import annotations

import click

from framework.exceptions import UsageError
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader


@click.command("list")
@click.option("-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others.")
def command(pairs: tuple[str, ...]) -> None:
    """List the names of the spiders of this project, one a line."""
    project = find_project()
    if project is None:
        msg = "this folder is in no project; make one: fwk startproject NAME"
        raise UsageError(msg)
    for name in SpiderLoader.from_settings(load_settings(project, pairs)).list():
        click.echo(name)
