"""Making connections: where a request meets the network, and where the address guard sits.

Place in the flow: the HTTP handler puts the ``Flight`` of its request into a context variable; aiohttp asks this
connector for a connection; the connector tells the flight when the connection stands and the request is about to be
written. aiohttp's own pool, TLS and happy eyeballs do the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp import ClientTimeout
from aiohttp.abc import ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from framework.exceptions import ForbiddenAddressError
from framework.protocols import Exchange

from .guard import AddressGuard

if TYPE_CHECKING:
    from asyncio import Transport

    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace
    from multidict import CIMultiDict


class Link:
    """One connection, as far as responses tell of it.

    Attributes:
        address: the peer's address.
        certificate: the peer's certificate in DER form; ``None`` without TLS.
        sent_at: monotonic seconds of the last request on it.
    """

    __slots__ = ("address", "certificate", "sent_at")

    def __init__(self, transport: Transport | None) -> None:
        peer = transport.get_extra_info("peername") if transport is not None else None
        tls = transport.get_extra_info("ssl_object") if transport is not None else None
        self.address: IPv4Address | IPv6Address | None = ip_address(peer[0]) if peer else None
        self.certificate: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        self.sent_at = 0.0


class Flight:
    """One transfer, as far as the connector has to know it.

    Attributes:
        exchange: told once when the request goes on the wire.
        headers: what goes on the wire.
        sent_at: monotonic seconds of that, 0.0 before.
        rested_s: how long the connection had been unused; 0.0 for a new one.
        link: the connection.
    """

    __slots__ = ("exchange", "headers", "link", "rested_s", "sent_at")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.headers: CIMultiDict[str] | None = None
        self.sent_at = 0.0
        self.rested_s = 0.0
        self.link: Link | None = None


current_flight: ContextVar[Flight | None] = ContextVar("current_flight", default=None)


class GuardedConnector(aiohttp.TCPConnector):
    """aiohttp's connector, asking an address guard and telling the flight.

    Args:
        guard: asked about each address of each new connection.
        options: the keyword arguments of ``aiohttp.TCPConnector``.
    """

    def __init__(self, guard: AddressGuard, **options: Any) -> None:
        super().__init__(**options)
        self._guard = guard
        self._links: WeakKeyDictionary[ResponseHandler, Link] = WeakKeyDictionary()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        """Give a connection from the pool or a new one; the request is written at once after it."""
        connection = await super().connect(req, traces, timeout)
        flight = current_flight.get()
        if flight is not None:
            try:
                self._tell(flight, connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _tell(self, flight: Flight, connection: Connection) -> None:
        protocol = connection.protocol
        now = monotonic()
        if protocol is not None:
            link = self._links.get(protocol)
            if link is None:
                link = self._links[protocol] = Link(protocol.transport)
            flight.rested_s = now - link.sent_at if link.sent_at else 0.0
            flight.link = link
            link.sent_at = now
        if not flight.sent_at:
            flight.sent_at = now
            flight.exchange.sent()

    async def _resolve_host(self, host: str, port: int, traces: Sequence[Trace] | None = None) -> list[ResolveResult]:
        """Resolve, and leave only the addresses that the guard lets pass: these are connected to by number."""
        results = await super()._resolve_host(host, port, traces)
        allowed: list[ResolveResult] = []
        refusal: ForbiddenAddressError | None = None
        for result in results:
            try:
                self._guard.allow(host, result["host"], port)
            except ForbiddenAddressError as error:
                refusal = error
            else:
                allowed.append(result)
        if refusal is not None and not allowed:
            raise refusal
        return allowed
