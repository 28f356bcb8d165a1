"""``fwk fetch URL``: fetch a URL as a spider of this project would, through all middlewares, and print it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

import click

from framework.exceptions import PluginError
from framework.failure import Failure
from framework.http import Request, Response
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader
from framework.settings import Settings
from framework.spiders import Spider

from .running import RunOptions, run_spider


class _Fetch(Spider):
    """Fetches one URL and prints it."""

    name = "fetch"

    async def start(self) -> AsyncIterator[Any]:
        yield _request(self)

    def parse(self, response: Response, **kwargs: Any) -> None:
        _print(response, with_headers=getattr(self, "with_headers", False))

    def complain(self, failure: Failure) -> None:
        click.echo(f"fwk: {failure.getErrorMessage()}", err=True)


def _request(spider: Any) -> Request:
    meta: dict[str, Any] = {"handle_httpstatus_all": not spider.redirects, "handle_httpstatus_list": range(400, 600)}
    if not spider.redirects:
        meta["dont_redirect"] = True
    return Request(spider.url, callback=spider.parse, errback=spider.complain, meta=meta, dont_filter=True)


def _print(response: Response, *, with_headers: bool) -> None:
    if with_headers:
        request = response.request
        assert request is not None  # noqa: S101 - the engine has set it
        for mark, headers in ((">", request.headers), ("<", response.headers)):
            for name, values in headers.items():
                for value in values:
                    click.echo(f"{mark} {name.decode('latin-1')}: {value.decode('latin-1')}")
        return
    sys.stdout.buffer.write(response.body)
    sys.stdout.flush()


@click.command("fetch")
@click.argument("url")
@click.option("--spider", metavar="NAME", help="Fetch with the settings and start arguments of this spider.")
@click.option("--headers", is_flag=True, help="Print the headers sent (>) and received (<), not the body.")
@click.option("--no-redirect", is_flag=True, help="Do not follow redirects.")
@click.option("-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others.")
@click.option("-L", "--loglevel", metavar="LEVEL", default="WARNING", show_default=True, help="The log's level.")
def command(
    url: str, spider: str | None, pairs: tuple[str, ...], loglevel: str, *, headers: bool, no_redirect: bool
) -> int:
    """Fetch URL through the downloader and its middlewares, and print the body."""
    project = find_project()
    settings = load_settings(project, pairs)
    settings.set("PROGRESS", "off", priority="cmdline")
    settings.set("ROBOTSTXT_OBEY", False, priority="cmdline")
    spidercls = _spider_class(spider, settings)
    spidercls.url, spidercls.redirects, spidercls.with_headers = url, not no_redirect, headers
    return run_spider(spidercls, settings, RunOptions(loglevel=loglevel))


def _spider_class(name: str | None, settings: Settings) -> Any:
    """Return a class that fetches as the named spider does."""
    if name is None:
        return type("Fetch", (_Fetch,), {})
    base = SpiderLoader.from_settings(settings).load(name)
    if base.from_crawler.__func__ is not Spider.from_crawler.__func__:  # type: ignore[attr-defined]
        msg = f"spider {name!r} has its own from_crawler; fetch cannot stand in for it, leave --spider out"
        raise PluginError(msg)
    own = {"start": _Fetch.start, "parse": _Fetch.parse, "complain": _Fetch.complain, "allowed_domains": []}
    return type("Fetch", (base,), own)
