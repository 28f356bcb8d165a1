"""What ``crawl`` and ``runspider`` share: their options, and running one spider to an exit code."""

from __future__ import annotations

import logging
import pdb
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from framework import signals
from framework.crawler import Crawler
from framework.exceptions import CrawlError, PluginError, SettingsError, UsageError
from framework.failure import Failure
from framework.process import CrawlerProcess
from framework.settings import Settings
from framework.settings.declared import LogOptions
from framework.settings.validation import validate
from framework.spiders import Spider
from framework.telemetry.logs import configure_logging

from .main import EXIT_FAILED

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option("-a", "arguments", multiple=True, metavar="NAME=VALUE", help="An argument for the spider."),
    click.option("-s", "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting, above all others."),
    click.option("-o", "--output", "appended", multiple=True, metavar="FILE[:FORMAT]",
                 help="Append the items to FILE; - is stdout. The format is that of the file's ending."),
    click.option("-O", "--overwrite-output", "overwritten", multiple=True, metavar="FILE[:FORMAT]",
                 help="Write the items to FILE from its beginning."),
    click.option("--logfile", metavar="FILE", help="Write the log there."),
    click.option("-L", "--loglevel", metavar="LEVEL", help="CRITICAL, ERROR, WARNING, INFO or DEBUG."),
    click.option("--nolog", is_flag=True, help="Write no log at all."),
    click.option("--pdb", "debug", is_flag=True, help="Start the debugger when a callback raises."),
)  # fmt: skip


@dataclass(slots=True)
class RunOptions:
    """The options of a command that runs a spider, as they were given."""

    arguments: Sequence[str] = ()
    pairs: Sequence[str] = ()
    appended: Sequence[str] = ()
    overwritten: Sequence[str] = ()
    logfile: str | None = None
    loglevel: str | None = None
    nolog: bool = False
    debug: bool = False

    def spider_arguments(self) -> dict[str, str]:
        """Return the ``-a`` options as a dictionary.

        Raises:
            UsageError: one has no ``=``.
        """
        found: dict[str, str] = {}
        for pair in self.arguments:
            name, equals, value = pair.partition("=")
            if not equals or not name:
                msg = f"-a {pair}: write -a NAME=VALUE"
                raise UsageError(msg)
            found[name] = value
        return found

    def apply_to(self, settings: Settings) -> None:
        """Set what the options say, at the priority of the command line.

        Raises:
            UsageError: a format is unknown, or ``-o`` and ``-O`` name the same file.
        """
        if self.loglevel:
            settings.set("LOG_LEVEL", self.loglevel, priority="cmdline")
        if self.logfile:
            settings.set("LOG_FILE", self.logfile, priority="cmdline")
        if self.nolog:
            settings.set("LOG_ENABLED", False, priority="cmdline")
        feeds = feeds_of(self.appended, self.overwritten, settings)
        if feeds:
            settings.set("FEEDS", feeds, priority="cmdline")


def run_options(function: Function) -> Function:
    """Add the shared options to a command; it gets them as keyword arguments for ``RunOptions``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def feeds_of(appended: Sequence[str], overwritten: Sequence[str], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the setting ``FEEDS`` that ``-o`` and ``-O`` options mean.

    Raises:
        UsageError: a format is unknown, or both name the same file.
    """
    known = {name for name, path in settings.getwithbase("FEED_EXPORTERS").items() if path is not None}
    feeds: dict[str, dict[str, Any]] = {}
    for outputs, overwrite in ((appended, False), (overwritten, True)):
        for output in outputs:
            uri, format_name = _split_output(output, known)
            if uri in feeds:
                msg = f"{uri} is named twice; -o appends to a file, -O overwrites it: give one of them"
                raise UsageError(msg)
            feeds[uri] = {"format": format_name, "overwrite": overwrite}
    return feeds


def _split_output(output: str, known: set[str]) -> tuple[str, str]:
    """Take ``FILE[:FORMAT]`` apart; the format is that of the ending where none is given."""
    uri, colon, format_name = output.rpartition(":")
    if not colon or "/" in format_name or (len(uri) == 1 and uri != "-"):
        uri, format_name = output, Path(output).suffix.lstrip(".").lower()
        if uri == "-" and not format_name:
            format_name = "jsonl"
    if format_name not in known:
        wanted = f"{format_name!r} is no format" if format_name else "the file's name does not end in a format"
        msg = f"-o {output}: {wanted}; write FILE:FORMAT with one of {', '.join(sorted(known))}"
        raise UsageError(msg)
    return ("stdout:" if uri == "-" else uri), format_name


def run_spider(spidercls: type[Spider], settings: Settings, options: RunOptions) -> int:
    """Run one spider and return the exit code.

    Raises:
        SettingsError, PluginError: nothing was crawled, the user has something to mend.
    """
    arguments = options.spider_arguments()
    options.apply_to(settings)
    crawler = Crawler(spidercls, settings)
    notes = validate(crawler.settings)
    with configure_logging(crawler.settings.group(LogOptions)):
        for note in notes:
            logger.warning("%s", note)
        if options.debug:
            crawler.signals.connect(_debug, signals.spider_error, weak=False)
        process = CrawlerProcess(crawler.settings)
        process.crawl(crawler, **arguments)
        process.start()
        for error in process.errors:
            if isinstance(error, (SettingsError, PluginError, UsageError)):
                raise error
            _report(error)
    return EXIT_FAILED if process.errors or crawler.has_failed else 0


def _report(error: Exception) -> None:
    if isinstance(error, CrawlError):
        logger.critical("The crawl ended: %s", error)
    else:
        logger.critical("The crawl ended by an error inside fwk or a plugin", exc_info=error)


def _debug(failure: Failure) -> None:
    """Open the debugger where a callback raised."""
    sys.stderr.write(failure.getTraceback())
    pdb.post_mortem(failure.value.__traceback__)
