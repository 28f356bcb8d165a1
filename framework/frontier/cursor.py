"""Where the search for requests on disk has come to: round all hosts that have any, the highest priority first.

Place in the flow: ``Backlog`` asks it for the next hosts whose requests it may load.
"""

from __future__ import annotations

from .store.rows import Row
from .store.sqlite import Store

A_HEAD = 64
"""How many rows of a host are read at first."""
_HOSTS_A_STEP = 64


class ColdCursor:
    """Goes round the hosts that have rows, in the order of their digests.

    When it has gone round all hosts of a priority and nothing came, it goes on to the next lower one.

    Args:
        store: the disk.
        newest_first: whether the first rows of a host are those with the highest numbers.
    """

    def __init__(self, store: Store, *, newest_first: bool) -> None:
        self._store = store
        self._newest_first = newest_first
        self._priority: int | None = None
        self._after_host: int | None = None
        self._exhausted: int | None = None
        self._has_found = False

    async def heads(self) -> tuple[int | None, list[tuple[int, list[Row]]]]:
        """Return the present priority, and the digests of the next hosts with the first rows of each.

        No hosts: the round is over. No priority: all priorities are, and the next round begins with the highest.

        Raises:
            DamagedJob: one of the rows is not what was written.
        """
        if self._priority is None:
            self._priority = await self._next_priority()
        priority = self._priority
        heads: list[tuple[int, list[Row]]] = []
        if priority is not None:
            heads = await self._store.cold_heads(
                priority, self._after_host, _HOSTS_A_STEP, A_HEAD, newest_first=self._newest_first
            )
        if heads:
            self._after_host = heads[-1][0]
        else:
            self._end_round()
        return priority, heads

    def found(self) -> None:
        """Take note that something of this round could be loaded."""
        self._has_found = True

    async def _next_priority(self) -> int | None:
        """Return the highest priority with rows below the one that was gone through in vain."""
        exhausted = self._exhausted
        return next((it for it in await self._store.priorities() if exhausted is None or it < exhausted), None)

    def _end_round(self) -> None:
        """Begin anew: at the top when something came or all were gone through, else one lower."""
        self._exhausted = None if self._has_found else self._priority
        self._has_found = False
        self._priority = self._after_host = None
