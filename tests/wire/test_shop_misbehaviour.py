"""The demo shop's bad side over real sockets: each misbehaviour really misbehaves, and none outlives the shop."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import aiohttp
import brotli
import pytest
import zstandard
from aiohttp import ClientSession
from parsel import Selector

from framework.testing.shop import Faults, Shop
from framework.testing.shop.mazes import BAD_LINKS, GOOD_LINKS

Visit = Callable[[ClientSession, Shop], Awaitable[None]]
MIB = 1024 * 1024


def visit(test: Visit, **options: Any) -> None:
    """Run a test's coroutine against a fresh shop, with a client that inflates nothing by itself."""

    async def main() -> None:
        async with Shop(**{"books": 30, **options}) as shop:
            jar = aiohttp.CookieJar(unsafe=True)
            async with ClientSession(shop.url, cookie_jar=jar, auto_decompress=False) as session:
                await test(session, shop)

    asyncio.run(main())


async def status_of(session: ClientSession, path: str) -> int:
    async with session.get(path, allow_redirects=False) as response:
        await response.read()
        return response.status


async def raw_exchange(shop: Shop, path: str) -> bytes:
    """Send one request by hand and give everything that comes until the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    finally:
        writer.close()


def test_slow_waits_before_its_headers() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        started_at = time.perf_counter()
        assert await status_of(session, "/slow/0.2") == 200
        assert time.perf_counter() - started_at >= 0.2
        assert await status_of(session, "/slow/soon") == 400
        assert await status_of(session, "/slow/-1") == 400

    visit(test)


def test_drip_sends_headers_at_once_and_its_body_in_drops() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        arrivals = []
        async with session.get("/drip?bytes=4&interval=0.05") as response:
            async for piece, _ in response.content.iter_chunks():
                arrivals.append((time.perf_counter(), piece))

        assert b"".join(piece for _, piece in arrivals) == b"...."
        assert arrivals[-1][0] - arrivals[0][0] >= 0.1
        assert shop.log[0].body_bytes == 4

    visit(test)


def test_hang_never_answers_and_leaves_the_log_open() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        with pytest.raises(TimeoutError):
            async with session.get("/hang", timeout=aiohttp.ClientTimeout(total=1.0)):
                pass
        assert (shop.log[0].path, shop.log[0].status) == ("/hang", 0)

    visit(test)


def test_flaky_fails_as_often_as_asked_for_each_key() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        assert [await status_of(session, "/flaky/a?fails=2&code=500") for _ in range(4)] == [500, 500, 200, 200]
        assert [await status_of(session, "/flaky/b") for _ in range(3)] == [503, 503, 200]

    visit(test)


def test_retry_after_refuses_until_the_time_is_over() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/retry-after?seconds=0.2") as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "1")
        async with session.get("/retry-after?seconds=5&date=1&code=503") as response:
            until_at = parsedate_to_datetime(response.headers["Retry-After"]).timestamp()
            assert response.status == 503
            assert 4 < until_at - time.time() < 6.1
        await asyncio.sleep(0.25)
        assert await status_of(session, "/retry-after?seconds=0.2") == 200

    visit(test)


def test_reset_is_a_reset_and_not_an_end() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        with pytest.raises(ConnectionResetError):
            await raw_exchange(shop, "/reset")
        with pytest.raises(aiohttp.ClientError):
            await status_of(session, "/reset")
        assert [entry.status for entry in shop.log][:1] == [0]

    visit(test)


@pytest.mark.parametrize("path", ["/truncated", "/truncated?chunked=1"])
def test_truncated_announces_more_than_it_sends(path: str) -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        with pytest.raises(aiohttp.ClientPayloadError):
            await status_of(session, path)
        answer = await raw_exchange(shop, path)
        head, _, body = answer.partition(b"\r\n\r\n")

        assert head.startswith(b"HTTP/1.1 200")
        assert not body.endswith(b"0\r\n\r\n")
        assert shop.log[0].status == 200
        if "chunked" not in path:
            announced = int(head.lower().partition(b"content-length: ")[2].split()[0])
            assert announced > len(body) == shop.log[0].body_bytes

    visit(test)


def test_redirects_chain_loop_and_point_anywhere() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/redirect/3?code=301") as response:
            assert [step.status for step in response.history] == [301] * 3
            assert response.status == 200
        with pytest.raises(aiohttp.TooManyRedirects):
            await session.get("/redirect/loop")
        async with session.get("/redirect/to?url=http://other.invalid/x&code=307", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (307, "http://other.invalid/x")
        refresh = Selector((await (await session.get("/meta-refresh?url=/tiny/1&delay=2")).read()).decode())
        assert refresh.css("meta[http-equiv=refresh]::attr(content)").get() == "2; url=/tiny/1"

    visit(test)


def _inflated_bytes(coding: str, body: bytes) -> int:
    if coding == "zstd":
        return len(zstandard.ZstdDecompressor().decompressobj().decompress(body))
    if coding == "br":
        return len(brotli.decompress(body))
    return len(zlib.decompress(body, 47))  # 47: zlib or gzip, by what the bytes say


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_small_on_the_wire_and_huge_inflated(coding: str) -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        for _ in range(2):
            async with session.get(f"/bomb/{coding}?mb=8") as response:
                body = await response.read()
                assert response.headers["Content-Encoding"] == coding
            assert len(body) < 50_000
            assert _inflated_bytes(coding, body) == 8 * MIB
        assert await status_of(session, "/bomb/lzma") == 404

    visit(test)


def test_huge_streams_as_much_as_asked() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        for path in ("/huge?mb=3", "/huge?mb=3&length=1"):
            async with session.get(path) as response:
                assert response.content_length == (3 * MIB if "length" in path else None)
                assert len(await response.read()) == 3 * MIB
        async with session.head("/huge?mb=3&length=1") as response:
            assert response.content_length == 3 * MIB
        assert [entry.body_bytes for entry in shop.log] == [3 * MIB, 3 * MIB, 0]
        assert await status_of(session, "/empty") == 200
        assert shop.log[3].body_bytes == 0

    visit(test)


def test_traps_and_calendars_always_lead_on() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        path = "/trap/"
        for _ in range(5):
            links = Selector((await (await session.get(path)).read()).decode()).css("a::attr(href)").getall()
            assert len(links) == 5
            path = urljoin(path, links[-1])
        assert path == "/trap/5/5/5/5/5/"
        page = Selector((await (await session.get("/calendar/2024/12/")).read()).decode())
        assert page.css("a::attr(href)").getall() == ["/calendar/2024/11/", "/calendar/2025/1/"]
        assert await status_of(session, "/calendar/9999/12/") == 200
        assert await status_of(session, "/calendar/2024/13/") == 404

    visit(test)


def test_many_links_to_as_many_tiny_pages() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        page = Selector((await (await session.get("/many?n=4100&start=7")).read()).decode())

        links = page.css("a::attr(href)").getall()

        assert links == [f"/tiny/{i}" for i in range(7, 4107)]
        assert (await (await session.get(links[-1])).read()).endswith(b"<h1>4106</h1></body></html>")

    visit(test)


def test_the_cookie_wall_lets_in_who_keeps_cookies() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/cookie-wall") as response:
            assert (response.status, len(response.history)) == (200, 1)
        async with ClientSession(shop.url, cookie_jar=aiohttp.DummyCookieJar()) as forgetful:
            with pytest.raises(aiohttp.TooManyRedirects):
                await forgetful.get("/cookie-wall")

    visit(test)


def test_bad_links_are_on_the_page_as_they_are() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        page = Selector((await (await session.get("/badlinks")).read()).decode())

        assert tuple(page.css("a.bad::attr(href)").getall()) == BAD_LINKS
        assert tuple(page.css("a.good::attr(href)").getall()) == GOOD_LINKS

    visit(test)


async def arrives_whole(shop: Shop, path: str) -> bool:
    """Say whether one request gets a 200 with all of its body; by hand, since aiohttp's client retries by itself."""
    try:
        answer = await raw_exchange(shop, path)
    except ConnectionResetError:
        return False
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.startswith(b"HTTP/1.1 200") and len(body) == int(
        head.lower().partition(b"content-length: ")[2].split()[0]
    )


