"""Which display fits: the setting ``PROGRESS`` and, where it leaves the choice, the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TextIO

Mode = Literal["rich", "lines", "off"]
Choice = Literal["auto", "rich", "lines", "off"]


def choose_mode(choice: Choice, stream: TextIO | None, environ: Mapping[str, str]) -> Mode:
    """Return the display to use. ``auto`` is ``rich`` on a terminal that can move its cursor and is not a CI log.

    Args:
        choice: the value of ``PROGRESS``.
        stream: where the display would be drawn, stderr; ``None`` where the process has none.
        environ: the process's environment: ``TERM`` and ``CI`` are looked at.
    """
    if choice != "auto":
        return choice
    is_terminal = stream is not None and stream.isatty()
    is_dumb = environ.get("TERM", "").lower() in ("dumb", "unknown")
    is_ci = environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return "rich" if is_terminal and not is_dumb and not is_ci else "lines"
