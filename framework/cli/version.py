"""``fwk version``: the version, and with ``-v`` those of the libraries underneath, for bug reports."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click

from framework.version import __version__

_LIBRARIES = ("aiohttp", "uvloop", "lxml", "parsel", "w3lib", "itemadapter", "click", "rich", "motor", "pybloom-live",
              "aiohttp-socks", "playwright")  # fmt: skip


@click.command("version")
@click.option("-v", "--verbose", is_flag=True, help="Also the versions of Python and of the libraries.")
def command(*, verbose: bool) -> None:
    """Print the version."""
    click.echo(f"fwk {__version__}")
    if not verbose:
        return
    click.echo(f"Python {platform.python_version()} ({platform.platform()})")
    for library in _LIBRARIES:
        try:
            click.echo(f"{library} {version(library)}")
        except PackageNotFoundError:
            click.echo(f"{library} not installed")
