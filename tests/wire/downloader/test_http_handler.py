"""The HTTP handler on real sockets: what it sends, what it gives back, and how it uses connections."""

from __future__ import annotations

import asyncio
import json
import warnings
from ipaddress import ip_address
from typing import Any, cast

import pytest

from framework.downloader.http import HttpDownloadHandler
from framework.exceptions import TlsError
from framework.http import HtmlResponse, Request
from framework.protocols import Crawler
from framework.signalmanager import SignalManager
from framework.testing.shop import Shop

PAGE = b"<html><body>hello</body></html>"


def test_a_page_comes_with_all_that_a_response_tells(wire: Any) -> None:
    async def story() -> None:
        reply = wire.answer(PAGE, "Content-Type: text/html", "Set-Cookie: a=1", "Set-Cookie: b=2")
        async with wire.RawServer(wire.sending(reply)) as server, wire.handler() as handler:
            request, exchange = Request(server.url + "/page"), wire.FakeExchange()

            response = await handler.download_request(request, exchange)

            assert type(response) is HtmlResponse
            assert response.url == server.url + "/page"
            assert response.status == 200
            assert response.body == PAGE
            assert response.headers.getlist("Set-Cookie") == [b"a=1", b"b=2"]
            assert response.ip_address == ip_address("127.0.0.1")
            assert response.protocol == "HTTP/1.1"
            assert response.certificate is None
            assert response.flags == []
            assert 0 < request.meta["download_latency"] < 5
            assert exchange.told == ["sent", "answered"]

    wire.run(story())


