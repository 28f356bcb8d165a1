"""What is remembered of hosts that failed and have left memory: how often each has failed in a row.

A crawl may meet a million dead names, and a ``Host`` takes some 500 bytes. Here each takes some 70, and only of the
last ones there is a record: a host that failed longer ago begins anew, as one that was never met.

Place in the flow: ``Schedule`` hands over the failures of a host that it forgets, and asks when it makes one.
"""

from __future__ import annotations

from typing import Final

FAILED_MAX: Final = 40_000
"""Hosts in each of two generations; a dictionary of so many is nearly full."""


class FailedHosts:
    """Two generations of a dictionary: when the young one is full, it becomes the old one, and that is forgotten.

    Args:
        generation_max: hosts in a generation.
    """

    __slots__ = ("_generation_max", "_old", "_young")

    def __init__(self, generation_max: int = FAILED_MAX) -> None:
        self._generation_max = generation_max
        # By the hash of the name, which is smaller; that two names share one is as good as impossible.
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def remember(self, key: str, failures: int) -> None:
        """Keep how often a host has failed in a row."""
        if len(self._young) >= self._generation_max:
            self._old = self._young
            self._young = {}
        self._young[hash(key)] = failures

    def take(self, key: str) -> int:
        """Return how often a host has failed in a row, as far as that is known, and remember it no longer."""
        number = hash(key)
        return self._young.pop(number, 0) or self._old.pop(number, 0)
