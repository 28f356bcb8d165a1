"""How fast a crawl goes and how long it may still take: arithmetic over readings, with the time given. Pure.

Place in the flow: the extension takes a ``Reading`` now and then and adds it to a ``Pace``; the displays show both.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from framework.telemetry.wording import duration

WINDOW_S = 60.0
_LEAST_SPAN_S = 3.0


@dataclass(frozen=True, slots=True)
class HostReading:
    """One host at one moment; see ``framework.protocols.HostView``."""

    key: str
    pending: int
    active: int
    delay_s: float
    failures: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of a crawl at one moment.

    Attributes:
        at_s: monotonic seconds since the display began.
        pages: responses so far.
        items: items so far.
        errors: log records at ERROR or above so far.
        finished: requests that have ended, however they did.
        pending: requests that wait.
        leased: requests that are worked on: waited for, on the wire, in a callback.
        in_flight: requests on the wire.
        hosts: the busiest hosts, the busiest first.
    """

    at_s: float
    pages: int = 0
    items: int = 0
    errors: int = 0
    finished: int = 0
    pending: int = 0
    leased: int = 0
    in_flight: int = 0
    hosts: tuple[HostReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Eta:
    """Between these two, the crawl should end. ``high_s`` is ``None`` where no end can be seen.

    Attributes:
        low_s: seconds, if no page leads to anything new.
        high_s: seconds, if pages go on leading to as much that is new as they did lately.
    """

    low_s: float
    high_s: float | None

    def __str__(self) -> str:
        if self.high_s is None:
            return f"unknown, the queue grows (at least {duration(self.low_s)})"
        low, high = duration(self.low_s), duration(self.high_s)
        return low if low == high else f"{low} to {high}"


class Pace:
    """Rates and the time left, from the readings of the last ``window_s`` seconds.

    Args:
        window_s: how far back "now" reaches.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._readings: deque[Reading] = deque()
        self._first: Reading | None = None

    def add(self, reading: Reading) -> None:
        """Take the next reading; their times must not fall."""
        readings = self._readings
        if self._first is None:
            self._first = reading
        readings.append(reading)
        while len(readings) > 2 and readings[1].at_s <= reading.at_s - self._window_s:
            readings.popleft()

    @property
    def pages_per_s(self) -> float:
        """Pages a second over the window."""
        return self._slope("pages")

    @property
    def mean_pages_per_s(self) -> float:
        """Pages a second since the beginning."""
        # A resumed crawl begins with the pages of its earlier runs.
        return 0.0 if self._first is None else _slope(self._first, self._readings[-1], "pages")

    def _slope(self, name: str) -> float:
        return _slope(self._readings[0], self._readings[-1], name) if self._readings else 0.0

    def eta(self) -> Eta | None:
        """Return when the crawl may end; ``None`` while too little is known.

        Low: what waits, at the present rate, and not before the host with the longest queue has kept its delays.
        High: at the rate by which the queue shrinks, new requests included.
        """
        if not self._readings:
            return None
        first, last = self._readings[0], self._readings[-1]
        left = last.pending + last.leased
        finished_per_s = self._slope("finished")
        if last.at_s - first.at_s < _LEAST_SPAN_S or finished_per_s <= 0:
            return None
        politeness_s = max((host.pending * host.delay_s for host in last.hosts), default=0.0)
        low_s = max(left / finished_per_s, politeness_s)
        growth_per_s = self._slope("pending") + self._slope("leased")
        if left and growth_per_s >= 0:
            return Eta(low_s, None)
        high_s = left / -growth_per_s if left else 0.0
        return Eta(low_s, max(low_s, high_s))


def _slope(first: Reading, last: Reading, name: str) -> float:
    span_s = last.at_s - first.at_s
    return float(getattr(last, name) - getattr(first, name)) / span_s if span_s > 0 else 0.0
