from __future__ import annotations

import os
import sys

import click
import pytest

from framework.cli import main
from framework.exceptions import CrawlError, PluginError, SettingsError, UsageError


@pytest.fixture
def ends_with(monkeypatch, capsys):
    """Let every command end with an exception; return the exit code and what was said."""

    def ended(error):
        def fail(**kwargs):
            raise error

        monkeypatch.setattr(main.fwk, "main", fail)
        return main.run([]), capsys.readouterr().err

    return ended


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("write it so"), 2, "fwk: write it so\n"),
        (PluginError("no such plugin"), 2, "fwk: no such plugin\n"),
        (SettingsError(["one", "two"]), 2, "fwk: one\nfwk: two\n"),
        (CrawlError("the disk is full"), 1, "fwk: the disk is full\n"),
        (KeyboardInterrupt(), 1, "fwk: interrupted\n"),
        (click.Abort(), 1, "fwk: interrupted\n"),
        (click.UsageError("No such option."), 2, "fwk: No such option. See: fwk --help\n"),
    ],
)
def test_an_error_is_a_message_and_an_exit_code(ends_with, error, code, said):
    assert ends_with(error) == (code, said)


def test_an_interruption_is_said_without_an_import_that_a_second_ctrl_c_could_break_into(ends_with, monkeypatch):
    monkeypatch.setitem(sys.modules, "framework.telemetry.masking", None)  # to import it is an error

    assert ends_with(KeyboardInterrupt()) == (1, "fwk: interrupted\n")


def test_a_second_ctrl_c_while_the_first_is_answered_gives_no_traceback(monkeypatch):
    def press(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "run", press)
    with pytest.raises(SystemExit, match="1"):
        main.main([])


def test_a_defect_is_not_hidden(ends_with):
    with pytest.raises(ZeroDivisionError):
        ends_with(ZeroDivisionError())


def test_a_command_that_returns_a_number_gives_the_exit_code(monkeypatch):
    monkeypatch.setattr(main.fwk, "main", lambda **kwargs: 7)
    assert main.run([]) == 7
    monkeypatch.setattr(main.fwk, "main", lambda **kwargs: None)
    assert main.run([]) == 0


def test_main_exits_with_the_code(monkeypatch):
    monkeypatch.setattr(main.fwk, "main", lambda **kwargs: 1)
    with pytest.raises(SystemExit, match="1"):
        main.main([])


def test_an_exit_of_the_users_code_is_kept(monkeypatch):
    def leave(args):
        raise SystemExit("enough")

    monkeypatch.setattr(main, "run", leave)
    with pytest.raises(SystemExit, match="enough"):
        main.main([])


def test_no_arguments_give_help(capsys):
    assert main.run([]) == 2
    assert "Commands:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "hint"), [("fech", "did you mean 'fetch'?"), ("xyzzy", "the commands are: crawl, fates, fetch")]
)
def test_an_unknown_command_says_which_there_are(capsys, name, hint):
    assert main.run([name]) == 2
    assert hint in capsys.readouterr().err


def test_each_command_has_the_file_of_its_name():
    context = click.Context(main.fwk)
    for name in main.fwk.list_commands(context):
        command = main.fwk.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert main.fwk.get_command(context, "xyzzy") is None


def test_closed_standard_streams_are_filled_before_anything_is_opened(monkeypatch):
    opened = []
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda fd: real(-1) if fd == 1 else real(fd))
    monkeypatch.setattr(os, "open", lambda path, flags: opened.append(path))
    monkeypatch.setattr(main, "run", lambda args: 0)

    with pytest.raises(SystemExit):
        main.main([])

    assert opened == [os.devnull]


def test_a_command_needs_no_standard_output(monkeypatch):
    monkeypatch.setattr(main.fwk, "main", lambda **kwargs: None)
    monkeypatch.setattr(sys, "stdout", None)

    assert main.run([]) == 0
