"""When to kill a crawl: at random moments of every kind, and never so that it cannot get on.

A run is killed while it starts, some pages later, or while it closes. What was in flight at three deaths in a row is a
suspect, which has a test of its own; so after two runs that died early the third may live until it got on.
"""

from __future__ import annotations

import subprocess
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Self

from framework.testing.shop import RequestLog, ThreadedShop
from tests.crash.crawls import Crawl, kill

_TICK_S = 0.004
_RUN_LIMIT_S = 300.0
ROBOTS = "/robots.txt"


@dataclass(slots=True)
class Reference:
    """What an undisturbed run of the same crawl was like.

    Attributes:
        paths: each target and how often it was asked for.
        at: when each was first asked for.
        startup_s: from the start of the process to its first request.
        close_s: from its last request to its end.
    """

    paths: Counter[str]
    at: dict[str, float]
    startup_s: float
    close_s: float


@dataclass(slots=True)
class Pace:
    """What the killer has to know of the crawl.

    Attributes:
        interval_s: CHECKPOINT_INTERVAL.
        concurrency: CONCURRENT_REQUESTS.
        long_visit: the target of a visit that takes long, and a target that is asked for only when it has ended.
    """

    interval_s: float
    concurrency: int
    long_visit: tuple[str, str] | None = None


@dataclass(slots=True)
class Report:
    """What was done to the crawl, and what it cost."""

    kills: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    allowed: float = 0.0

    def __iadd__(self, other: Report) -> Self:
        self.kills += other.kills
        self.repeated += other.repeated
        self.allowed += other.allowed
        return self

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return f"{self.kills.total()} kills ({kinds}); {self.repeated} pages fetched again, {self.allowed:.0f} allowed"


def undisturbed(crawl: Crawl, shop: ThreadedShop, timeout_s: float = 300.0) -> Reference:
    """Run the command once, to its end with exit code 0."""
    shop.shop.forget()
    begun_at = time.perf_counter()
    code = crawl.run(timeout_s=timeout_s)
    ended_at = time.perf_counter()
    assert code == 0, crawl.tail()
    times = [entry.monotonic_at for entry in shop.log]
    paths = Counter(shop.log.paths())
    del paths[ROBOTS]
    at = {entry.path: entry.monotonic_at for entry in reversed(list(shop.log))}
    return Reference(paths, at, min(times) - begun_at, ended_at - max(times))


class _Watch:
    """What one run has asked for so far; looks at each entry of the log once."""

    def __init__(self, log: RequestLog, known: set[str]) -> None:
        self._log, self._known = log, known
        self._next = len(log)
        self.new: set[str] = set()
        self.asked: dict[str, float] = {}

    def look(self) -> None:
        """Take in what has come since."""
        while self._next < len(self._log):
            entry = self._log[self._next]
            self._next += 1
            if entry.path != ROBOTS:
                self.asked.setdefault(entry.path, entry.monotonic_at)
                if entry.path not in self._known:
                    self._known.add(entry.path)
                    self.new.add(entry.path)


