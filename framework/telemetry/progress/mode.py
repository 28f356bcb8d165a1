"""Which display fits: the setting ``PROGRESS`` and, where it leaves the choice, the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TextIO, cast

from framework.exceptions import SettingsError

Mode = Literal["rich", "lines", "off"]
CHOICES = ("auto", "rich", "lines", "off")


def choose_mode(setting: str, stream: TextIO | None, environ: Mapping[str, str]) -> Mode:
    """Return the display to use. ``auto`` is ``rich`` on a terminal that can move its cursor and is not a CI log.

    Args:
        setting: the value of ``PROGRESS``.
        stream: where the display would be drawn, stderr; ``None`` where the process has none.
        environ: the process's environment: ``TERM`` and ``CI`` are looked at.

    Raises:
        SettingsError: the setting is no choice.
    """
    choice = setting.strip().lower()
    if choice not in CHOICES:
        msg = f"PROGRESS is {setting!r}; write auto, rich, lines or off"
        raise SettingsError(msg)
    if choice != "auto":
        return cast("Mode", choice)
    is_terminal = stream is not None and stream.isatty()
    is_dumb = environ.get("TERM", "").lower() in ("dumb", "unknown")
    is_ci = environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return "rich" if is_terminal and not is_dumb and not is_ci else "lines"
