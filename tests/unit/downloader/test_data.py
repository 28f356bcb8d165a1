"""``data:`` URLs."""

from __future__ import annotations

import asyncio

import pytest

from framework.downloader.data import DataDownloadHandler, parse_data_url
from framework.exceptions import DownloadError
from framework.http import Request


class FakeExchange:
    def __init__(self) -> None:
        self.told: list[str] = []

    def sent(self) -> None:
        self.told.append("sent")

    def answered(self) -> None:
        self.told.append("answered")


@pytest.mark.parametrize(
    ("url", "content_type", "body"),
    [
        ("data:,A%20brief%20note", "text/plain;charset=US-ASCII", b"A brief note"),
        ("data:text/html,<p>a,b</p>", "text/html", b"<p>a,b</p>"),
        ("data:text/html;charset=utf-8,%C3%BC", "text/html;charset=utf-8", b"\xc3\xbc"),
        ("data:;charset=utf-8,x", "text/plain;charset=utf-8", b"x"),
        ("data:text/plain;base64,SGVsbG8=", "text/plain", b"Hello"),
        ("data:text/plain;base64,SGVs%0AbG8", "text/plain", b"Hello"),
        ("data:;base64,SGVsbG8=", "text/plain;charset=US-ASCII", b"Hello"),
        ("data:base64,SGVsbG8=", "text/plain;charset=US-ASCII", b"Hello"),
        ("DATA:text/plain,", "text/plain", b""),
        ("data:text/plain%0D%0AX-Evil: 1,x", "text/plainX-Evil: 1", b"x"),
    ],
)
def test_a_data_url_is_its_content(url: str, content_type: str, body: bytes) -> None:
    assert parse_data_url(url) == (content_type, body)


@pytest.mark.parametrize(
    ("url", "reason"),
    [("data:text/plain", "no comma"), ("data:;base64,%%%", "base64 is broken"), ("data:" + "x" * 200, r"x\.\.\.")],
)
def test_a_broken_data_url_is_refused_for_good(url: str, reason: str) -> None:
    with pytest.raises(DownloadError, match=reason) as caught:
        parse_data_url(url)

    assert not caught.value.retryable
    assert caught.value.blames == "url"


def test_the_handler_answers_without_the_network() -> None:
    handler, exchange = DataDownloadHandler(), FakeExchange()

    async def story() -> None:
        response = await handler.download_request(Request("data:text/html,<p>hi</p>"), exchange)
        await handler.close()

        assert response.body == b"<p>hi</p>"
        assert response.status == 200
        assert response.headers["Content-Type"] == b"text/html"

    asyncio.run(story())
    assert exchange.told == ["sent", "answered"]
