"""``make demo``: opens the demo shop, runs this repository's ``fwk crawl books`` against it, and shows what came out.

Runs the real command in a process of its own, as a user would; the shop is open for as long as that takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import click

from framework.testing.shop import ThreadedShop

_SAMPLES = 3


@click.command()
@click.option("--books", default=1000, show_default=True, type=click.IntRange(1), help="How many books the shop has.")
@click.option("--output", default="books.jsonl", show_default=True, type=click.Path(path_type=Path))
def main(books: int, output: Path) -> None:
    """Crawl the demo shop once and show three of the items."""
    with ThreadedShop(books=books) as shop:
        command = ["crawl", "books", "-O", str(output), "-a", f"shop={shop.url}"]
        click.echo(f"The demo shop is open at {shop.url} with {books:,} books.\n$ fwk {' '.join(command)}\n", err=True)
        code = subprocess.run([sys.executable, "-m", "framework", *command], check=False).returncode  # noqa: S603
    if code:
        sys.exit(code)
    click.echo(f"\nThe items are in {output.resolve()}. Three of them:")
    with output.open(encoding="utf-8") as lines:
        for line in islice(lines, _SAMPLES):
            item = json.loads(line)
            click.echo(
                f"  {item['title']} by {item['author']}: {item['price']}, {item['stock']} in stock ({item['url']})"
            )
    fwk = Path(sys.executable).parent / "fwk"
    shown = fwk.relative_to(Path.cwd()) if fwk.is_relative_to(Path.cwd()) else fwk
    click.echo(f"\nNext, a project of your own:\n  {shown} startproject myshop")


if __name__ == "__main__":
    main()
