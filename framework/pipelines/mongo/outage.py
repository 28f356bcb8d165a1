"""The time while the server is gone: how long to wait before the next try, and what the user is told.

Place in the flow: ``delivery`` owns one; the times are given to it, so that nothing here sleeps.
"""

from __future__ import annotations

import logging
import random

logger = logging.getLogger(__name__)

_FIRST_WAIT_S = 0.1


class Outage:
    """Exponential back-off with words.

    Args:
        where: the server, as it is shown.
        backoff_max_s: the longest wait.
        say_after_s: told after this time, and again each time it has passed.
        remedy: what the user can do meanwhile.

    Attributes:
        is_on: the last try failed.
    """

    def __init__(self, where: str, backoff_max_s: float, say_after_s: float, remedy: str = "") -> None:
        self._remedy = remedy
        self._where = where
        self._backoff_max_s = backoff_max_s
        self._say_after_s = say_after_s
        self._tries = 0
        self._began_at = 0.0
        self._say_at = 0.0

    def __repr__(self) -> str:
        return f"<Outage of {self._where}: {self._tries} tries>"

    @property
    def is_on(self) -> bool:
        """Say whether the last try failed."""
        return self._tries > 0

    def failed(self, reason: str, waiting: int, now: float) -> float:
        """Note a failed try; return the seconds to wait before the next one."""
        if not self._tries:
            self._began_at, self._say_at = now, now + self._say_after_s
            logger.warning("MongoDB (%s): %s; trying again, %d documents wait", self._where, reason, waiting)
        self.remind(reason, waiting, now)
        wait_s: float = min(self._backoff_max_s, _FIRST_WAIT_S * 2 ** min(self._tries, 20))
        self._tries += 1
        return wait_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def remind(self, reason: str, waiting: int, now: float) -> None:
        """Say that the crawl is paused, if that is due."""
        if now < self._say_at:
            return
        self._say_at = now + self._say_after_s
        logger.warning(
            "The crawl is paused: MongoDB (%s) has been away for %.0f s (%s). %d documents wait; the crawl goes on "
            "when it is back. %s",
            self._where, now - self._began_at, reason, waiting, self._remedy,
        )  # fmt: skip

    def answered(self, now: float) -> None:
        """Note that the server is there."""
        if self._tries:
            logger.info("MongoDB (%s) is back after %.1f s", self._where, now - self._began_at)
            self._tries = 0
