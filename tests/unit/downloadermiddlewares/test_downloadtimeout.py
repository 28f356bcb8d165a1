from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.downloadtimeout import DownloadTimeoutMiddleware
from framework.exceptions import NotConfigured, PluginError
from framework.http import Request


def test_a_spiders_time_out_is_given_to_its_requests(make_crawler: Any) -> None:
    middleware = DownloadTimeoutMiddleware.from_crawler(make_crawler(download_timeout=12))
    request, other = Request("http://a.example/"), Request("http://a.example/", meta={"download_timeout": 3})

    middleware.process_request(request)
    middleware.process_request(other)

    assert (request.meta["download_timeout"], other.meta["download_timeout"]) == (12.0, 3)


@pytest.mark.parametrize("wrong", ["soon", 0, -1, [], float("nan")])
def test_what_is_no_number_of_seconds_is_refused(make_crawler: Any, wrong: Any) -> None:
    with pytest.raises(PluginError, match="download_timeout of spider 'books'"):
        DownloadTimeoutMiddleware.from_crawler(make_crawler(download_timeout=wrong))


def test_it_is_left_out_when_the_spider_has_none(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        DownloadTimeoutMiddleware.from_crawler(make_crawler())
