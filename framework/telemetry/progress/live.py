"""The live display on a terminal, drawn by rich. Imported only when it is used: rich takes long to import.

Place in the flow: the extension gives it a reading four times a second at most. While it lives, log lines are printed
above it, each as its handler formatted it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from framework.telemetry.logs import ConsoleHandler, console_handlers
from framework.telemetry.wording import duration, rate

from .pace import HostReading, Pace, Reading

REDRAW_S = 0.25
_HOSTS = 5


class LiveDisplay:
    """Draws the crawl's numbers in place, until ``close``.

    Args:
        spider: the spider's name.
        console: where to draw.
    """

    interval_s = REDRAW_S

    def __init__(self, spider: str, console: Console) -> None:
        self._spider = spider
        self._console = console
        # Our own task redraws: a thread of rich's would draw while a callback changes what is shown. What is printed
        # to stdout goes through the display only where stdout is a terminal too: it may be the output file.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty(),
        )  # fmt: skip
        self._live.start()
        self._diverted: list[tuple[ConsoleHandler, Callable[[str], None] | None]] = []
        for handler in console_handlers():
            self._diverted.append((handler, handler.printer))
            handler.printer = self._print

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True, highlight=False)

    def show(self, reading: Reading, pace: Pace) -> None:
        """Redraw."""
        self._live.update(render(self._spider, reading, pace), refresh=True)

    def close(self) -> None:
        """Wipe the display and give the terminal back; calling it again changes nothing."""
        for handler, printer in self._diverted:
            handler.printer = printer
        self._diverted.clear()
        self._live.stop()


def open_live_display(spider: str, stream: TextIO, *, is_forced: bool) -> LiveDisplay:
    """Return a display on a terminal.

    Args:
        spider: the spider's name.
        stream: the terminal, stderr.
        is_forced: draw even if the stream seems to be no terminal.
    """
    return LiveDisplay(spider, Console(file=stream, force_terminal=True if is_forced else None))


def render(spider: str, reading: Reading, pace: Pace) -> RenderableType:
    """Return what is drawn for one reading."""
    eta = pace.eta()
    numbers = Table.grid(padding=(0, 3))
    numbers.add_row(
        _cell("pages", f"{reading.pages:,}"),
        _cell("items", f"{reading.items:,}"),
        _cell("errors", f"{reading.errors:,}", "bold red" if reading.errors else "bold"),
        _cell("rate", f"{rate(pace.pages_per_s)} (mean {rate(pace.mean_pages_per_s)})"),
    )
    numbers.add_row(
        _cell("pending", f"{reading.pending:,}"),
        _cell("in flight", f"{reading.in_flight:,}"),
        _cell("elapsed", duration(reading.at_s)),
        _cell("left", "unknown" if eta is None else str(eta)),
    )
    title = Text.assemble(("crawling ", "dim"), (spider, "bold cyan"))
    parts: list[RenderableType] = [title, numbers]
    if reading.hosts:
        parts.append(_hosts_table(reading.hosts))
    return Group(*parts)


def _cell(name: str, value: str, style: str = "bold") -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, style))


def _hosts_table(hosts: tuple[HostReading, ...]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("host", no_wrap=True, overflow="ellipsis")
    for name in ("pending", "in flight", "delay", "failures", "needs"):
        table.add_column(name, justify="right")
    # What its delay makes a host take is what the crawl waits for in the end: the slowest first, then the busiest.
    slowest_first = sorted(
        hosts, key=lambda host: (host.pending * host.delay_s, host.pending + host.active), reverse=True
    )
    for host in slowest_first[:_HOSTS]:
        needs_s = host.pending * host.delay_s
        table.add_row(
            Text(host.key), f"{host.pending:,}", f"{host.active:,}", f"{host.delay_s:g} s",
            Text(f"{host.failures:,}", "red" if host.failures else ""), duration(needs_s) if needs_s else "",
        )  # fmt: skip
    return table
