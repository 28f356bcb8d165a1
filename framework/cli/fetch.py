"""``fwk fetch URL``: fetch a URL as a spider of this project would, through all middlewares, and print it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import click

from framework.exceptions import UsageError
from framework.failure import Failure
from framework.http import Request, Response
from framework.project.configuration import load_settings
from framework.project.discovery import find_project
from framework.project.spiderloader import SpiderLoader
from framework.spiders import Spider

from .options import argument_option, setting_option
from .running import RunOptions, run_spider

_NOT_FOR_ONE_PAGE: dict[str, Any] = {
    "FEEDS": {},
    "FRONTIER": "memory",
    "ITEM_PIPELINES": {},
    "JOBDIR": None,
    "PROGRESS": "off",
    "ROBOTSTXT_OBEY": False,
}
"""Settings for a single page that somebody asks for by hand: nothing of a crawl's output may be touched."""


class _Page(Spider):
    """The spider that fetches where no other is named."""

    name = "fetch"


@dataclass(slots=True)
class _OnePage:
    """One page to fetch, in the place of what a spider crawls.

    Attributes:
        request: what to fetch.
        response: what came, when something has.
    """

    request: Request
    response: Response | None = None

    def as_spider(self, base: type[Spider]) -> type[Spider]:
        """Return a class that begins as ``base`` does (name, settings, arguments) and fetches this page only."""

        async def start(spider: Spider) -> AsyncIterator[Request]:
            yield self.request.replace(callback=self.keep, errback=_complain)

        return type(base.__name__, (base,), {"start": start, "allowed_domains": []})

    def keep(self, response: Response) -> None:
        """Keep the response, to be printed when the crawl has closed."""
        self.response = response


def _complain(failure: Failure) -> None:
    click.echo(f"fwk: {failure.getErrorMessage()}", err=True)


def _print(response: Response, *, only_headers: bool) -> None:
    if not only_headers:
        sys.stdout.buffer.write(response.body)
        sys.stdout.flush()
        return
    assert response.request is not None  # noqa: S101 - the engine has set it
    _print_headers(">", response.request.headers)
    click.echo(f"< {response.status}")
    _print_headers("<", response.headers)


def _print_headers(mark: str, headers: Any) -> None:
    for name, values in headers.items():
        for value in values:
            click.echo(f"{mark} {name.decode('latin-1')}: {value.decode('latin-1')}")


@click.command("fetch")
@click.argument("url")
@click.option("--spider", metavar="NAME", help="Fetch as this spider of the project would: with its settings.")
@argument_option
@click.option("--headers", is_flag=True, help="Print status and headers, sent (>) and received (<), not the body.")
@click.option("--no-redirect", is_flag=True, help="Do not follow redirects.")
@setting_option
@click.option("-L", "--loglevel", metavar="LEVEL", default="ERROR", show_default=True, help="The log's level.")
def command(
    url: str,
    spider: str | None,
    arguments: tuple[str, ...],
    pairs: tuple[str, ...],
    loglevel: str,
    *,
    headers: bool,
    no_redirect: bool,
) -> int:
    """Fetch URL through the downloader and its middlewares, and print the body, whatever its status.

    The project's settings count; its pipelines and output files are left alone, and robots.txt is not asked.

    Example: fwk fetch https://books.example > page.html
    """
    page = _OnePage(_request(url, is_redirected=not no_redirect))
    settings = load_settings(find_project(), pairs)
    for name, value in _NOT_FOR_ONE_PAGE.items():
        settings.set(name, value, "cmdline", "fwk fetch")
    base = _Page if spider is None else SpiderLoader.from_settings(settings).load(spider)
    code = run_spider(page.as_spider(base), settings, RunOptions(arguments=arguments, loglevel=loglevel))
    if page.response is not None:
        _print(page.response, only_headers=headers)
    return code


def _request(url: str, *, is_redirected: bool) -> Request:
    meta: dict[str, Any] = {"handle_httpstatus_list": list(range(400, 600))}
    if not is_redirected:
        meta = {"handle_httpstatus_all": True, "dont_redirect": True}
    try:
        return Request(url, meta=meta, dont_filter=True)
    except ValueError as error:
        if "://" in url:
            raise UsageError(str(error)) from error
        msg = f"{url!r} is no URL to fetch; write it with its scheme, such as https://{url.lstrip(':/')}"
        raise UsageError(msg) from error
