"""A server that sends exactly the bytes that a test wants, and a handler that is closed after it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from framework.downloader.http import HttpDownloadHandler
from framework.settings.declared import DownloadOptions

Script = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """One connection, at the moment when a request's headers (and body, by Content-Length) are read."""

    def __init__(self, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head, self.body, self.reader, self.writer = head, body, reader, writer
        self.lines = head.decode("latin-1").split("\r\n")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST."""
        self.writer.transport.abort()


class RawServer:
    """Reads requests and lets a script answer them; ``conversations`` and ``opened`` tell what happened."""

    def __init__(self, script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._script, self._host, self._tls = script, host, tls
        self.conversations: list[Conversation] = []
        self.opened = 0
        self.open = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{port}"

    async def until_closed(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(5):
            while self.open:
                self._changed.clear()
                await self._changed.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.opened += 1
        self.open += 1
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._changed.set()
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
            length = next((int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")), 0)
            conversation = Conversation(head, await reader.readexactly(length), reader, writer)
            self.conversations.append(conversation)
            await self._script(conversation)
            if writer.is_closing():
                return


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Make a response with Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def sending(data: bytes) -> Script:
    """Make a script that answers every request with these bytes."""

    async def script(conversation: Conversation) -> None:
        await conversation.send(data)

    return script


class FakeExchange:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def sent(self) -> None:
        self.told.append("sent")

    def answered(self) -> None:
        self.told.append("answered")


@asynccontextmanager
async def opened_handler(options: dict[str, Any] | None = None, **arguments: Any) -> AsyncIterator[HttpDownloadHandler]:
    """Open a handler with these options, and close it; no task or transport may be left over."""
    handler = HttpDownloadHandler(DownloadOptions(**(options or {})), **arguments)
    try:
        yield handler
    finally:
        await handler.close()


class Wire:
    """What the tests of this folder use."""

    RawServer = RawServer
    Conversation = Conversation
    FakeExchange = FakeExchange
    self_signed = Path(__file__).with_name("self_signed.pem")
    answer = staticmethod(answer)
    sending = staticmethod(sending)

    def handler(
        self, options: dict[str, Any] | None = None, **arguments: Any
    ) -> AbstractAsyncContextManager[HttpDownloadHandler]:
        return opened_handler(options, **arguments)

    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.self_signed)
        return context

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        """Run a test's coroutine; complaints of the event loop fail it."""
        complaints: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            await story
            await asyncio.sleep(0)

        asyncio.run(watched())
        assert complaints == []


@pytest.fixture
def wire() -> Wire:
    return Wire()
