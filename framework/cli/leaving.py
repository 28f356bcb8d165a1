"""The end of a command's process: what is to be done when everything else is over, and nothing after it.

Place in the flow: ``main`` begins and ends here. A crawl lets go of its job with ``leaving.later``: a process that is
killed before its last act leaves a job that was killed, and the same command finds that it had ended. An interpreter
takes long to end, so where nobody but it waits for the command, the process ends right after the last act.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

Act = Callable[[], None]
ExitCode = int | str | None

_TEXT = frozenset({io.TextIOWrapper})
_BYTES = frozenset({io.BufferedWriter, io.BufferedRandom})
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Leaving:
    """The last acts of a process."""

    __slots__ = ("_acts",)

    def __init__(self) -> None:
        self._acts: list[Act] | None = None

    def begin(self) -> None:
        """Say that this process ends with the command: from here on ``later`` is the end of it."""
        self._acts = []

    def later(self, act: Act) -> None:
        """Do something when all else is over; at once where nobody has said that the process ends."""
        if self._acts is None:
            act()
        else:
            self._acts.append(act)

    def leave(self, code: ExitCode, *, is_alone: bool) -> NoReturn:
        """Do the last acts and end the process; a signal meanwhile only hurries it.

        Args:
            code: what ``sys.exit`` takes.
            is_alone: nothing but the interpreter waits for the end, see ``is_alone``.

        Raises:
            SystemExit: somebody waits (a debugger, a profiler), or there is no last act.
        """
        acts, self._acts = self._acts or [], None
        if not acts or not is_alone:
            for act in acts:
                act()
            sys.exit(code)
        number = _number_of(code)

        def end(*_: object) -> NoReturn:
            for one in _SIGNALS:
                signal.signal(one, signal.SIG_IGN)
            for act in acts:
                act()
            os._exit(number)

        for one in _SIGNALS:
            signal.signal(one, end)
        _end_interpreter()
        end()


leaving = Leaving()
"""Of this process."""


def is_alone() -> bool:
    """Say whether the caller was called by nothing but the script ``fwk`` or ``python -m framework``."""
    names = []
    frame = sys._getframe(1)
    while (outer := frame.f_back) is not None:
        frame = outer
        names.append(frame.f_globals.get("__name__"))
    return names.count("__main__") == 1 and set(names) <= {"__main__", "runpy"}


def _number_of(code: ExitCode) -> int:
    """Return the exit code that ``sys.exit`` would give, having said what it would say."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"{code}\n")
    return 1


def _end_interpreter() -> None:
    """Do what Python does at its end that others may see; ``multiprocessing`` ends its processes in this way too."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()
    found: list[Any] = gc.get_objects()
    for kinds in (_TEXT, _BYTES):
        for file in [candidate for candidate in found if type(candidate) in kinds]:
            with contextlib.suppress(OSError, ValueError):  # it is closed, or its other end is
                file.flush()
