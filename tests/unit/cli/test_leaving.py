from __future__ import annotations

import os
import signal
import sys
import types

import pytest

from framework.cli import leaving as module
from framework.cli.leaving import Leaving, is_alone


@pytest.fixture
def done(monkeypatch):
    """Note what is done at the end of a process instead of ending this one."""
    found = []

    def leave(number):
        found.append(number)
        raise SystemExit(f"process ended with {number}")

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(module.threading, "_shutdown", lambda: found.append("threads"))
    monkeypatch.setattr(module.atexit, "_run_exitfuncs", lambda: found.append("atexit"))
    monkeypatch.setattr(module.gc, "collect", lambda: found.append("garbage"))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield found
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_without_a_process_that_ends_a_last_act_is_done_at_once(done):
    Leaving().later(lambda: done.append("act"))

    assert done == ["act"]


@pytest.mark.parametrize(("code", "number"), [(0, 0), (1, 1), (None, 0), (True, 1), (256 + 3, 3), ("broken", 1)])
def test_the_last_act_is_the_last_and_the_process_ends(done, capsys, code, number):
    leaving = Leaving()
    leaving.begin()
    leaving.later(lambda: done.append("act"))

    with pytest.raises(SystemExit, match=f"process ended with {number}"):
        leaving.leave(code, is_alone=True)

    assert done == ["threads", "atexit", "garbage", "act", number]
    assert capsys.readouterr().err == ("broken\n" if code == "broken" else "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_impatient_signal_ends_the_process_at_once_and_in_good_order(done, monkeypatch, number):
    leaving = Leaving()
    leaving.begin()
    leaving.later(lambda: (done.append("act"), signal.raise_signal(number)))
    monkeypatch.setattr(module.gc, "collect", lambda: signal.raise_signal(number))

    with pytest.raises(SystemExit, match="process ended with 3"):
        leaving.leave(3, is_alone=True)

    assert done == ["threads", "atexit", "act", 3]


def test_who_waits_for_the_command_gets_its_end(done):
    leaving = Leaving()
    leaving.begin()
    leaving.later(lambda: done.append("act"))

    with pytest.raises(SystemExit, match=r"^3$"):
        leaving.leave(3, is_alone=False)

    assert done == ["act"]


def test_without_a_last_act_the_interpreter_ends_as_it_does(done):
    leaving = Leaving()
    leaving.begin()

    with pytest.raises(SystemExit, match=r"^3$"):
        leaving.leave(3, is_alone=True)

    assert done == []


def test_files_that_nobody_has_closed_are_written(done, tmp_path):
    leaving = Leaving()
    leaving.begin()
    leaving.later(lambda: done.append(sorted(path.read_text() for path in tmp_path.iterdir())))
    with open(tmp_path / "text", "w") as text, open(tmp_path / "bytes", "wb") as raw:
        text.write("some text")
        raw.write(b"some bytes")
        with pytest.raises(SystemExit):
            leaving.leave(0, is_alone=True)

    assert ["some bytes", "some text"] in done


def test_code_that_was_called_by_others_is_not_alone():
    assert not is_alone()


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (["__main__"], True),
        (["runpy", "runpy", "__main__"], True),
        (["cProfile", "runpy", "__main__"], False),
        (["__main__", "runpy", "__main__"], False),
        (["__main__", "shop"], False),
    ],
)
def test_alone_is_who_was_called_by_the_script_or_by_the_interpreter(monkeypatch, modules, expected):
    frame = None
    for name in modules:
        frame = types.SimpleNamespace(f_back=frame, f_globals={"__name__": name})
    frame = types.SimpleNamespace(f_back=frame, f_globals={"__name__": "framework.cli.main"})
    monkeypatch.setattr(sys, "_getframe", lambda depth: frame)

    assert is_alone() is expected
