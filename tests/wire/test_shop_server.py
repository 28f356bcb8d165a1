"""The demo shop as a server: what its echoes show, what its log holds, how it starts and stops."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import brotli
import pytest
import zstandard
from aiohttp import ClientSession, web

from framework.testing.shop import Shop, ThreadedShop, serve

Visit = Callable[[ClientSession, Shop], Awaitable[None]]


def visit(test: Visit, **options: Any) -> None:
    """Run a test's coroutine against a fresh shop."""

    async def main() -> None:
        async with (
            Shop(**{"books": 60, **options}) as shop,
            ClientSession(shop.url, cookie_jar=aiohttp.CookieJar(unsafe=True), auto_decompress=False) as session,
        ):
            await test(session, shop)

    asyncio.run(main())


async def text_of(session: ClientSession, path: str, **options: Any) -> str:
    async with session.get(path, **options) as response:
        assert response.status == 200, f"{path}: {response.status}"
        return await response.text()


def test_echoes_show_what_was_sent() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        upload = aiohttp.FormData({"a": "1"})
        upload.add_field("file", b"12345", filename="five.txt", content_type="text/plain")
        async with session.post("/echo?q=1&q=2&q=3&p=x", data=upload, cookies={"c": "d"}) as response:
            echo = await response.json()
        async with session.put("/echo", data=b"raw \xff") as response:
            raw = await response.json()

        assert (echo["method"], echo["target"]) == ("POST", "/echo?q=1&q=2&q=3&p=x")
        assert (echo["args"], echo["cookies"]) == ({"q": ["1", "2", "3"], "p": "x"}, {"c": "d"})
        assert echo["form"] == {"a": "1", "file": {"filename": "five.txt", "content_type": "text/plain", "bytes": 5}}
        assert (raw["method"], raw["body"]) == ("PUT", "raw \ufffd")
        headers = json.loads(await text_of(session, "/headers", headers={"X-Mine": "yes"}))["headers"]
        assert headers["x-mine"] == "yes"

    visit(test)


def test_cookies_are_set_echoed_and_deleted() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        await text_of(session, "/cookies/set?a=1&b=2")
        assert json.loads(await text_of(session, "/cookies/echo")) == {"cookies": {"a": "1", "b": "2"}}
        await text_of(session, "/cookies/delete?a")
        assert json.loads(await text_of(session, "/cookies/echo")) == {"cookies": {"b": "2"}}
        async with session.get("/cookies/other") as response:
            assert response.status == 404

    visit(test)


def test_authentication_and_status_pages_answer_as_asked() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/auth/basic") as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="shop"')
        await text_of(session, "/auth/basic", headers={"Authorization": "Basic dXNlcjpzZWNyZXQ="})
        await text_of(session, "/auth/bearer", headers={"Authorization": "Bearer demo-token"})
        wanted = {"/status/204": 204, "/status/404": 404, "/status/599": 599, "/status/100": 400, "/status/x": 400}
        for path, status in {**wanted, "/auth/none": 404}.items():
            async with session.get(path) as response:
                assert response.status == status, path

    visit(test)


INFLATERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest.mark.parametrize("coding", INFLATERS)
def test_compressed_pages_inflate_to_their_text(coding: str) -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get(f"/compressed/{coding}") as response:
            assert response.headers["Content-Encoding"] == coding
            assert b"quick brown fox" in INFLATERS[coding](await response.read())
        async with session.get("/compressed/none") as response:
            assert response.status == 404

    visit(test)


def test_the_log_holds_each_request_with_time_host_headers_status_and_size() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        async with session.get("/?x=1", headers={"X-Mine": "a"}) as response:
            body = await response.read()
        await session.get("/nowhere")
        async with session.head("/"):
            pass
        await session.post("/echo", data=b"1")

        first, *others = shop.log
        assert (first.method, first.path, first.host) == ("GET", "/?x=1", shop.url.removeprefix("http://"))
        assert (first.status, first.body_bytes, first.remote) == (200, len(body), "127.0.0.1")
        assert first.headers["x-mine"] == "a"
        assert first.monotonic_at <= first.ended_at
        assert [(entry.method, entry.status) for entry in others] == [("GET", 404), ("HEAD", 200), ("POST", 200)]
        assert others[1].body_bytes == 0
        assert shop.log.paths() == ["/?x=1", "/nowhere", "/", "/echo"]
        shop.forget()
        assert len(shop.log) == 0

    visit(test)


def test_the_log_file_has_one_line_a_request(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"

    async def test(session: ClientSession, shop: Shop) -> None:
        await text_of(session, "/")
        await text_of(session, "/tiny/ü")

    visit(test, log_file=str(file))

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["path"], line["status"]) for line in lines] == [("/", 200), ("/tiny/%C3%BC", 200)]


def test_a_test_may_give_pages_of_its_own() -> None:
    async def own(state: object, request: web.BaseRequest, rest: str) -> web.Response:
        return web.Response(text=f"own {rest}")

    async def test(session: ClientSession, shop: Shop) -> None:
        shop.pages.update({"/own/1": own, "/text": "<p>é", "/": b"home"})

        assert [await text_of(session, path) for path in ("/own/1?x", "/text", "/")] == ["own 1", "<p>é", "home"]

    visit(test)


def test_a_shop_listens_on_several_addresses_at_one_port() -> None:
    async def test(session: ClientSession, shop: Shop) -> None:
        for url in shop.urls:
            await text_of(session, f"{url}/tiny/1")

        assert [entry.host.partition(":")[0] for entry in shop.log] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

    visit(test, hosts=("127.0.0.2", "127.0.0.3"))


def test_a_taken_port_is_an_error_and_a_stopped_shop_starts_again() -> None:
    async def main() -> None:
        shop = Shop(books=3)
        with pytest.raises(RuntimeError, match="start it first"):
            _ = shop.url
        async with shop:
            with pytest.raises(OSError, match="in use"):
                await Shop(port=shop.port).start()
            with pytest.raises(OSError, match="in use"):
                await Shop(host="127.0.0.4", hosts=("127.0.0.1",), port=shop.port).start()
            with pytest.raises(OSError, match="assign"):
                await Shop(hosts=("192.0.2.1",)).start()
            with pytest.raises(OSError, match="No such file"):
                await Shop(log_file="/no/such/file").start()
            with pytest.raises(RuntimeError, match="started already"):
                await shop.start()
        await shop.stop()
        async with shop, ClientSession(shop.url) as session:
            await text_of(session, "/")

    asyncio.run(main())


def test_serve_runs_until_cancelled() -> None:
    async def main() -> None:
        shop, started = Shop(books=3), asyncio.Event()
        task = asyncio.create_task(serve(shop, lambda _: started.set()))
        await asyncio.wait_for(started.wait(), 5)
        async with ClientSession(shop.url) as session:
            await text_of(session, "/")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert repr(shop) == "<Shop not started, 3 books>"

    asyncio.run(main())


def test_a_threaded_shop_serves_synchronous_tests() -> None:
    async def fetch(url: str) -> str:
        async with ClientSession() as session:
            return await text_of(session, url)

    with ThreadedShop(books=3) as shop:
        page = asyncio.run(fetch(shop.url + shop.books[0].url))

        assert shop.truth()[0]["upc"] in page
        assert shop.log.paths() == [shop.books[0].url]
        with pytest.raises(RuntimeError, match="started already"):
            shop.start()
        with pytest.raises(OSError, match="in use"):
            ThreadedShop(port=shop.shop.port).start()
    shop.stop()