def test_nothing_is_sent_but_the_requests_own_headers_in_their_order(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler() as handler:
            headers = {"X-Zebra": "1", "Accept-Language": "en", "User-Agent": "me", "X-List": ["a", "b"], "X-Ü": "ü"}
            request = Request(server.url + "/p?q=1#part", headers=headers)
            response = await handler.download_request(request, wire.FakeExchange())

            assert response.url == server.url + "/p?q=1"
            assert server.conversations[0].head.decode().split("\r\n") == [
                "GET /p?q=1 HTTP/1.1",
                "Host: " + server.url.removeprefix("http://"),
                "X-Zebra: 1",
                "Accept-Language: en",
                "User-Agent: me",
                "X-List: a",
                "X-List: b",
                "X-Ü: ü",
                "Accept-Encoding: gzip, deflate, br, zstd",
            ]

    wire.run(story())


def test_a_bare_request_has_no_user_agent_of_aiohttps(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler(is_decoding=False) as handler:
            await handler.download_request(Request(server.url), wire.FakeExchange())

            assert [line.partition(":")[0] for line in server.conversations[0].lines] == ["GET / HTTP/1.1", "Host"]

    wire.run(story())


def test_host_and_accept_encoding_of_the_request_go_before_ours(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler() as handler:
            headers = {"Host": "other.test", "Accept-Encoding": "identity", "X-Latin": b"\xfc"}
            await handler.download_request(Request(server.url, headers=headers), wire.FakeExchange())
            await handler.download_request(Request(server.url, headers={"Accept-Encoding": None}), wire.FakeExchange())

            assert server.conversations[0].lines[1:3] == ["Host: other.test", "Accept-Encoding: identity"]
            assert not any("Accept-Encoding" in line for line in server.conversations[1].lines)

    wire.run(story())


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_a_body_is_sent_with_its_true_length_and_no_invented_type(wire: Any, size: int) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler() as handler:
            request = Request(
                server.url, method="POST", body=b"x" * size, headers={"Content-Length": "7", "Transfer-Encoding": "x"}
            )
            await handler.download_request(request, wire.FakeExchange())
            await handler.download_request(request, wire.FakeExchange())

            for conversation in server.conversations:
                assert conversation.body == b"x" * size
                assert [line for line in conversation.lines if line.startswith("Content-")] == [
                    f"Content-Length: {size}"
                ]
                assert not any(line.startswith("Transfer-Encoding") for line in conversation.lines)
            assert server.opened == 1

    wire.run(story())


def test_head_has_no_body_whatever_its_length_says(wire: Any) -> None:
    async def story() -> None:
        reply = wire.answer(b"", "Content-Encoding: gzip", length=5_000_000_000)
        async with wire.RawServer(wire.sending(reply)) as server, wire.handler() as handler:
            for _ in range(2):
                response = await handler.download_request(Request(server.url, method="HEAD"), wire.FakeExchange())
                assert response.body == b""
                assert response.headers["Content-Length"] == b"5000000000"

            assert server.opened == 1

    wire.run(story())


def test_a_url_beyond_ascii_arrives_as_browsers_send_it(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler() as handler:
            request = Request(server.url + "/bücher/a%2Fb?q=naïve x&y=%20+")
            await handler.download_request(request, wire.FakeExchange())

            assert server.conversations[0].lines[0] == "GET /b%C3%BCcher/a%2Fb?q=na%C3%AFve%20x&y=%20+ HTTP/1.1"

    wire.run(story())


def test_user_and_password_in_the_url_are_sent_unless_a_header_says_otherwise(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer())) as server, wire.handler() as handler:
            url = server.url.replace("//", "//user:secret@")
            await handler.download_request(Request(url), wire.FakeExchange())
            await handler.download_request(Request(url, headers={"Authorization": "Bearer x"}), wire.FakeExchange())

            sent = [[x for x in talk.lines if x.startswith("Authorization")] for talk in server.conversations]
            assert sent == [["Authorization: Basic dXNlcjpzZWNyZXQ="], ["Authorization: Bearer x"]]

    wire.run(story())


def test_redirects_are_given_back_and_cookies_not_kept(wire: Any) -> None:
    async def story() -> None:
        reply = wire.answer(b"", "Location: /next", "Set-Cookie: a=1", status="302 Found")
        async with wire.RawServer(wire.sending(reply)) as server, wire.handler() as handler:
            for _ in range(2):
                response = await handler.download_request(Request(server.url), wire.FakeExchange())
                assert response.status == 302

            assert len(server.conversations) == 2
            assert not any(line.startswith("Cookie") for line in server.conversations[1].lines)

    wire.run(story())


def test_one_connection_serves_one_request_after_the_other(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE))) as server, wire.handler() as handler:
            for _ in range(5):
                await handler.download_request(Request(server.url), wire.FakeExchange())

            assert server.opened == 1

    wire.run(story())


def test_without_keep_alive_every_request_has_a_connection_of_its_own(wire: Any) -> None:
    async def story() -> None:
        async with (
            wire.RawServer(wire.sending(wire.answer(PAGE))) as server,
            wire.handler({"keepalive_timeout_s": 0}) as handler,
        ):
            for _ in range(3):
                await handler.download_request(Request(server.url), wire.FakeExchange())

            assert server.opened == 3
            assert "Connection: close" in server.conversations[0].lines

    wire.run(story())


def test_a_limited_pool_makes_requests_wait_without_a_time_out(wire: Any) -> None:
    async def slow(talk: Any) -> None:
        await asyncio.sleep(0.08)
        await talk.send(wire.answer(PAGE))

    async def story() -> None:
        options = {"pool_per_host": 1, "connect_timeout_s": 0.1}
        async with wire.RawServer(slow) as server, wire.handler(options) as handler:
            await asyncio.gather(
                *(handler.download_request(Request(server.url), wire.FakeExchange()) for _ in range(4))
            )

            assert server.opened == 1

    wire.run(story())


def test_ipv6_loopback(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE)), host="::1") as server, wire.handler() as handler:
            response = await handler.download_request(Request(server.url), wire.FakeExchange())

            assert response.ip_address == ip_address("::1")
            assert server.conversations[0].lines[1] == "Host: " + server.url.removeprefix("http://")

    wire.run(story())


