"""What goes wrong on real sockets, each under its name, and nothing left open after it."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import pytest

from framework.exceptions import (
    CannotResolveHostError,
    DownloadConnectionError,
    DownloadConnectionRefusedError,
    DownloadError,
    DownloadTimeoutError,
    ForbiddenAddressError,
)
from framework.http import Request
from framework.testing.shop import Shop


async def hang(talk: Any) -> None:
    await talk.reader.read()


def failing(wire: Any, script: Any, request: dict[str, Any] | None = None, **options: Any) -> tuple[Exception, Any]:
    """Fetch from a server that fails it; give the error and the server."""
    kept: list[Any] = []

    async def story() -> None:
        async with wire.RawServer(script) as server, wire.handler(options) as handler:
            exchange = wire.FakeExchange()
            with pytest.raises(DownloadError) as caught:
                await handler.download_request(Request(server.url + "/page", **(request or {})), exchange)
            await server.until_closed()
            kept.extend((caught.value, server, exchange))

    wire.run(story())
    assert str(kept[0]).startswith("<")
    return kept[0], kept[1]


def test_a_server_that_never_answers_passes_the_idle_limit(wire: Any) -> None:
    started = time.monotonic()

    error, _ = failing(wire, hang, idle_timeout_s=0.2)

    assert isinstance(error, DownloadTimeoutError)
    assert "sent nothing for 0.2 s (DOWNLOAD_IDLE_TIMEOUT)" in str(error)
    assert time.monotonic() - started < 2


def test_a_server_that_stops_within_a_body_passes_the_idle_limit(wire: Any) -> None:
    async def stop(talk: Any) -> None:
        await talk.send(wire.answer(b"x" * 10, length=1000))
        await talk.reader.read()

    error, _ = failing(wire, stop, idle_timeout_s=0.2)

    assert isinstance(error, DownloadTimeoutError)
    assert "DOWNLOAD_IDLE_TIMEOUT" in str(error)


@pytest.mark.parametrize("part", ["headers", "body", "100 Continue"])
def test_a_slow_drip_passes_the_total_limit(wire: Any, part: str) -> None:
    async def drip(talk: Any) -> None:
        await talk.send(b"HTTP/1.1 200 OK\r\n" if part == "headers" else b"")
        await talk.send(wire.answer(b"", length=1000) if part == "body" else b"")
        while True:
            drop = {"headers": b"X-A: 1\r\n", "body": b"x", "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n"}[part]
            await talk.send(drop)
            await asyncio.sleep(0.05)

    for options in ({"timeout_s": 0.4}, {"request": {"meta": {"download_timeout": 0.4}}}):
        started = time.monotonic()
        error, _ = failing(wire, drip, idle_timeout_s=0.2, **options)

        assert isinstance(error, DownloadTimeoutError)
        assert "not done within 0.4 s (DOWNLOAD_TIMEOUT" in str(error)
        assert time.monotonic() - started < 2


def test_a_host_that_accepts_nobody_passes_the_connect_limit(wire: Any) -> None:
    async def story() -> None:
        # A listener whose queue is full lets further connections hang.
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            port = listener.getsockname()[1]
            fillers = [socket.socket() for _ in range(3)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            exchange = wire.FakeExchange()
            async with wire.handler({"connect_timeout_s": 0.3}) as handler:
                with pytest.raises(DownloadTimeoutError, match=r"no connection within 0\.3 s \(DOWNLOAD_CONNECT"):
                    await handler.download_request(Request(f"http://127.0.0.1:{port}/"), exchange)
            for filler in fillers:
                filler.close()
        assert exchange.told == []

    wire.run(story())


def test_a_port_without_listener_refuses(wire: Any) -> None:
    async def story() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        exchange = wire.FakeExchange()
        async with wire.handler() as handler:
            with pytest.raises(DownloadConnectionRefusedError, match="nobody listens"):
                await handler.download_request(Request(url), exchange)
        assert exchange.told == []

    wire.run(story())


def test_a_name_that_does_not_exist_is_named(wire: Any) -> None:
    async def story() -> None:
        async with wire.handler({"dns_timeout_s": 10.0}) as handler:
            with pytest.raises(CannotResolveHostError, match=r"<GET http://nowhere\.invalid/>.*nowhere\.invalid"):
                await handler.download_request(Request("http://nowhere.invalid/"), wire.FakeExchange())

    wire.run(story())


@pytest.mark.parametrize("is_reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_breaks_before_the_answer_is_not_tried_again_in_secret(
    wire: Any, is_reset: bool, method: str
) -> None:
    async def cut(talk: Any) -> None:
        if is_reset:
            sock = talk.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            talk.reset()
        else:
            talk.writer.close()

    error, server = failing(wire, cut, {"method": method, "body": b"x" if method == "POST" else b""})

    assert isinstance(error, DownloadConnectionError)
    assert "reset" in str(error) or "closed the connection before it answered" in str(error)
    assert len(server.conversations) == 1


def test_a_break_on_a_connection_in_full_use_is_not_tried_again_in_secret_either(wire: Any) -> None:
    async def cut_the_second(talk: Any) -> None:
        if talk.lines[0].startswith("GET /2"):
            talk.writer.close()
        else:
            await talk.send(wire.answer(b"fine"))

    async def story() -> None:
        async with wire.RawServer(cut_the_second) as server, wire.handler() as handler:
            await handler.download_request(Request(server.url + "/1"), wire.FakeExchange())
            with pytest.raises(DownloadConnectionError):
                await handler.download_request(Request(server.url + "/2"), wire.FakeExchange())
            assert len(server.conversations) == 2
            assert server.opened == 1

    wire.run(story())


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_connection_that_a_server_gave_up_while_it_rested_is_replaced_where_that_is_safe(
    wire: Any, method: str
) -> None:
    async def cut_the_second(talk: Any) -> None:
        if len(talk.server.conversations) == 2:
            talk.writer.close()
        else:
            await talk.send(wire.answer(b"fine"))

    async def story() -> None:
        async def script(talk: Any) -> None:
            talk.server = server
            await cut_the_second(talk)

        async with wire.RawServer(script) as server, wire.handler() as handler:
            exchange = wire.FakeExchange()
            await handler.download_request(Request(server.url), wire.FakeExchange())
            await asyncio.sleep(1.05)
            request = Request(server.url, method=method, body=b"data" if method != "GET" else b"")
            if method == "POST":
                with pytest.raises(DownloadConnectionError):
                    await handler.download_request(request, exchange)
            else:
                assert (await handler.download_request(request, exchange)).body == b"fine"
                assert server.conversations[2].body == request.body
                assert exchange.told == ["sent", "answered"]
            assert len(server.conversations) == (2 if method == "POST" else 3)

    wire.run(story())


@pytest.mark.parametrize(
    "reply",
    [
        b"this is not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nxxxxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(100_000)),
    ],
    ids=["garbage", "bad length", "two lengths", "endless header", "endless headers"],
)
def test_an_answer_that_is_no_http_is_refused_and_its_connection_closed(wire: Any, reply: bytes) -> None:
    error, _ = failing(wire, wire.sending(reply))

    assert "not valid HTTP" in str(error)


def test_a_url_that_cannot_be_sent_is_refused_for_good(wire: Any) -> None:
    async def story() -> None:
        async with wire.handler() as handler:
            for url in ("http://2130706433/", "http:///path"):
                with pytest.raises(DownloadError) as caught:
                    await handler.download_request(Request(url), wire.FakeExchange())
                assert caught.value.blames == "url"
                assert not caught.value.retryable

    wire.run(story())


def test_a_cancelled_fetch_leaves_no_connection_open(wire: Any) -> None:
    async def stop_within_the_body(talk: Any) -> None:
        await talk.send(wire.answer(b"x" * 10, length=1000))
        await talk.reader.read()

    async def story() -> None:
        for script in (hang, stop_within_the_body):
            async with wire.RawServer(script) as server, wire.handler() as handler:
                fetching = asyncio.create_task(handler.download_request(Request(server.url), wire.FakeExchange()))
                await asyncio.sleep(0.1)
                assert len(server.conversations) == 1

                fetching.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await fetching

                await server.until_closed()

    wire.run(story())


class Guard:
    """Refuses some addresses and remembers what it was asked."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked: list[tuple[str, str, int]] = []

    def allow(self, host: str, address: str, port: int) -> None:
        self.asked.append((host, address, port))
        if address in self.refused:
            raise ForbiddenAddressError(f"{host} resolves to {address}, which is private")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_guard_is_asked_about_every_address_of_a_new_connection(wire: Any, host: str) -> None:
    guard = Guard("127.0.0.1", "::1")

    async def story() -> None:
        async with Shop(books=1) as shop, wire.handler(guard=guard) as handler:
            exchange = wire.FakeExchange()
            url = shop.url.replace("127.0.0.1", host)
            with pytest.raises(ForbiddenAddressError, match=r"resolves to .* which is private"):
                await handler.download_request(Request(url), exchange)

            assert (host, "127.0.0.1", shop.port) in guard.asked
            assert exchange.told == []
            assert shop.log.count() == 0

            guard.refused = ("::1",)
            for _ in range(2):
                await handler.download_request(Request(url), exchange)
            assert guard.asked.count((host, "127.0.0.1", shop.port)) == 2

    wire.run(story())


def test_the_shops_resets_and_cuts_are_errors_of_the_tree(wire: Any) -> None:
    async def story() -> None:
        async with Shop(books=1) as shop, wire.handler() as handler:
            for path in ("/reset", "/truncated"):
                with pytest.raises(DownloadError):
                    await handler.download_request(Request(shop.url + path), wire.FakeExchange())
                assert shop.log.count(path) == 1

    wire.run(story())