class Killer:
    """Kills a crawl so many times while it gets on, then lets it end."""

    def __init__(
        self, crawl: Crawl, shop: ThreadedShop, reference: Reference, pace: Pace, *, kills: int, seed: int
    ) -> None:
        self._crawl, self._shop, self._reference, self._pace = crawl, shop, reference, pace
        self._left = kills
        self._closing = max(2, kills // 10)
        self._random = Random(seed)
        self._early = 0  # runs in a row that died before they got on
        self._long_deaths = 0
        self._known: set[str] = set()
        self.report = Report()
        self.checks: list[Callable[[], None]] = []

    def run(self) -> Report:
        """Kill and continue until the command ends by itself; its code is to be 0."""
        self._shop.shop.forget()
        while True:
            watch = _Watch(self._shop.log, self._known)
            process = self._crawl.begin()
            try:
                kind = self._one(process, watch)
            finally:
                kill(process)
            if kind is None:
                assert process.returncode == 0, self._crawl.tail()
                break
            assert process.returncode == -9, f"it ended while it was to be killed ({kind}): {self._crawl.tail()}"
            self.report.kills[kind] += 1
            for check in self.checks:
                check()
        self._count()
        return self.report

    def _one(self, process: subprocess.Popen[bytes], watch: _Watch) -> str | None:
        """Wait for the moment to kill this run; None: it has ended, or its moment did not come."""
        begun_at = time.monotonic()
        if not self._left:
            process.wait(_RUN_LIMIT_S)
            return None
        kind, is_due = self._plan(watch, begun_at)
        while process.poll() is None and not is_due():
            assert time.monotonic() - begun_at < _RUN_LIMIT_S, f"it hangs: {self._crawl.tail()}"
            time.sleep(_TICK_S)
            watch.look()
        if process.poll() is not None:
            return None if process.returncode == 0 else kind
        self._left -= 1
        self._closing -= kind == "closing"
        self._early = 0 if self._got_on(watch) else self._early + 1
        self._long_deaths += self._is_in_long_visit(watch)
        return kind

    def _got_on(self, watch: _Watch) -> bool:
        """Say whether this run lived long enough for a checkpoint after its first requests had ended."""
        lived_s = time.perf_counter() - min(watch.asked.values(), default=float("inf"))
        return len(watch.asked) >= 2 * self._pace.concurrency and lived_s >= 2 * self._pace.interval_s

    def _plan(self, watch: _Watch, begun_at: float) -> tuple[str, Callable[[], bool]]:
        missing = len(self._reference.paths.keys() - self._known)
        chance, startup_s = self._random.random(), self._reference.startup_s
        if not missing:
            self._left = min(self._left, self._closing)
            at = begun_at + self._random.uniform(0.5 * startup_s, startup_s + self._reference.close_s)
            return "closing", lambda: self._closing > 0 and time.monotonic() >= at
        if self._left <= self._closing:
            return "closing", self._after(watch, missing, self._random.uniform(0, self._reference.close_s))
        # What comes while it waits for its moment comes beside these.
        pages = round(self._random.uniform(0, 1.2 * missing / (self._left - self._closing)))
        wait_s = self._random.uniform(0, 1.2 * self._pace.interval_s)
        if self._early >= 2 or self._long_deaths == 2:
            pages, wait_s = max(pages, 2 * self._pace.concurrency), wait_s + 3 * self._pace.interval_s
            return "long", self._after(watch, pages, wait_s)
        if chance < 0.15:
            at = begun_at + self._random.uniform(0, 1.3 * startup_s)
            return "starting", lambda: time.monotonic() >= at
        return "running", self._after(watch, pages, wait_s)

    def _after(self, watch: _Watch, pages: int, wait_s: float) -> Callable[[], bool]:
        """Say when so many new pages have come and so much time has passed since."""
        pages = min(max(1, pages), len(self._reference.paths.keys() - self._known))
        come_at: list[float] = []

        def is_due() -> bool:
            if not come_at:
                if len(watch.new) >= pages and not (self._long_deaths >= 2 and self._is_in_long_visit(watch)):
                    come_at.append(time.monotonic())
                return False
            return time.monotonic() >= come_at[0] + wait_s

        return is_due

    def _is_in_long_visit(self, watch: _Watch) -> bool:
        """Say whether this run has begun the long visit and not yet committed it."""
        if self._pace.long_visit is None:
            return False
        begin, end = self._pace.long_visit
        if begin not in watch.asked:
            return False
        # Its last request may have been stored, fetched and committed before it, in a run that died.
        took_s = self._reference.at[end] - self._reference.at[begin]
        ended_at = watch.asked.get(end, watch.asked[begin] + 2 * took_s + 0.5)
        return time.perf_counter() < ended_at + 5 * self._pace.interval_s

    def _count(self) -> None:
        paths = Counter(self._shop.log.paths())
        del paths[ROBOTS]
        self.report.repeated = (paths - self._reference.paths).total()
        a_death = busiest(self._shop.log, self._pace.interval_s) + self._pace.concurrency
        self.report.allowed = self.report.kills.total() * a_death


def busiest(log: RequestLog, window_s: float) -> int:
    """Give the most requests that arrived within any window of so many seconds."""
    times = sorted(entry.monotonic_at for entry in log)
    return max((n + 1 - bisect_left(times, at - window_s) for n, at in enumerate(times)), default=0)
