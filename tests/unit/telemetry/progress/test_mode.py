from __future__ import annotations

import io
from typing import Any

import pytest

from framework.telemetry.progress.mode import choose_mode


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "stream", "environ", "mode"),
    [
        ("auto", Terminal(), {"TERM": "xterm"}, "rich"),
        ("auto", Terminal(), {"TERM": "xterm", "CI": "false"}, "rich"),
        ("auto", Terminal(), {"TERM": "dumb"}, "lines"),
        ("auto", Terminal(), {"CI": "true"}, "lines"),
        ("auto", io.StringIO(), {}, "lines"),
        ("auto", None, {}, "lines"),
        ("rich", None, {"CI": "1"}, "rich"),
        ("lines", Terminal(), {}, "lines"),
        ("off", Terminal(), {}, "off"),
    ],
)
def test_the_display_suits_the_place(choice: Any, stream: Any, environ: dict[str, str], mode: str) -> None:
    assert choose_mode(choice, stream, environ) == mode
