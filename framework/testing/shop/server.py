"""The shop on its sockets: finds the page for a request, keeps the log, starts and stops.

The top of this package. It is built on aiohttp's low-level `web.Server` with a table of first path segments, since a
router and an application would cost more than the pages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

from aiohttp import web

from framework.testing.shop import account, api, echoes, mazes, misbehaviour, storefront
from framework.testing.shop.answers import ENTRY, AbandonedError, html
from framework.testing.shop.books import catalogue
from framework.testing.shop.faults import Faults
from framework.testing.shop.layout import plain_page
from framework.testing.shop.log import LogEntry
from framework.testing.shop.state import Handler, ShopState

_READ_ONLY: Final = storefront.ROUTES
_ROUTES: Final[dict[str, Handler]] = {
    **storefront.ROUTES,
    **account.ROUTES,
    **api.ROUTES,
    **echoes.ROUTES,
    **misbehaviour.ROUTES,
    **mazes.ROUTES,
}
_GRACE_S: Final = 0.1  # per stage, and aiohttp has two: answers under way may end, then they are cancelled
_STOP_LIMIT_S: Final = 0.5
_BACKLOG: Final = 2048
_PORT_ATTEMPTS: Final = 10
_MAX_TARGET_BYTES: Final = 65_536


class Shop(ShopState):
    """A demo bookshop on loopback.

    Use it as an async context manager, or call `start` and `stop`. `hosts` are more addresses to listen on, at the
    same port. `log_file` gets one line of JSON for each request.
    """

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        *,
        books: int = 1000,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 7,
        page_size: int = 20,
        faults: Faults | None = None,
        log_file: str | None = None,
        hosts: Sequence[str] = (),
    ) -> None:
        super().__init__(catalogue(books, seed), page_size=page_size, faults=faults)
        self._hosts = tuple(dict.fromkeys((host, *hosts)))
        self._wanted_port = port
        self._log_file = log_file
        self._port = 0
        self._server: web.Server | None = None
        self._runner: web.ServerRunner | None = None
        self._answering: set[asyncio.Task[object]] = set()

    def __repr__(self) -> str:
        return f"<Shop {self._at(self._hosts[0]) if self._runner else 'not started'}, {len(self.books)} books>"

    @property
    def port(self) -> int:
        """The port that it listens on.

        :raises RuntimeError: the shop is not started
        """
        if self._runner is None:
            raise RuntimeError("the shop has no address: start it first")
        return self._port

    @property
    def url(self) -> str:
        """The address to begin with, without a slash at the end: `http://127.0.0.1:8000`."""
        return self._at(self._hosts[0])

    @property
    def urls(self) -> list[str]:
        """The addresses of all its hosts."""
        return [self._at(host) for host in self._hosts]

    def _at(self, host: str) -> str:
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def start(self) -> Shop:
        """Listen; back as soon as requests are answered.

        :raises OSError: the port is taken or an address is not this machine's
        :raises RuntimeError: it is started already
        """
        if self._runner is not None:
            raise RuntimeError("the shop is started already")
        server = web.Server(self._answer, access_log=None, handler_cancellation=True, max_line_size=_MAX_TARGET_BYTES)
        runner = web.ServerRunner(server, shutdown_timeout=_GRACE_S)
        await runner.setup()
        try:
            self._port = await self._listen(runner)
            if self._log_file is not None:
                self.log.open_file(self._log_file)
        except BaseException:
            await runner.cleanup()
            raise
        self._server, self._runner = server, runner
        return self

    async def _listen(self, runner: web.ServerRunner) -> int:
        """Bind every host at one port: with port 0, one that happens to be free on all of them."""
        for _ in range(_PORT_ATTEMPTS):
            try:
                return await self._bind(runner)
            except OSError:
                if self._wanted_port or len(self._hosts) == 1:
                    raise
        return await self._bind(runner)

    async def _bind(self, runner: web.ServerRunner) -> int:
        port = self._wanted_port
        try:
            for host in self._hosts:
                await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
                port = runner.addresses[0][1]
        except OSError:
            for site in runner.sites:
                await site.stop()
            raise
        return port

    async def stop(self) -> None:
        """Stop within a second, whatever is being answered; everything open is closed afterwards. Safe to repeat."""
        if self._runner is None or self._server is None:
            return
        runner, self._runner = self._runner, None
        transports = [connection.transport for connection in self._server.connections]
        await runner.cleanup()
        for transport in transports:
            if transport is not None:
                transport.abort()  # else a client that does not read would keep the unsent rest, and the socket, alive
        if self._answering:
            await asyncio.wait(self._answering, timeout=_STOP_LIMIT_S)
        await asyncio.sleep(0)
        self.log.close_file()

    async def __aenter__(self) -> Shop:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Log a request, answer it, and log how that went."""
        entry = LogEntry(request.method, request.raw_path, request.raw_headers)
        entry.at, entry.monotonic_at = time.time(), time.perf_counter()
        entry.host = request.headers.get("Host", "")
        peer = request.get_extra_info("peername")
        entry.peer = peer[:2] if peer else None
        self.log.add(entry)
        ENTRY.set(entry)  # aiohttp answers each request in a task, and so in a context, of its own
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - aiohttp runs handlers in tasks
        self._answering.add(task)
        try:
            response = await self._page(request)
            _note(entry, request, response)
        except (AbandonedError, ConnectionError):
            return web.Response()  # goes nowhere: aiohttp finds the connection gone and drops it
        finally:
            self._answering.discard(task)
            self.log.end(entry, time.perf_counter())
        return response

    async def _page(self, request: web.BaseRequest) -> web.StreamResponse:
        """Find the page by the first segment of the path and let it answer."""
        target = request.raw_path
        path = target.partition("?")[0] if target.startswith("/") else request.rel_url.raw_path
        segment, _, rest = path[1:].partition("/")
        own = self.pages.get(path) if self.pages else None
        if own is not None:
            return (
                await own(self, request, rest) if callable(own) else html(own.encode() if isinstance(own, str) else own)
            )
        handler = _ROUTES.get(segment)
        if handler is None:
            return storefront.not_found(self)
        if segment in _READ_ONLY and request.method not in ("GET", "HEAD"):
            return _method_not_allowed()
        try:
            return await handler(self, request, rest)
        except web.HTTPException as refusal:
            return html(plain_page(refusal.reason, f"<p>{refusal.text}</p>"), refusal.status)


def _method_not_allowed() -> web.Response:
    answer = html(plain_page("Method not allowed", ""), 405)
    answer.headers["Allow"] = "GET, HEAD"
    return answer


def _note(entry: LogEntry, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Write the outcome into the entry; a streamed answer has counted its body itself."""
    entry.status = response.status
    if isinstance(response, web.Response) and request.method != "HEAD" and isinstance(response.body, bytes):
        entry.body_bytes = len(response.body)


async def serve(shop: Shop, on_start: Callable[[Shop], None] | None = None) -> None:
    """Serve until cancelled, then stop the shop. What `fwk shop` runs.

    :param on_start: called once the shop answers, when its address is known
    :raises OSError: the port is taken or an address is not this machine's
    """
    async with shop:
        if on_start is not None:
            on_start(shop)
        await asyncio.get_running_loop().create_future()