def test_a_name_is_resolved_and_the_family_kept_to(wire: Any) -> None:
    async def story() -> None:
        async with (
            wire.RawServer(wire.sending(wire.answer(PAGE))) as server,
            wire.handler({"address_family": "ipv4"}) as handler,
        ):
            url = server.url.replace("127.0.0.1", "localhost")
            response = await handler.download_request(Request(url), wire.FakeExchange())

            assert response.ip_address == ip_address("127.0.0.1")

    wire.run(story())


def test_tls_is_verified_unless_it_is_turned_off(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE)), tls=wire.tls()) as server:
            exchange = wire.FakeExchange()
            async with wire.handler() as handler:
                with pytest.raises(TlsError, match="self-signed certificate; DOWNLOAD_VERIFY_CERTIFICATES"):
                    await handler.download_request(Request(server.url), exchange)
            assert exchange.told == []
            async with wire.handler({"verify_certificates": False}) as handler:
                response = await handler.download_request(Request(server.url), exchange)

            assert response.body == PAGE
            assert response.certificate[:1] == b"0"  # DER begins with a SEQUENCE

    wire.run(story())


def test_https_to_a_server_without_tls_is_a_tls_error(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(b"HTTP/1.1 400 no\r\n\r\n")) as server, wire.handler() as handler:

            async def talk_plainly(_: Any, writer: asyncio.StreamWriter) -> None:
                writer.write(b"220 this is no TLS\r\n")
                await writer.drain()
                writer.close()

            plain = await asyncio.start_server(talk_plainly, "127.0.0.1", 0)
            port = plain.sockets[0].getsockname()[1]
            with pytest.raises(TlsError, match="handshake failed"):
                await handler.download_request(Request(f"https://127.0.0.1:{port}/"), wire.FakeExchange())
            plain.close()
            assert server.opened == 0

    wire.run(story())


def test_the_shop_hears_what_the_handler_says_and_its_encodings_are_read(wire: Any) -> None:
    async def story() -> None:
        async with Shop(books=20) as shop, wire.handler() as handler:
            echo = await handler.download_request(
                Request(shop.url + "/echo", method="POST", body=b"a=1", headers={"Content-Type": "text/plain"}),
                wire.FakeExchange(),
            )
            assert json.loads(echo.body)["body"] == "a=1"
            for coding in ("gzip", "deflate", "br", "zstd"):
                page = await handler.download_request(Request(f"{shop.url}/compressed/{coding}"), wire.FakeExchange())
                assert page.body.count(b"The quick brown fox.") == 200
                assert b"Content-Encoding" not in page.headers

            assert shop.log.count() == 5

    wire.run(story())


def test_closing_leaves_nothing_open_and_nothing_to_complain_about(wire: Any) -> None:
    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE)), tls=wire.tls()) as server:
            async with wire.handler({"verify_certificates": False}) as handler:
                await asyncio.gather(
                    *(handler.download_request(Request(server.url), wire.FakeExchange()) for _ in range(3))
                )
                assert server.open == 3
            await handler.close()
            await server.until_closed()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wire.run(story())


def test_the_handler_is_built_from_a_crawler(wire: Any) -> None:
    class Settings:
        def group(self, cls: type) -> Any:
            return cls()

    class FakeCrawler:
        settings, stats, signals, spider = Settings(), None, SignalManager(), None

    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE))) as server:
            handler = HttpDownloadHandler.from_crawler(cast("Crawler", FakeCrawler()))
            assert (await handler.download_request(Request(server.url), wire.FakeExchange())).body == PAGE
            await handler.close()

    wire.run(story())


def test_a_defect_of_ours_is_not_called_a_download_error(wire: Any) -> None:
    class Defective:
        def sent(self) -> None:
            raise KeyError("a bug")

    async def story() -> None:
        async with wire.RawServer(wire.sending(wire.answer(PAGE))) as server, wire.handler() as handler:
            with pytest.raises(KeyError):
                await handler.download_request(Request(server.url), Defective())

    wire.run(story())


def test_a_handler_that_was_never_used_closes(wire: Any) -> None:
    async def story() -> None:
        async with wire.handler():
            pass

    wire.run(story())
