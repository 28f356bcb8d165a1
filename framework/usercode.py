"""Which part of a traceback is the user's: what a message about an exception shows of it.

Place in the flow: asked when a spider, plugin or project file raises. The frames of the framework that lead to the
user's code say nothing to its author; where there are none of the user's, the whole traceback is a defect of ours.
"""

from __future__ import annotations

import os
import sysconfig
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType

from framework.settings.loading import shown_path

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_BELOW = (_HOME + "engine" + os.sep, _HOME + "process.py")
_LIBRARIES = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)  # fmt: skip


def user_traceback(error: BaseException) -> TracebackType | None:
    """Return the traceback from the first frame outside of the framework on; ``None`` where there is no such frame."""
    step = error.__traceback__
    while step is not None and _is_ours(step.tb_frame.f_code.co_filename):
        step = step.tb_next
    return step


def user_place(error: BaseException) -> str:
    """Return ``file:line`` of the innermost frame of the user's own code, or ``""`` where there is none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_users(frame.filename)]
    if not frames:
        return ""
    return f"{shown_path(frames[-1].filename)}:{frames[-1].lineno}"


def frame_place(frame: FrameType | None) -> str:
    """Return ``function (file:line)`` of the innermost frame of the user's own code that a thread is in, or ``""``.

    What the user's code does in libraries, or in ours, is its own; the script below the crawl is not meant.
    """
    while frame is not None and not _is_users(frame.f_code.co_filename):
        frame = None if frame.f_code.co_filename.startswith(_BELOW) else frame.f_back
    if frame is None:
        return ""
    return f"{frame.f_code.co_qualname} ({shown_path(frame.f_code.co_filename)}:{frame.f_lineno})"


def in_short(error: BaseException) -> str:
    """Return an exception as one line: its kind, its message and the place in the user's code.

    A syntax error is told with the place that it names itself.
    """
    if isinstance(error, SyntaxError) and error.filename:
        text = f": {error.text.strip()}" if error.text else ""
        return f"syntax error in {shown_path(error.filename)}:{error.lineno}: {error.msg}{text}"
    place = user_place(error)
    return "".join(_parts(error, place))


def _parts(error: BaseException, place: str) -> Iterator[str]:
    yield type(error).__name__
    message = " ".join(str(error).split())
    if message:
        yield f": {message}"
    if place:
        yield f" ({place})"


def _is_ours(filename: str) -> bool:
    return filename.startswith(_HOME)


def _is_users(filename: str) -> bool:
    return not _is_ours(filename) and not filename.startswith(("<", *_LIBRARIES))
