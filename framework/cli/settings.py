"""``fwk settings [NAME]``: what settings are, where they come from, and what they mean."""

from __future__ import annotations

import difflib

import click

from framework.exceptions import UsageError
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.settings import Settings
from framework.settings.description import describe
from framework.settings.secrets import shown
from framework.settings.validation import validate


@click.command("settings")
@click.argument("name", required=False)
@click.option("--get", "only_value", metavar="NAME", help="Print the value of NAME and nothing else.")
@click.option("--all", "show_all", is_flag=True, help="Also the settings that nobody has changed.")
@click.option("-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others.")
def command(name: str | None, only_value: str | None, pairs: tuple[str, ...], *, show_all: bool) -> None:
    """Show the setting NAME: its value, where it comes from, what it means. Without NAME: all that were changed."""
    settings = load_settings(find_project(), pairs)
    if only_value:
        click.echo(_value(settings, only_value))
    elif name:
        click.echo(describe(settings, _known(settings, name)))
    else:
        _list(settings, show_all=show_all)
    for note in validate(settings):
        click.echo(f"note: {note}", err=True)


def _known(settings: Settings, name: str) -> str:
    if name in settings:
        return name
    close = difflib.get_close_matches(name.upper(), list(settings), n=1)
    hint = f"did you mean {close[0]}?" if close else "fwk settings --all lists them"
    msg = f"there is no setting {name!r}; {hint}"
    raise UsageError(msg)


def _value(settings: Settings, name: str) -> str:
    return shown(_known(settings, name), settings[name])


def _list(settings: Settings, *, show_all: bool) -> None:
    own = set(settings.user_names())
    for name in sorted(settings):
        origin = settings.origin(name)
        is_changed = settings.is_set(name)
        if not (is_changed or show_all):
            continue
        place = f"  ({origin.place})" if origin is not None and is_changed else ""
        mark = " [yours]" if name in own else ""
        click.echo(f"{name} = {_value(settings, name)}{place}{mark}")
