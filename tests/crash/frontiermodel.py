"""What the frontier is compared with, and the disk that it is given, in the test of any order of its verbs."""

from __future__ import annotations

import asyncio
from typing import Any

from framework.exceptions import StoreError
from framework.frontier.store.sqlite import Store


class Disk(Store):
    """A store that refuses the next writes, as often as it is told."""

    refusals = 0

    def _refuse(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")

    async def add(self, changes: Any) -> None:
        """Write what spills."""
        await asyncio.sleep(0)
        self._refuse()
        await super().add(changes)

    async def commit(self, *args: Any) -> None:
        """Write a checkpoint."""
        await asyncio.sleep(0)
        self._refuse()
        await super().commit(*args)


class Model:
    """What must be so: all by URL.

    Attributes:
        known: what was offered and accepted.
        ended: how often each was finished; a second time would be twice.
    """

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.ended: set[str] = set()

    def copy(self) -> Model:
        """Return what is so now."""
        other = Model()
        other.known, other.ended = set(self.known), set(self.ended)
        return other
