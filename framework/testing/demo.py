"""``make demo``: opens the demo shop, runs this repository's ``fwk crawl books`` against it, and shows what came out.

Runs the real command in a process of its own, as a user would; the shop is open for as long as that takes.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import click

from framework.testing.shop import ThreadedShop

_SAMPLES = 3
_HOME = Path(".fwk")


@click.command()
@click.option("--books", default=1000, show_default=True, type=click.IntRange(1), help="How many books the shop has.")
@click.option("--output", default="books.jsonl", show_default=True, type=click.Path(path_type=Path))
def main(books: int, output: Path) -> None:
    """Crawl the demo shop once and show three of the items, and three of MongoDB's documents."""
    begun_at = time.time()
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
    _show_database(begun_at)
    click.echo(f"\nNext, a project of your own:\n  {_shown(_beside_python('fwk'))} startproject myshop")


def _show_database(begun_at: float) -> None:
    """Say where the documents are and how to query them, and read three of them back through the server."""
    written_at = {file: file.stat().st_mtime for file in _HOME.rglob("data.sqlite")}
    files = sorted((file for file in written_at if written_at[file] >= begun_at), key=written_at.__getitem__)
    if not files:
        click.echo(
            f"\nThis crawl has left no embedded MongoDB in {_HOME}, so that no documents are read back: they are where "
            "MONGO_URI says (fwk settings MONGO_URI)."
        )
        return
    count, documents = asyncio.run(_read_back(files[-1].parent))
    click.echo(f"\nMongoDB has {count:,} documents in fwk.books. Three of them, asked for over its protocol:")
    for document in documents:
        click.echo(
            f"  {document['_id']}: {document['title']}, {document['price']}, seen {document['last_seen']:%H:%M:%S}"
        )
    click.echo(
        f"To query them yourself:\n  {_shown(_beside_python('nx-27017'))} --db {_shown(files[-1])}\n"
        f'  {_shown(Path(sys.executable))} -c "import pymongo; print(pymongo.MongoClient().fwk.books.find_one())"'
    )


async def _read_back(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    from pymongo import AsyncMongoClient

    from framework.pipelines.mongo.embedded import EmbeddedServer

    server = EmbeddedServer(folder)
    await server.start()
    try:
        async with AsyncMongoClient[dict[str, Any]](server.uri) as client:
            books = client["fwk"]["books"]
            return await books.count_documents({}), await books.find({}).limit(_SAMPLES).to_list(_SAMPLES)
    finally:
        await server.stop()


def _beside_python(name: str) -> Path:
    return Path(sys.executable).parent / name


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
