from __future__ import annotations

from typing import Any

import pytest

from framework.exceptions import NotConfigured
from framework.http import Request, Response
from framework.spidermiddlewares.urllength import UrlLengthMiddleware

PAGE = Response("http://a.example/")


def test_a_url_that_is_too_long_is_dropped_and_counted(make_crawler: Any) -> None:
    crawler = make_crawler({"URLLENGTH_LIMIT": 20})
    middleware = UrlLengthMiddleware.from_crawler(crawler)
    fitting, long = Request("http://a.example/123"), Request("http://a.example/1234")

    assert middleware.get_processed_request(fitting, PAGE) is fitting
    assert middleware.get_processed_request(long, PAGE) is None
    assert middleware.get_processed_request(long, None) is None
    assert crawler.stats.get_stats() == {"urllength/request_ignored_count": 2}
    assert middleware.refusal == "url length"


def test_it_is_left_out_without_a_limit(make_crawler: Any) -> None:
    with pytest.raises(NotConfigured):
        UrlLengthMiddleware.from_crawler(make_crawler({"URLLENGTH_LIMIT": 0}))
