"""``fwk shop``: serve the demo shop, a bookshop to try spiders on, on this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import click

from framework.exceptions import UsageError

if TYPE_CHECKING:
    from framework.testing.shop import Shop


@click.command("shop")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--books", default=1000, show_default=True, type=click.IntRange(1, 10_000_000), help="How many books.")
@click.option("--seed", default=7, show_default=True, help="Another seed gives other books.")
@click.option("--log-file", metavar="FILE", help="Write every request there, a JSON object a line.")
def command(host: str, port: int, books: int, seed: int, log_file: str | None) -> None:
    """Serve the demo shop until Ctrl-C."""
    from framework.testing.shop import Shop  # the server is imported only when it serves

    shop = Shop(books=books, host=host, port=port, seed=seed, log_file=log_file)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(_serve(shop))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            msg = f"the shop cannot listen on {host}:{port}: {why}; choose another --port (0 takes a free one)"
            raise UsageError(msg) from error


async def _serve(shop: Shop) -> None:
    async with shop:
        click.echo(f"The shop is open at {shop.url} ({len(shop.books)} books); Ctrl-C closes it")
        await asyncio.Event().wait()
