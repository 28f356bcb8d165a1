"""Bodies on real sockets: decoded, whole, and within their limits."""

from __future__ import annotations

import asyncio
import gzip
import logging
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard

from framework.exceptions import DownloadCancelledError, DownloadConnectionError, ResponseDataLossError
from framework.http import Request, Response
from framework.testing.shop import Shop

TEXT = b"a page of text that is sent in many ways " * 2000
MIB = 1024 * 1024


class FakeStats:
    """Counts."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def inc_value(self, key: str, count: int = 1, start: int = 0) -> None:
        self.values[key] = self.values.get(key, start) + count


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(data: bytes, size: int = 700, *, is_whole: bool = True) -> bytes:
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + (b"0\r\n\r\n" if is_whole else b"")


def fetch(wire: Any, reply: bytes, *, close: bool = False, **options: Any) -> Response:
    """Fetch what a server sends; ``meta`` and ``handler`` are among the options."""
    responses: list[Response] = []
    arguments = options.pop("arguments", {})
    meta = options.pop("meta", None)

    async def script(talk: Any) -> None:
        await talk.send(reply)
        if close:
            talk.writer.close()

    async def story() -> None:
        async with wire.RawServer(script) as server, wire.handler(options, **arguments) as handler:
            request = Request(server.url + "/page", meta=meta)
            responses.append(await handler.download_request(request, wire.FakeExchange()))

    wire.run(story())
    return responses[0]


@pytest.mark.parametrize("framing", ["length", "chunked", "until close"])
@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("br, gzip", lambda data: gzip.compress(brotli.compress(data))),
        ("", bytes),
    ],
    ids=["gzip", "deflate", "raw deflate", "br", "zstd", "br in gzip", "plain"],
)
def test_every_encoding_in_every_framing(
    wire: Any, encoding: str, encode: Callable[[bytes], bytes], framing: str
) -> None:
    headers = [f"Content-Encoding: {encoding}"] if encoding else []
    data = encode(TEXT)
    if framing == "length":
        reply = wire.answer(data, *headers)
    elif framing == "chunked":
        head = "\r\n".join(["HTTP/1.1 200 OK", *headers, "Transfer-Encoding: chunked", "", ""])
        reply = head.encode() + chunked(data)
    else:
        reply = "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + data

    response = fetch(wire, reply, close=framing == "until close")

    assert response.body == TEXT
    assert b"Content-Encoding" not in response.headers
    assert response.flags == (["partial"] if framing == "until close" else [])


def test_encodings_in_several_headers_lie_over_each_other(wire: Any) -> None:
    data = gzip.compress(brotli.compress(TEXT))

    assert fetch(wire, wire.answer(data, "Content-Encoding: br", "Content-Encoding: gzip")).body == TEXT


def test_an_encoding_that_is_not_known_stays_as_it_came(wire: Any) -> None:
    inner = fetch(wire, wire.answer(gzip.compress(b"secret"), "Content-Encoding: aes128gcm, gzip"))
    whole = fetch(wire, wire.answer(b"secret", "Content-Encoding: aes128gcm"))

    assert (inner.body, inner.headers["Content-Encoding"]) == (b"secret", b"aes128gcm")
    assert (whole.body, whole.headers["Content-Encoding"]) == (b"secret", b"aes128gcm")


def test_without_decoding_the_body_stays_compressed(wire: Any) -> None:
    packed = gzip.compress(TEXT)

    response = fetch(wire, wire.answer(packed, "Content-Encoding: gzip"), arguments={"is_decoding": False})

    assert response.body == packed
    assert response.headers["Content-Encoding"] == b"gzip"


def test_decompressed_bytes_are_counted_under_scrapys_names(wire: Any) -> None:
    stats = FakeStats()

    fetch(wire, wire.answer(gzip.compress(TEXT), "Content-Encoding: gzip"), arguments={"stats": stats})
    fetch(wire, wire.answer(TEXT), arguments={"stats": stats})

    assert stats.values == {"httpcompression/response_bytes": len(TEXT), "httpcompression/response_count": 1}


def test_gzip_with_members_and_garbage(wire: Any) -> None:
    data = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0\0\0"

    assert fetch(wire, wire.answer(data, "Content-Encoding: gzip")).body == b"one two"


def test_a_body_larger_than_allowed_is_refused_by_its_length_alone(wire: Any) -> None:
    with pytest.raises(DownloadCancelledError, match=r"has 5000 bytes, more than the 4999 that DOWNLOAD_MAXSIZE"):
        fetch(wire, wire.answer(b"", length=5000), maxsize_bytes=4999)


def test_the_limit_lets_its_own_size_pass_and_the_request_may_change_it(wire: Any) -> None:
    reply = wire.answer(b"x" * 5000)

    assert len(fetch(wire, reply, maxsize_bytes=5000).body) == 5000
    assert len(fetch(wire, reply, maxsize_bytes=10, meta={"download_maxsize": 0}).body) == 5000
    with pytest.raises(DownloadCancelledError, match="more than the 4999 bytes"):
        fetch(wire, reply, meta={"download_maxsize": 4999})


def test_a_spider_may_set_the_limits(wire: Any) -> None:
    class Spider:
        download_maxsize = 10

    with pytest.raises(DownloadCancelledError):
        fetch(wire, wire.answer(b"x" * 11), arguments={"spider": Spider()})


def test_an_endless_body_is_cut_at_the_limit(wire: Any) -> None:
    sent = 0

    async def flood(talk: Any) -> None:
        nonlocal sent
        await talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await talk.send(chunked(b"x" * 65536, 65536, is_whole=False))
            sent += 65536

    async def story() -> None:
        async with wire.RawServer(flood) as server, wire.handler({"maxsize_bytes": MIB}) as handler:
            with pytest.raises(DownloadCancelledError, match="cut after"):
                await handler.download_request(Request(server.url), wire.FakeExchange())
            await server.until_closed()

    wire.run(story())
    assert sent < 20 * MIB


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_refused_in_bounded_memory_and_its_host_goes_on(wire: Any, coding: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: brotli.compress(data, quality=5),
        "zstd": zstandard.ZstdCompressor().compress,
    }
    bomb = wire.answer(packers[coding](bytes(200 * MIB)), f"Content-Encoding: {coding}")
    replies = [bomb, wire.answer(b"fine")]

    async def script(talk: Any) -> None:
        await talk.send(replies.pop(0))

    async def story() -> None:
        async with wire.RawServer(script) as server, wire.handler({"maxsize_bytes": 8 * MIB}) as handler:
            tracemalloc.start()
            with pytest.raises(DownloadCancelledError, match="DOWNLOAD_MAXSIZE"):
                await handler.download_request(Request(server.url), wire.FakeExchange())
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 72 * MIB
            assert (await handler.download_request(Request(server.url), wire.FakeExchange())).body == b"fine"

    wire.run(story())


def test_the_shops_bombs_are_refused(wire: Any) -> None:
    async def story() -> None:
        async with Shop(books=1) as shop, wire.handler({"maxsize_bytes": MIB}) as handler:
            with pytest.raises(DownloadCancelledError, match="DOWNLOAD_MAXSIZE"):
                await handler.download_request(Request(shop.url + "/bomb/gzip?mb=5"), wire.FakeExchange())

    wire.run(story())


def test_the_loop_gets_its_turn_while_much_is_inflated(wire: Any) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def story() -> None:
        reply = wire.answer(gzip.compress(bytes(50 * MIB)), "Content-Encoding: gzip")
        async with wire.RawServer(wire.sending(reply)) as server, wire.handler() as handler:
            counting = asyncio.create_task(count())
            response = await handler.download_request(Request(server.url), wire.FakeExchange())
            counting.cancel()
            assert len(response.body) == 50 * MIB

    wire.run(story())
    assert turns > 30


def test_a_bomb_between_two_encodings_is_refused(wire: Any) -> None:
    data = gzip.compress(gzip.compress(b"") * 100_000)

    with pytest.raises(DownloadCancelledError, match="DOWNLOAD_MAXSIZE"):
        fetch(wire, wire.answer(data, "Content-Encoding: gzip, gzip"), maxsize_bytes=MIB)


def test_a_body_that_is_encoded_too_often_is_refused(wire: Any) -> None:
    with pytest.raises(DownloadCancelledError, match="encoded 5 times"):
        fetch(wire, wire.answer(b"x", "Content-Encoding: gzip, gzip, gzip, gzip, gzip"))


def test_a_large_body_is_warned_about_once(wire: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fetch(wire, wire.answer(b"x" * 101), warnsize_bytes=100)
        fetch(wire, wire.answer(b"x" * 100), warnsize_bytes=100)
        fetch(wire, wire.answer(b"x" * 101), warnsize_bytes=100, meta={"download_warnsize": 0})

    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert "has 101 bytes, more than DOWNLOAD_WARNSIZE (100)" in messages[0]


BROKEN = {
    "cut by length": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 400, b"x" * 400),
    "cut in a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + b"x" * 50, b"x" * 50),
    "no last chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 100, 50, is_whole=False),
        b"x" * 100,
    ),
    "cut gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(TEXT, 0)[:5000],
        TEXT[: 5000 - 10 - 5],
    ),
    "no gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", b""),
    "cut by length in gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9000\r\n\r\n" + gzip.compress(TEXT, 0)[:5000],
        TEXT[: 5000 - 10 - 5],
    ),
    "cut garbage in gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9000\r\n\r\nplain", b""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_fails_or_comes_flagged_by_choice(wire: Any, name: str) -> None:
    reply, rest = BROKEN[name]

    with pytest.raises(ResponseDataLossError, match=r"the body is not whole.*DOWNLOAD_FAIL_ON_DATALOSS"):
        fetch(wire, reply, close=True)
    for options in ({"fail_on_dataloss": False}, {"meta": {"download_fail_on_dataloss": False}}):
        response = fetch(wire, reply, close=True, **options)
        assert "dataloss" in response.flags
        assert response.body == rest


def test_a_body_whose_connection_is_reset_fails(wire: Any) -> None:
    async def reset(talk: Any) -> None:
        await talk.send(wire.answer(b"x" * 400, length=1000))
        await asyncio.sleep(0.05)
        talk.reset()

    async def story() -> None:
        async with wire.RawServer(reset) as server, wire.handler() as handler:
            with pytest.raises((ResponseDataLossError, DownloadConnectionError)):
                await handler.download_request(Request(server.url), wire.FakeExchange())

    wire.run(story())


def test_a_body_that_comes_late_and_breaks_keeps_what_came(wire: Any) -> None:
    async def drip(talk: Any) -> None:
        await talk.send(wire.answer(b"", length=1000))
        for _ in range(3):
            await asyncio.sleep(0.02)
            await talk.send(b"x" * 100)
        talk.writer.close()

    async def story() -> None:
        async with wire.RawServer(drip) as server, wire.handler({"fail_on_dataloss": False}) as handler:
            response = await handler.download_request(Request(server.url), wire.FakeExchange())
            assert response.body == b"x" * 300
            assert response.flags == ["dataloss"]

    wire.run(story())


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_status_without_body_has_none(wire: Any, status: str) -> None:
    response = fetch(wire, wire.answer(b"", "Content-Encoding: gzip", status=status, length=0))

    assert response.status == int(status[:3])
    assert response.body == b""
    assert response.flags == []
