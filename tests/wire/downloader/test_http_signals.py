"""The signals of a transfer: who listens sees headers and bytes as they come, and may stop the body."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from framework import signals as events
from framework.exceptions import StopDownload
from framework.http import Request
from framework.signalmanager import SignalManager

PAGE = b"<html><body>hello</body></html>"


def test_a_handler_of_headers_received_may_stop_the_body(wire: Any) -> None:
    heard: list[dict[str, Any]] = []

    def stop(**arguments: Any) -> None:
        heard.append(arguments)
        raise StopDownload(fail=False)

    async def story() -> None:
        signals = SignalManager()
        signals.connect(stop, events.headers_received, weak=False)
        reply = wire.answer(b"", "X-A: 1", length=1000)
        async with (
            wire.RawServer(wire.sending(reply)) as server,
            wire.handler(signals=signals, spider="the spider") as handler,
        ):
            request = Request(server.url)
            response = await handler.download_request(request, wire.FakeExchange())

            assert response.body == b""
            assert response.flags == ["download_stopped"]
            assert heard[0]["headers"]["X-A"] == b"1"
            assert heard[0]["body_length"] == 1000
            assert heard[0]["request"] is request
            assert heard[0]["spider"] == "the spider"
            await server.until_closed()

    wire.run(story())


def test_a_handler_of_bytes_received_may_stop_the_body_and_make_it_fail(wire: Any) -> None:
    chunks: list[bytes] = []

    def stop(data: bytes) -> None:
        chunks.append(data)
        if len(b"".join(chunks)) >= 300:
            raise StopDownload

    async def drip(talk: Any) -> None:
        await talk.send(wire.answer(b"", length=1000))
        for _ in range(9):
            await talk.send(b"x" * 100)
            await asyncio.sleep(0.01)

    async def story() -> None:
        signals = SignalManager()
        signals.connect(stop, events.bytes_received, weak=False)
        async with wire.RawServer(drip) as server, wire.handler(signals=signals) as handler:
            with pytest.raises(StopDownload) as caught:
                await handler.download_request(Request(server.url), wire.FakeExchange())

            response = caught.value.response
            assert 300 <= len(response.body) < 900
            assert response.flags == ["download_stopped"]

    wire.run(story())


def test_who_only_listens_gets_every_byte_as_it_came(wire: Any) -> None:
    chunks: list[bytes] = []
    packed = gzip.compress(PAGE)

    def listen(data: bytes) -> None:
        chunks.append(data)

    async def story() -> None:
        signals = SignalManager()
        signals.connect(listen, events.bytes_received, weak=False)
        signals.connect(lambda **_: None, events.headers_received, weak=False)
        reply = wire.answer(packed, "Content-Encoding: gzip")
        async with wire.RawServer(wire.sending(reply)) as server, wire.handler(signals=signals) as handler:
            response = await handler.download_request(Request(server.url), wire.FakeExchange())

            assert response.body == PAGE
            assert b"".join(chunks) == packed

    wire.run(story())
