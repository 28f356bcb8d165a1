from __future__ import annotations

import io
import logging
import sys

import pytest
from rich.console import Console

from framework.settings.declared.logs import LogOptions
from framework.telemetry.logs import configure_logging, console_handlers
from framework.telemetry.progress.live import LiveDisplay, open_live_display, render
from framework.telemetry.progress.pace import HostReading, Pace, Reading

logger = logging.getLogger("framework.tests.live")
HOSTS = tuple(HostReading(f"host{n}.example", n, 1, 0.5, n % 2) for n in range(8))


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, height=40)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def pace_of(*readings: Reading) -> Pace:
    pace = Pace()
    for reading in readings:
        pace.add(reading)
    return pace


def text_of(reading: Reading, pace: Pace) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(render("books", reading, pace))
    return written(console)


def test_the_display_shows_what_a_crawl_does() -> None:
    last = Reading(10.0, 1234, 1200, 3, finished=1234, pending=140, leased=10, in_flight=8, hosts=HOSTS)

    text = text_of(last, pace_of(Reading(0.0, pending=500), last))

    for shown in (
        "crawling books", "pages 1,234", "items 1,200", "errors 3", "rate 123/s (mean 123/s)", "pending 140",
        "in flight 8", "elapsed 10 s", "left 3.5 s to 4.3 s", "host7.example",
    ):  # fmt: skip
        assert shown in text
    assert "host0" not in text


def test_a_crawl_that_has_just_begun_shows_no_hosts_and_no_guess() -> None:
    text = text_of(Reading(0.0), Pace())

    assert "left unknown" in text
    assert "host" not in text


def test_a_host_without_delay_needs_no_time_of_its_own() -> None:
    text = text_of(Reading(1.0, hosts=(HostReading("h", 5, 0, 0.0, 0),)), Pace())

    assert text.splitlines()[-1].split() == ["h", "5", "0", "0", "s", "0"]


def test_log_lines_are_printed_above_the_display_as_they_were_formatted(capsys: pytest.CaptureFixture[str]) -> None:
    console = terminal()
    with configure_logging(LogOptions(format="%(levelname)s|%(message)s")):
        display = LiveDisplay("books", console)
        display.show(Reading(0.0), Pace())
        logger.info("[bold]no markup[/] %s", "x" * 200)
        display.close()
        display.close()
        logger.info("after")
        assert [handler.printer for handler in console_handlers()] == [None]

    text = written(console)
    assert f"INFO|[bold]no markup[/] {'x' * 200}\n" in text
    assert "crawling" in text
    assert text.endswith("\x1b[?25h") or "\x1b[?25h" in text.rpartition("\x1b[?25l")[2]  # the cursor is back
    assert capsys.readouterr().err == "INFO|after\n"


def test_the_streams_are_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = (sys.stdout, sys.stderr)

    LiveDisplay("books", terminal()).close()

    assert (sys.stdout, sys.stderr) == before


def test_output_that_goes_to_a_file_stays_out_of_the_display(capsys: pytest.CaptureFixture[str]) -> None:
    console = terminal()
    display = LiveDisplay("books", console)
    print('{"title": "an item on stdout"}')
    display.close()

    assert "an item" not in written(console)
    assert "an item" in capsys.readouterr().out


@pytest.mark.parametrize("is_forced", [True, False])
def test_a_display_opens_on_a_stream(is_forced: bool) -> None:
    stream = io.StringIO()
    display = open_live_display("books", stream, is_forced=is_forced)
    display.show(Reading(0.0), Pace())
    display.close()

    assert ("\x1b[" in stream.getvalue()) is is_forced
