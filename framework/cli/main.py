"""The entry point of ``fwk``: finds the command, and turns errors into one clear message and an exit code.

Exit codes: 0 fine (a crawl that Ctrl-C or SIGTERM ended in good order too), 1 the crawl failed, 2 wrong usage or
settings. Each command is a file of its own, imported only when it is called, so that ``fwk --help`` is there at once.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from framework.exceptions import CrawlError, PluginError, SettingsError, UsageError
from framework.version import __version__

from .leaving import ExitCode, is_alone, leaving

_COMMANDS = {
    "crawl": "Run a spider of this project.",
    "fates": "Count how the requests of a job ended; export them.",
    "fetch": "Fetch a URL as a spider would, and print it.",
    "genspider": "Make a new spider from a template.",
    "jobs": "List jobs: crawls that can go on, or have ended.",
    "list": "List the spiders of this project.",
    "resume": "Go on with a job.",
    "retry": "Try the failed requests of a job again.",
    "runspider": "Run a spider that is in a file of its own.",
    "settings": "Show settings: value, origin, meaning.",
    "shop": "Serve the demo shop on this machine.",
    "startproject": "Make a new project.",
    "version": "Print the version.",
    "why": "Say what became of a URL.",
}

EXIT_FAILED = 1
EXIT_USAGE = 2


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"framework.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS:
            import difflib  # only a mistake needs it

            close = difflib.get_close_matches(name, _COMMANDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the commands are: {', '.join(_COMMANDS)}"
            raise UsageError(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 the crawl failed, 2 wrong usage or settings. Each command has its own --help.",
)
@click.version_option(__version__, message="fwk %(version)s")
def fwk() -> None:
    """Crawl the web with spiders: fast, polite, familiar to users of Scrapy.

    First steps: fwk startproject shop && cd shop && fwk genspider books https://books.example && fwk crawl books
    """


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    _fill_standard_descriptors()
    alone = args is None and is_alone()
    leaving.begin()
    code: ExitCode
    try:
        code = run(args)
    except SystemExit as error:  # the spider's code
        code = error.code
    except KeyboardInterrupt:  # a second one, while the first was answered
        code = EXIT_FAILED
    leaving.leave(code, is_alone=alone)


def _fill_standard_descriptors() -> None:
    """Put something in the place of closed standard streams, lest a file or socket of ours takes their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def run(args: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        result = fwk.main(args=args, prog_name="fwk", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return EXIT_USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx is not None else "fwk"
        _say(f"{error.format_message()} See: {command} --help")
        return EXIT_USAGE
    except SettingsError as error:
        _say(*error.problems)
        return EXIT_USAGE
    except (UsageError, PluginError) as error:
        _say(str(error))
        return EXIT_USAGE
    except CrawlError as error:
        _say(str(error))
        return EXIT_FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("fwk: interrupted", err=True)  # not by _say: its import would give a second Ctrl-C time to break in
        return EXIT_FAILED
    except BrokenPipeError:
        # The reader of our output has gone (``fwk list | head -1``). Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return result if isinstance(result, int) else 0


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(f"fwk: {line}", err=True)
