"""One line in the log every ``LOGSTATS_INTERVAL`` seconds: the display where there is no terminal."""

from __future__ import annotations

import logging

from framework.telemetry.wording import count

from .pace import Pace, Reading

logger = logging.getLogger(__name__)


def progress_line(reading: Reading, pace: Pace) -> str:
    """Return the line: ``Crawled 1,234 pages (123/min), scraped 1,200 items, 45 pending, 3 errors``."""
    per_min = round(pace.pages_per_s * 60)
    return (
        f"Crawled {count(reading.pages, 'page')} ({per_min:,}/min), scraped {count(reading.items, 'item')}, "
        f"{reading.pending:,} pending, {count(reading.errors, 'error')}"
    )


class LinesDisplay:
    """Logs the line at INFO.

    Args:
        interval_s: seconds between two lines.
    """

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s

    def show(self, reading: Reading, pace: Pace) -> None:
        """Log one line."""
        if logger.isEnabledFor(logging.INFO):
            logger.info("%s", progress_line(reading, pace))

    def close(self) -> None:
        """Do nothing: the summary says the last word."""
