"""How a run of a job ended, as the job remembers it. Pure.

Place in the flow: ``crawler.py`` asks when everything is closed, and notes the answer in the job.
"""

from __future__ import annotations

import asyncio

from .record import State


def end_of(
    reason: str | None,
    error: BaseException | None,
    *,
    is_stopped: bool,
    by_signal: str | None,
    is_cut_off: bool = False,
    is_exhausted: bool = False,
) -> State:
    """Return the state in which a run leaves its job.

    Args:
        reason: why the crawl ended (``finish_reason``).
        error: what ended it, or kept it from being closed.
        is_stopped: somebody asked for the end: a signal, a call of ``stop``.
        by_signal: the name of the first signal, if there was one.
        is_cut_off: it was asked to stop at once (Ctrl-C twice, ``SHUTDOWN_TIMEOUT``), so what it broke off may raise.
        is_exhausted: nothing is left to crawl.
    """
    is_broken_off = by_signal is not None and (
        is_cut_off or isinstance(error, (KeyboardInterrupt, asyncio.CancelledError))
    )
    if not is_broken_off:
        if error is not None or reason in (None, "failed", "start_error"):
            return State.FAILED
        if not is_stopped or is_exhausted:
            return State.ENDED  # exhausted, by CloseSpider or by a limit
    # SIGTERM comes from a system that restarts, and the crawl with it; Ctrl-C from somebody who wants it to stop.
    return State.INTERRUPTED if by_signal == "SIGTERM" else State.STOPPED
