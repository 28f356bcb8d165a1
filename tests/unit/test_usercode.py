from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.components import load_object
from framework.exceptions import PluginError
from framework.usercode import frame_place, in_short, user_place, user_traceback


def raised_by(function: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any
        function()
    # As the framework sees it: its own frame comes first, pytest's are behind it.
    return caught.value


def divide() -> float:
    return 1 / 0


def test_the_place_is_the_innermost_line_of_the_users_code() -> None:
    error = raised_by(lambda: sorted([1], key=lambda _: divide()))

    assert user_place(error) == f"{Path(__file__).relative_to(Path.cwd())}:{divide.__code__.co_firstlineno + 1}"


def test_an_exception_in_short_is_its_kind_message_and_place_on_one_line() -> None:
    error = raised_by(divide)

    assert in_short(error).startswith("ZeroDivisionError: division by zero (")
    assert in_short(ValueError("two\nlines")) == "ValueError: two lines"
    assert in_short(ValueError()) == "ValueError"


def test_a_syntax_error_in_short_names_its_own_place_and_text() -> None:
    error = raised_by(lambda: compile("x = = 1\n", "/srv/spiders/a.py", "exec"))

    assert in_short(error) == "syntax error in /srv/spiders/a.py:1: invalid syntax: x = = 1"


def test_frames_of_the_framework_before_the_users_are_left_out() -> None:
    def of_the_framework() -> None:
        load_object("no_such_module_at_all.Name")

    error = raised_by(of_the_framework)

    assert isinstance(error, PluginError)
    shown = traceback.extract_tb(user_traceback(error))
    assert shown[0].name == "raised_by"


def test_an_exception_without_a_frame_of_the_user_has_neither_place_nor_traceback() -> None:
    error = ValueError("never raised")

    assert user_place(error) == ""
    assert user_traceback(error) is None


def test_the_place_of_a_frame_is_the_innermost_line_of_the_users_code():
    def mine():
        return sys._getframe()

    frame = mine()

    assert frame_place(frame).endswith(f"mine (tests/unit/test_usercode.py:{frame.f_lineno})")
    assert frame_place(None) == ""


def test_a_frame_of_the_engine_that_calls_nobody_is_nobodys(monkeypatch):
    monkeypatch.setattr("framework.usercode._BELOW", (__file__,))
    monkeypatch.setattr("framework.usercode._is_users", lambda filename: False)

    assert frame_place(sys._getframe()) == ""
