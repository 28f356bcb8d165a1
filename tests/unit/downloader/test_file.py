"""``file:`` URLs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from framework.downloader.file import FileDownloadHandler
from framework.exceptions import DownloadCancelledError, DownloadError
from framework.http import Request, Response
from framework.protocols import Crawler


class FakeExchange:
    def __init__(self) -> None:
        self.told: list[str] = []

    def sent(self) -> None:
        self.told.append("sent")

    def answered(self) -> None:
        self.told.append("answered")


def fetch(handler: FileDownloadHandler, request: Request, exchange: FakeExchange | None = None) -> Response:
    return asyncio.run(handler.download_request(request, exchange or FakeExchange()))


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a page ü.html"
    path.write_bytes(b"<p>hi</p>")
    exchange = FakeExchange()

    response = fetch(FileDownloadHandler(), Request(path.as_uri()), exchange)

    assert response.body == b"<p>hi</p>"
    assert exchange.told == ["sent", "answered"]


def test_a_file_of_localhost_is_a_local_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")

    assert fetch(FileDownloadHandler(), Request(f"file://localhost{tmp_path}/a.txt")).body == b"x"


@pytest.mark.parametrize(
    ("url", "reason"),
    [("file:///nowhere/at/all", "No such file"), ("file:///tmp", "directory"), ("file://a.test/x", r"not 'a\.test'")],
)
def test_what_cannot_be_read_is_refused_for_good(url: str, reason: str) -> None:
    with pytest.raises(DownloadError, match=reason) as caught:
        fetch(FileDownloadHandler(), Request(url))

    assert not caught.value.retryable
    assert caught.value.blames == "url"


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 101)

    assert len(fetch(FileDownloadHandler(101), Request(path.as_uri())).body) == 101
    with pytest.raises(DownloadCancelledError, match="more than the 100 bytes that DOWNLOAD_MAXSIZE"):
        fetch(FileDownloadHandler(100), Request(path.as_uri()))
    with pytest.raises(DownloadCancelledError, match="more than the 5 bytes"):
        fetch(FileDownloadHandler(1000), Request(path.as_uri(), meta={"download_maxsize": 5}))


def test_the_limit_comes_from_the_settings(tmp_path: Path) -> None:
    class Options:
        maxsize_bytes = 2

    class Settings:
        def group(self, cls: type) -> Any:
            return Options()

    class FakeCrawler:
        settings = Settings()

    path = tmp_path / "large"
    path.write_bytes(b"xxx")
    handler = FileDownloadHandler.from_crawler(cast("Crawler", FakeCrawler()))

    with pytest.raises(DownloadCancelledError):
        fetch(handler, Request(path.as_uri()))
    asyncio.run(handler.close())
