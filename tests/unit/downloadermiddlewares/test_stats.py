from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.stats import DownloaderStats
from framework.exceptions import DownloadTimeoutError, NotConfigured
from framework.http import Headers, Request, Response

URL = "http://shop.example/"


@pytest.fixture
def crawler(make_crawler: Any) -> Any:
    return make_crawler()


@pytest.fixture
def middleware(crawler: Any) -> DownloaderStats:
    return DownloaderStats.from_crawler(crawler)


def test_requests_are_counted(crawler: Any, middleware: DownloaderStats) -> None:
    for method in ("GET", "GET", "POST"):
        middleware.process_request(Request(URL, method=method))

    stats = crawler.stats.get_stats()
    assert stats["downloader/request_count"] == 3
    assert stats["downloader/request_method_count/GET"] == 2
    assert stats["downloader/request_method_count/POST"] == 1
    assert stats["downloader/request_bytes"] > 0


def test_the_size_of_a_request_grows_with_headers_and_body(crawler: Any, middleware: DownloaderStats) -> None:
    sizes = [0]
    for request in (Request(URL), Request(URL, headers={"X": "12345"}), Request(URL, body=b"1234567")):
        middleware.process_request(request)
        sizes.append(crawler.stats.get_value("downloader/request_bytes") - sum(sizes))

    assert [sizes[2] - sizes[1], sizes[3] - sizes[1]] == [len("X: 12345\r\n"), 7]


def test_responses_are_counted(crawler: Any, middleware: DownloaderStats) -> None:
    for status in (200, 404, 200):
        response = Response(URL, status, body=b"x" * 100)
        assert middleware.process_response(Request(URL), response) is response

    stats = crawler.stats.get_stats()
    assert stats["downloader/response_count"] == 3
    assert stats["downloader/response_status_count/200"] == 2
    assert stats["downloader/response_status_count/404"] == 1
    assert stats["downloader/response_bytes"] >= 300


def test_raw_headers_count_as_much_as_built_ones_and_stay_raw(crawler: Any, middleware: DownloaderStats) -> None:
    raw = ((b"Content-Type", b"text/html"), (b"X", b"1"))
    responses = [Response(URL, headers=raw), Response(URL, headers=Headers.from_raw(raw))]

    sizes = []
    for response in responses:
        before = crawler.stats.get_value("downloader/response_bytes", 0)
        middleware.process_response(Request(URL), response)
        sizes.append(crawler.stats.get_value("downloader/response_bytes") - before)

    assert sizes[0] == sizes[1]
    assert responses[0]._headers is raw


def test_failures_are_counted_by_type(crawler: Any, middleware: DownloaderStats) -> None:
    middleware.process_exception(Request(URL), DownloadTimeoutError())
    middleware.process_exception(Request(URL), DownloadTimeoutError())

    assert crawler.stats.get_stats() == {
        "downloader/exception_count": 2,
        "downloader/exception_type_count/framework.exceptions.DownloadTimeoutError": 2,
    }


def test_it_is_left_out_when_it_is_off(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        DownloaderStats.from_crawler(make_crawler({"DOWNLOADER_STATS": False}))
