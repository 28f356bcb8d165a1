"""``fwk startproject NAME [FOLDER]``: make a new project."""

from __future__ import annotations

from pathlib import Path

import click

from framework.project.scaffold import make_project


@click.command("startproject")
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def command(name: str, folder: Path | None) -> None:
    """Make the project NAME in FOLDER (default: a new folder of that name)."""
    target = folder or Path(name)
    written = make_project(name, target)
    click.echo(f"New project {name!r} in {target.resolve()} ({len(written)} files). Go on with:\n")
    if target.resolve() != Path.cwd():
        click.echo(f"    cd {target}")
    click.echo("    fwk genspider example https://example.com")
    click.echo("    fwk crawl example -O example.jsonl")
