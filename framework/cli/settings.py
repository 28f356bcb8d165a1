"""``fwk settings [NAME]``: what settings are, where they come from, and what they mean."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

import click

from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader
from framework.settings import Settings
from framework.settings.description import Description, describe, describe_all
from framework.settings.secrets import masked
from framework.settings.validation import validate

from .options import setting_option


@click.command("settings")
@click.argument("name", required=False)
@click.option("--get", "only_value", metavar="NAME", help="Print the value of NAME and nothing else.")
@click.option("--all", "show_all", is_flag=True, help="List also the settings that nobody has changed.")
@click.option("--spider", metavar="NAME", help="With the custom_settings of this spider.")
@setting_option
def command(
    name: str | None, only_value: str | None, spider: str | None, pairs: tuple[str, ...], *, show_all: bool
) -> None:
    """Show the setting NAME: its value, where it comes from, what it means. Without NAME: all that were changed.

    Layers, the strongest last: default, settings.py, custom_settings of the spider, environment FWK_*, -s.
    """
    settings = load_settings(find_project(), pairs)
    if spider is not None:
        SpiderLoader.from_settings(settings).load(spider).update_settings(settings)
    if only_value:
        describe(settings, only_value)
        click.echo(_bare(masked(only_value, settings[only_value])))
        return
    if name:
        click.echo(_in_detail(describe(settings, name)))
    else:
        click.echo(_listed(settings, show_all=show_all))
    for note in validate(settings):
        click.echo(f"note: {note}", err=True)


def _bare(value: Any) -> str:
    """Return a value for scripts: a text as it is, everything that holds others as JSON."""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=str)
    return str(value)


def _in_detail(found: Description) -> str:
    kind = " ".join(filter(None, [found.type_name, found.bounds, f"({found.unit})" if found.unit else ""]))
    rows = [
        ("value", found.value),
        ("set by", found.origin.place or found.origin.layer),
        ("default", found.default if found.is_declared else ""),
        ("type", kind),
        ("group", found.group),
    ]
    lines = [found.name, *(f"  {title:<8} {text}" for title, text in rows if text), ""]
    return "\n".join([*lines, textwrap.fill(found.doc, 100, initial_indent="  ", subsequent_indent="  ")])


def _listed(settings: Settings, *, show_all: bool) -> str:
    shown = [found for found in describe_all(settings) if show_all or settings.is_set(found.name)]
    declared = [found for found in shown if found.is_declared]
    own = [found for found in shown if not found.is_declared]
    lines = [*_grouped(declared), *_titled("Your own", own)]
    if not lines:
        lines = ["Nothing is changed: every setting has its default."]
    return "\n".join(
        [*lines, "", "fwk settings NAME says more about one" + ("." if show_all else ", --all lists all.")]
    )


def _grouped(shown: Sequence[Description]) -> list[str]:
    lines: list[str] = []
    for title in dict.fromkeys(found.group for found in shown):
        lines += _titled(title, [found for found in shown if found.group == title])
    return lines


def _titled(title: str, shown: Sequence[Description]) -> list[str]:
    if not shown:
        return []
    return [title, *(_line(found) for found in shown)]


def _line(found: Description) -> str:
    place = found.origin.place if found.origin.layer != "default" else ""
    value = found.value if len(found.value) <= 100 else f"{found.value[:97]}..."
    return f"  {found.name} = {value}" + (f"  ({place})" if place else "")
