"""Name resolution with a cache: one query a name at a time, kept for a while, with a time limit.

Place in the flow: the connector asks for a host's addresses before each new connection. The query itself is
aiohttp's ``ThreadedResolver`` (the system's ``getaddrinfo`` in a thread).
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from framework.exceptions import CannotResolveHostError

_Key = tuple[str, int]
_NEGATIVE_S = 1.0
"""A failure is told for this long to everybody who asks, so that a page's worth of links asks once."""


class CachedResolver(AbstractResolver):
    """Remembers addresses.

    Args:
        is_caching: keep answers at all (``DNSCACHE_ENABLED``).
        size: names to remember at most; the longest unused is forgotten first (``DNSCACHE_SIZE``).
        ttl_s: seconds that an answer is good for.
        timeout_s: seconds that a query may take (``DNS_TIMEOUT``).
        resolver: who asks; by default the system.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        is_caching: bool = True,
        size: int = 10_000,
        ttl_s: float = 300.0,
        timeout_s: float = 60.0,
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._size = size if is_caching else 0
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._resolver = resolver or ThreadedResolver()
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[float, list[ResolveResult] | CannotResolveHostError]] = OrderedDict()
        self._queries: dict[_Key, asyncio.Task[list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name, in the system's order.

        Raises:
            CannotResolveHostError: it has none, or there was no answer in time.
        """
        key = (host, int(family))
        found = self._recall(key)
        if found is None:
            found = await self._shared_query(key, host, family)
        elif isinstance(found, CannotResolveHostError):
            raise CannotResolveHostError(*found.args)
        return [_with_port(result, port) for result in found]

    def _recall(self, key: _Key) -> list[ResolveResult] | CannotResolveHostError | None:
        entry = self._known.get(key)
        if entry is None:
            return None
        if entry[0] <= self._clock():
            del self._known[key]
            return None
        self._known.move_to_end(key)
        return entry[1]

    def _remember(self, key: _Key, answer: list[ResolveResult] | CannotResolveHostError, ttl_s: float) -> None:
        if self._size:
            self._known[key] = (self._clock() + ttl_s, answer)
            while len(self._known) > self._size:
                self._known.popitem(last=False)

    async def _shared_query(self, key: _Key, host: str, family: socket.AddressFamily) -> list[ResolveResult]:
        query = self._queries.get(key)
        if query is None:
            query = self._queries[key] = asyncio.create_task(self._query(key, host, family), name=f"dns {host}")
            query.add_done_callback(lambda task: self._ended(key, task))
        # Whoever waits may be cancelled; the others still want the answer.
        return await asyncio.shield(query)

    def _ended(self, key: _Key, task: asyncio.Task[list[ResolveResult]]) -> None:
        del self._queries[key]
        if not task.cancelled():
            task.exception()  # Seen: where every waiter was cancelled, nobody else asks for it.

    async def _query(self, key: _Key, host: str, family: socket.AddressFamily) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._resolver.resolve(host, 0, family)
        except TimeoutError:
            reason = f"no answer within {self._timeout_s:g} s (DNS_TIMEOUT); check the name servers of this machine"
            failure = CannotResolveHostError(f"cannot resolve {host!r}: {reason}")
        except (OSError, UnicodeError) as error:
            reason = f"{error.strerror if isinstance(error, OSError) and error.strerror else error}"
            failure = CannotResolveHostError(f"cannot resolve {host!r}: {reason}; check its spelling")
        else:
            if answer:
                self._remember(key, answer, self._ttl_s)
                return answer
            failure = CannotResolveHostError(f"cannot resolve {host!r}: it has no address of the family asked for")
        self._remember(key, failure, min(_NEGATIVE_S, self._ttl_s))
        raise failure

    async def close(self) -> None:
        """Drop the queries under way and what is known."""
        queries = list(self._queries.values())
        for query in queries:
            query.cancel()
        await asyncio.gather(*queries, return_exceptions=True)
        await self._resolver.close()
        self._known.clear()


def _with_port(result: ResolveResult, port: int) -> ResolveResult:
    answer = result.copy()
    answer["port"] = port
    return answer