@pytest.mark.parametrize(
    "faults", [Faults(error_rate=1), Faults(reset_rate=1), Faults(truncate_rate=1, latency_s=0.01)]
)
def test_a_faulty_product_page_succeeds_at_the_third_try(faults: Faults) -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        path = shop.books[0].url

        assert [await arrives_whole(shop, path) for _ in range(3)] == [False, False, True]
        assert await arrives_whole(shop, "/")
        assert not await arrives_whole(shop, "/book/0-x.html")

    visit(test, faults=faults)


def test_stop_is_quick_and_leaves_nothing_behind_whatever_is_open() -> None:
    async def main() -> None:
        shop = Shop(books=30)
        await shop.start()
        before = asyncio.all_tasks()
        writers = []
        for path in (
            "/hang",
            "/slow/60",
            "/drip?bytes=100&interval=30",
            "/huge?mb=4096",
            "/bomb/gzip?mb=4096",
            "/",
        ) * 3:
            _, writer = await asyncio.open_connection("127.0.0.1", shop.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writers.append(writer)
        while len(shop.log) < len(writers):  # noqa: ASYNC110 - the log has no event, the test's time limit holds
            await asyncio.sleep(0.01)

        started_at = time.perf_counter()
        await shop.stop()
        took_s = time.perf_counter() - started_at

        assert took_s < 1
        assert asyncio.all_tasks() <= before
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(writers[0].get_extra_info("peername")[1]))
        for writer in writers:
            writer.transport.abort()

    asyncio.run(main())


def test_a_client_that_goes_away_ends_its_hanging_request() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        before = len(asyncio.all_tasks())
        _, writer = await asyncio.open_connection("127.0.0.1", shop.port)
        writer.write(b"GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
        while not len(shop.log):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        writer.transport.abort()

        async with asyncio.timeout(2):
            while not shop.log[0].ended_at or len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    visit(test)
