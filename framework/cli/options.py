"""The options that several commands have."""

from __future__ import annotations

import click

argument_option = click.option(
    "-a", "arguments", multiple=True, metavar="NAME=VALUE", help="An argument for the spider; may be repeated."
)
setting_option = click.option(
    "-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others; may be repeated."
)
