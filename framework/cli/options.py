"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

argument_option = click.option(
    "-a", "arguments", multiple=True, metavar="NAME=VALUE", help="An argument for the spider; may be repeated."
)
setting_option = click.option(
    "-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others; may be repeated."
)


def choice_options(function: Function) -> Function:
    """Add ``--resume`` and ``--new``, which decide beforehand whether a job goes on."""
    function = click.option(
        "--new", is_flag=True, help="Begin a new job; one of this command that could go on is given up."
    )(function)
    return click.option("--resume", is_flag=True, help="Go on with the job of this command, or fail if there is none.")(
        function
    )
