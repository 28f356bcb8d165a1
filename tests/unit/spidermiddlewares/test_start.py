from __future__ import annotations

from typing import Any

from framework.http import Request, Response
from framework.spidermiddlewares.start import StartSpiderMiddleware


def test_only_the_requests_of_the_start_are_marked(make_crawler: Any) -> None:
    middleware = StartSpiderMiddleware.from_crawler(make_crawler())
    first, second = Request("http://a.example/1"), Request("http://a.example/2")

    assert middleware.get_processed_request(first, None) is first
    assert middleware.get_processed_request(second, Response("http://a.example/")) is second

    assert first.meta == {"is_start_request": True}
    assert second._meta is None
