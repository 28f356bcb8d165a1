"""Says aloud which callback never gives anything: its selectors have probably stopped to fit.

Place in the flow: a visit tells here, after each callback, how many requests and items it gave. A callback that gave
something once is never looked at again, so that this costs next to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from .callbacks import place_of

logger = logging.getLogger(__name__)


class Yields:
    """Counts the pages of callbacks that have given nothing so far.

    Args:
        tell_at: pages without any output after which a callback is told of; 0 never (``WARN_EMPTY_CALLBACK``).
    """

    def __init__(self, tell_at: int) -> None:
        self._tell_at = tell_at
        self._settled: set[Any] = set()
        self._empty_pages: dict[Any, int] = {}

    def note(self, callback: Callable[..., Any], given: int) -> None:
        """Take note of what a callback gave for one page."""
        function = getattr(callback, "__func__", callback)
        if function in self._settled:
            return
        if given or not self._tell_at:
            self._settled.add(function)
            self._empty_pages.pop(function, None)
            return
        pages = self._empty_pages[function] = self._empty_pages.get(function, 0) + 1
        if pages >= self._tell_at:
            self._settled.add(function)
            del self._empty_pages[function]
            logger.warning(
                "%s has yielded nothing on its first %d pages: do its selectors fit? Try them with: fwk fetch URL "
                "(WARN_EMPTY_CALLBACK = 0 silences this)",
                place_of(callback), pages,
            )  # fmt: skip
