from __future__ import annotations

from typing import Any

import pytest

from framework.http import Request, Response
from framework.spidermiddlewares.depth import DepthMiddleware


def page_at(depth: int | None) -> Response:
    meta = {} if depth is None else {"depth": depth}
    return Response("http://a.example/", request=Request("http://a.example/", meta=meta))


def child(middleware: DepthMiddleware, page: Response | None, **kwargs: Any) -> Request | None:
    return middleware.get_processed_request(Request("http://a.example/x", **kwargs), page)


def test_a_start_page_has_the_depth_0_before_its_callback(make_crawler: Any) -> None:
    middleware = DepthMiddleware.from_crawler(make_crawler())
    page = page_at(None)

    middleware.process_spider_input(page)

    assert page.meta["depth"] == 0


def test_each_request_is_one_deeper_than_its_page(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = DepthMiddleware.from_crawler(crawler)

    for depth, meta in ((0, None), (0, {"depth": 7, "mine": 1}), (3, {"mine": 1}), (1, None)):
        page = page_at(depth)
        middleware.process_spider_input(page)
        request = child(middleware, page, meta=meta)
        assert request is not None
        assert request.meta == {**(meta or {}), "depth": depth + 1}

    assert crawler.stats.get_stats() == {"request_depth_max": 4}


def test_requests_of_the_start_are_left_alone(make_crawler: Any) -> None:
    request = child(DepthMiddleware.from_crawler(make_crawler({"DEPTH_LIMIT": 1})), None)

    assert request is not None
    assert request._meta is None


@pytest.mark.parametrize(("depth", "is_kept"), [(0, True), (1, True), (2, False)])
def test_what_is_too_deep_is_dropped(make_crawler: Any, depth: int, is_kept: bool) -> None:
    crawler = make_crawler({"DEPTH_LIMIT": 2})
    middleware = DepthMiddleware.from_crawler(crawler)

    assert (child(middleware, page_at(depth)) is not None) is is_kept
    assert crawler.stats.get_value("request_depth_max", 0) <= 2
    assert middleware.refusal == "depth"


def test_priority_falls_with_depth(make_crawler: Any) -> None:
    middleware = DepthMiddleware.from_crawler(make_crawler({"DEPTH_PRIORITY": 2}))

    for depth in (1, 1, 3):
        request = child(middleware, page_at(depth), priority=10)
        assert request is not None
        assert request.priority == 10 - 2 * (depth + 1)


def test_each_depth_is_counted_when_asked_for(make_crawler: Any) -> None:
    crawler = make_crawler({"DEPTH_STATS_VERBOSE": True})
    middleware = DepthMiddleware.from_crawler(crawler)

    page = page_at(None)
    middleware.process_spider_input(page)
    middleware.process_spider_input(page)
    for _ in range(2):
        child(middleware, page)

    assert crawler.stats.get_stats() == {
        "request_depth_count/0": 1,
        "request_depth_count/1": 2,
        "request_depth_max": 1,
    }


def test_the_links_of_a_page_share_one_depth_until_meta_is_touched(make_crawler: Any) -> None:
    middleware = DepthMiddleware.from_crawler(make_crawler())
    page = Response("https://a.example/", request=Request("https://a.example/", meta={"depth": 3}))
    first, second = Request("https://a.example/1"), Request("https://a.example/2")
    for request in (first, second):
        middleware.get_processed_request(request, page)

    assert first.meta_get("depth") == 4
    first.meta["depth"] = 99

    assert second.meta == {"depth": 4}
    assert second.copy().meta == {"depth": 4}


def test_requests_that_are_too_deep_are_counted(make_crawler: Any) -> None:
    crawler = make_crawler({"DEPTH_LIMIT": 1})
    middleware = DepthMiddleware.from_crawler(crawler)

    for _ in range(2):
        child(middleware, page_at(1))

    assert crawler.stats.get_value("depth/request_ignored_count") == 2
