from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework.exceptions import SettingsError
from framework.settings import Settings
from framework.settings.declared.logs import LogOptions
from framework.telemetry.logs import ConsoleHandler, configure_logging, console_handlers, level_number, secrets_of

logger = logging.getLogger("framework.tests.logs")


class Stderr:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def getvalue(self) -> str:
        return self._capsys.readouterr().err


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Stderr]:
    before = (list(logging.getLogger().handlers), logging.getLogger().level)
    yield Stderr(capsys)
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_lines_go_to_stderr_until_the_close(stderr: Stderr) -> None:
    with configure_logging(LogOptions(level="INFO")):
        logger.debug("too fine")
        logger.info("hello %s", "world")
    logger.error("after the close")

    [line] = stderr.getvalue().splitlines()
    assert line.endswith(" [framework.tests.logs] INFO: hello world")


def test_a_file_is_appended_to_or_begun_anew(stderr: Stderr, tmp_path: Path) -> None:
    file = tmp_path / "crawl.log"
    for append in (True, True, False):
        with configure_logging(LogOptions(file=str(file), file_append=append, format="%(message)s")):
            logger.info("%s", append)

    assert file.read_text() == "False\n"
    assert stderr.getvalue() == ""
    with configure_logging(LogOptions(file=str(file), format="%(message)s")):
        record = logging.makeLogRecord({"msg": "odd: \ud800"})
        logging.getLogger().handlers[-1].handle(record)  # to this one only: pytest-xdist fails on what the runner keeps
    assert file.read_text() == "False\nodd: \\ud800\n"


def test_a_file_that_cannot_be_written_is_one_clear_error(stderr: Stderr, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"LOG_FILE .* cannot be written"):
        configure_logging(LogOptions(file=str(tmp_path / "none" / "crawl.log")))


def test_each_json_line_is_an_object(stderr: Stderr) -> None:
    with configure_logging(LogOptions(json=True)):
        logging.LoggerAdapter(logger, {"spider": "books"}).warning("two\nlines")
        try:
            raise ValueError("broken")
        except ValueError:
            logger.exception("failed")

    first, second = map(json.loads, stderr.getvalue().splitlines())
    assert {k: first[k] for k in ("level", "logger", "message", "spider")} == {
        "level": "WARNING", "logger": "framework.tests.logs", "message": "two\nlines", "spider": "books",
    }  # fmt: skip
    assert first["time"].endswith("+00:00")
    assert "exception" not in first
    assert "spider" not in second
    assert "ValueError: broken" in second["exception"]


@pytest.mark.parametrize("as_json", [True, False])
def test_short_names_show_the_first_part_only(stderr: Stderr, as_json: bool) -> None:
    with configure_logging(LogOptions(short_names=True, json=as_json)):
        logger.info("a")
        logging.getLogger("mine.too").info("b")

    first, second = stderr.getvalue().splitlines()
    assert "framework.tests" not in first
    assert "framework" in first
    assert "mine.too" not in second


def test_what_is_printed_becomes_records(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)

    with configure_logging(LogOptions(stdout=True, format="%(name)s|%(message)s")):
        assert sys.stdout.writable()
        print("one\ntwo")
        print("half", end="")
        sys.stdout.flush()
        sys.stdout.flush()

    assert sys.stdout is stdout
    assert stderr.getvalue().splitlines() == ["stdout|one", "stdout|two", "stdout|half"]


def test_somebody_elses_stdout_is_left_alone(stderr: Stderr, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with configure_logging(LogOptions(stdout=True)):
        theirs = io.StringIO()
        sys.stdout = theirs

    assert sys.stdout is theirs


def test_disabled_logging_writes_nothing(stderr: Stderr) -> None:
    with configure_logging(LogOptions(enabled=False)):
        logger.critical("nobody reads this")

    assert stderr.getvalue() == ""


def test_two_crawls_share_a_place_and_no_line_comes_twice(stderr: Stderr) -> None:
    first = configure_logging(LogOptions(level="WARNING", format="%(message)s"), secrets=["first-secret"])
    second = configure_logging(LogOptions(level="INFO", format="%(message)s"), secrets=["second-secret"])

    logger.info("first-secret second-secret")
    first.close()
    first.close()
    logger.info("first-secret second-secret")
    second.close()

    assert stderr.getvalue().splitlines() == ["*** ***", "first-secret ***"]


def test_closing_in_another_order_keeps_the_level_of_who_remains(stderr: Stderr, tmp_path: Path) -> None:
    before = logging.getLogger().level
    fine = configure_logging(LogOptions(level="DEBUG"))
    coarse = configure_logging(LogOptions(level="ERROR", file=str(tmp_path / "crawl.log")))

    assert logging.getLogger().level == logging.DEBUG
    fine.close()
    assert logging.getLogger().level == logging.ERROR
    coarse.close()
    assert logging.getLogger().level == before


def test_warnings_are_logged(stderr: Stderr) -> None:
    with configure_logging(LogOptions()), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("beware", stacklevel=1)

    assert "UserWarning: beware" in stderr.getvalue()


def test_secrets_never_reach_a_line(stderr: Stderr) -> None:
    with configure_logging(LogOptions(), secrets=["declared-secret"]):
        logger.info("via %s", "http://ann:hunter2@proxy:1")
        logger.info("the key declared-secret", stack_info=True)
        try:
            raise ConnectionError("cannot reach mongodb://ann:hunter2@db/")
        except ConnectionError:
            logger.exception("broken")

    text = stderr.getvalue()
    assert "hunter2@" not in text
    assert "Stack (most recent call last)" in text
    assert "declared-secret" not in text
    assert "mongodb://ann:***@db/" in text


def test_control_characters_from_a_page_are_escaped(stderr: Stderr) -> None:
    with configure_logging(LogOptions(format="%(message)s")):
        logger.info("title \x1b[2J\r\x9b31m ok\ttab\nline")

    assert stderr.getvalue() == "title \\x1b[2J\\x0d\\x9b31m ok\ttab\nline\n"


def test_a_printer_takes_the_lines_while_it_is_set(stderr: Stderr) -> None:
    lines: list[str] = []
    with configure_logging(LogOptions(format="%(message)s")):
        [handler] = console_handlers()
        handler.printer = lines.append
        logger.info("above the display")
        handler.printer = None
        logger.info("again")

    assert lines == ["above the display"]
    assert stderr.getvalue() == "again\n"
    assert console_handlers() == []


def test_a_printer_that_fails_breaks_nothing(stderr: Stderr) -> None:
    def fail(line: str) -> None:
        raise ValueError("closed")

    with configure_logging(LogOptions()):
        [handler] = console_handlers()
        handler.printer = fail
        logger.info("lost")

    assert "closed" in stderr.getvalue()
    assert isinstance(handler, ConsoleHandler)


@pytest.mark.parametrize(("text", "number"), [("debug", 10), (" INFO ", 20), ("35", 35)])
def test_a_level_is_a_name_in_any_case_or_a_number(text: str, number: int) -> None:
    assert level_number(text) == number


def test_no_level_is_a_clear_error() -> None:
    with pytest.raises(SettingsError, match="LOG_LEVEL is 'LOUD', which is no level; write CRITICAL"):
        level_number("LOUD")


def test_secrets_are_the_texts_that_somebody_set_under_a_secret_name() -> None:
    settings = Settings({"SHOP_API_KEY": "abc123", "SHOP_URL": "http://h", "SHOP_TOKEN": 5})

    assert secrets_of(settings) == ["abc123"]
