"""What ``crawl``, ``runspider`` and ``fetch`` share: options, and running one spider to an exit code."""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from framework import signals
from framework.crawler import Crawler
from framework.exceptions import CrawlError, UsageError
from framework.failure import Failure
from framework.process import CrawlerProcess
from framework.settings import Settings
from framework.settings.declared import LogOptions
from framework.settings.validation import validate
from framework.spiders import Spider
from framework.telemetry.logs import configure_logging, secrets_of
from framework.usercode import in_short
from framework.version import __version__

from .collector import seldom_collecting
from .main import EXIT_FAILED
from .options import argument_option, setting_option
from .outputs import feeds_of

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    argument_option,
    setting_option,
    click.option("-o", "--output", "appended", multiple=True, metavar="FILE[:FORMAT]",
                 help="Append the items to FILE; - is stdout. The format is that of the file's ending."),
    click.option("-O", "--overwrite-output", "overwritten", multiple=True, metavar="FILE[:FORMAT]",
                 help="Write the items to FILE from its beginning."),
    click.option("--logfile", metavar="FILE", help="Write the log to FILE, not to the terminal."),
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
    resume: bool = False
    new: bool = False

    def apply_to(self, settings: Settings) -> None:
        """Set what the options say, at the priority of the command line.

        Raises:
            UsageError: a format is unknown, or ``-o`` and ``-O`` name the same file.
        """
        if self.loglevel:
            settings.set("LOG_LEVEL", self.loglevel, "cmdline", "command line -L")
        if self.logfile:
            settings.set("LOG_FILE", self.logfile, "cmdline", "command line --logfile")
        if self.nolog:
            settings.set("LOG_ENABLED", False, "cmdline", "command line --nolog")
        if self.debug:
            # A live display and the debugger would write over each other.
            settings.set("PROGRESS", "off", "cmdline", "command line --pdb")
        feeds = feeds_of(self.appended, self.overwritten, settings)
        if feeds:
            settings.set("FEEDS", feeds, "cmdline", "command line -o, -O")


def run_options(function: Function) -> Function:
    """Add the shared options to a command; it gets them as keyword arguments for ``RunOptions``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def spider_arguments(pairs: Sequence[str]) -> dict[str, str]:
    """Return ``-a`` options as a dictionary.

    Raises:
        UsageError: one has no ``=``.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            msg = f"-a {pair}: write -a NAME=VALUE, such as -a category=poetry"
            raise UsageError(msg)
        found[name] = value
    return found


def run_spider(spidercls: type[Spider], settings: Settings, options: RunOptions) -> int:
    """Run one spider with what the options say, and return the exit code.

    Raises:
        CrawlError: nothing was crawled, or the crawl could not go on; the message is for the user.
    """
    arguments = spider_arguments(options.arguments)
    return run_crawler(crawler_for(spidercls, settings, options), arguments)


def crawler_for(spidercls: type[Spider], settings: Settings, options: RunOptions) -> Crawler:
    """Return the crawler of a command, with what its options say.

    Raises:
        UsageError: as ``RunOptions.apply_to``.
    """
    options.apply_to(settings)
    crawler = Crawler(spidercls, settings)
    if options.debug:
        crawler.signals.connect(_debug, signals.spider_error, weak=False)
    return crawler


def run_crawler(crawler: Crawler, arguments: Mapping[str, Any], said: Sequence[str] = ()) -> int:
    """Run one crawl in a loop and a log of its own, and return the exit code.

    Args:
        crawler: not begun.
        arguments: the spider's.
        said: what the terminal was told already, for a log that is a file.

    Raises:
        CrawlError: nothing was crawled, or the crawl could not go on; the message is for the user.
    """
    settings = crawler.settings
    notes = validate(settings)
    with configure_logging(settings.group(LogOptions), secrets=secrets_of(settings)):
        python = platform.python_version()
        logger.info(
            "Spider %r of %s, fwk %s, Python %s", crawler.spidercls.name, settings["BOT_NAME"], __version__, python
        )
        for line in said if settings["LOG_FILE"] is not None else ():
            logger.info("%s", line)
        for note in notes:
            logger.warning("%s", note)
        process = _Process(settings, install_root_handler=False)
        process.crawl(crawler, **arguments)
        with seldom_collecting():
            process.start()
        if process.errors:
            _fail(process.errors[0], has_log_file=settings["LOG_FILE"] is not None)
    return EXIT_FAILED if crawler.has_failed else 0


class _Process(CrawlerProcess):
    """One whose errors the command tells, as its last word."""

    def tell_error(self, crawler: Crawler, error: Exception) -> None:
        """Say nothing: see ``_fail``."""


def _fail(error: Exception, *, has_log_file: bool) -> None:
    """Raise what ended the crawl, for its message to be the last word; tell the log what the message does not."""
    if isinstance(error, CrawlError):
        if has_log_file:
            logger.critical("%s", error)
        logger.debug("It was raised here", exc_info=error)
        raise error
    logger.critical("An error inside fwk or a plugin has ended the crawl", exc_info=error)
    msg = f"an error inside fwk or a plugin has ended the crawl: {in_short(error)}"
    raise CrawlError(msg) from error


def _debug(failure: Failure) -> None:
    """Open the debugger where a callback raised."""
    import pdb  # takes as long to import as all of click

    sys.stderr.write(failure.getTraceback())
    pdb.post_mortem(failure.value.__traceback__)
