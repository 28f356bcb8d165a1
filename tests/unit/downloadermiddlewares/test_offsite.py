from __future__ import annotations

from typing import Any

import pytest

from framework.downloadermiddlewares.offsite import OffsiteMiddleware
from framework.exceptions import IgnoreRequest
from framework.http import Request
from framework.protocols import OfferFilter


def is_refused(middleware: OffsiteMiddleware, url: str, **kwargs: Any) -> bool:
    return middleware.refuse(Request(url, **kwargs)) == "offsite"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://shop.example/", False),
        ("https://shop.example:8443/x", False),
        ("http://www.shop.example/x", False),
        ("http://a.b.SHOP.example?x=1", False),
        ("http://ann:secret@shop.example/", False),
        ("http://notshop.example/", True),
        ("http://shop.example.evil.example/", True),
        ("http://evil.example/shop.example", True),
        ("http://evil.example?shop.example", True),
        ("http://evil.example#.shop.example/", True),
        ("http://shop.example@evil.example/", True),
        ("http://127.0.0.1:8000/x", False),
        ("http://[::1]:8000/x", False),
    ],
)
def test_only_the_domains_and_their_subdomains_pass(make_crawler: Any, url: str, expected: bool) -> None:
    crawler = make_crawler(allowed_domains=["shop.example", "127.0.0.1", "::1"])
    middleware = OffsiteMiddleware.from_crawler(crawler)

    assert is_refused(middleware, url) is expected
    assert is_refused(middleware, url) is expected


@pytest.mark.parametrize("of_spider", [{}, {"allowed_domains": []}, {"allowed_domains": None}])
def test_without_domains_everything_passes(make_crawler: Any, of_spider: dict[str, Any]) -> None:
    middleware = OffsiteMiddleware.from_crawler(make_crawler(**of_spider))

    assert middleware.refuse(Request("http://anywhere.example/")) is None


def test_domains_may_be_set_late_and_grow(make_crawler: Any) -> None:
    crawler = make_crawler()
    middleware = OffsiteMiddleware.from_crawler(crawler)
    assert not is_refused(middleware, "http://b.example/")

    crawler.spider.allowed_domains = ["a.example"]
    assert is_refused(middleware, "http://b.example/")

    crawler.spider.allowed_domains.append("b.example")
    assert not is_refused(middleware, "http://b.example/")


def test_a_single_domain_may_be_a_string(make_crawler: Any) -> None:
    middleware = OffsiteMiddleware.from_crawler(make_crawler(allowed_domains=".Shop.example"))

    assert not is_refused(middleware, "http://www.shop.example/")
    assert is_refused(middleware, "http://b.example/")


def test_requests_may_be_allowed_one_by_one(make_crawler: Any) -> None:
    middleware = OffsiteMiddleware.from_crawler(make_crawler(allowed_domains=["shop.example"]))

    assert not is_refused(middleware, "http://b.example/", dont_filter=True)
    assert not is_refused(middleware, "http://b.example/", meta={"allow_offsite": True})
    assert is_refused(middleware, "http://b.example/", meta={"allow_offsite": False})


def test_what_was_never_offered_is_dropped_on_its_way(make_crawler: Any) -> None:
    middleware = OffsiteMiddleware.from_crawler(make_crawler(allowed_domains=["shop.example"]))

    middleware.process_request(Request("http://shop.example/"))
    with pytest.raises(IgnoreRequest, match="offsite"):
        middleware.process_request(Request("http://b.example/"))


def test_refusals_are_counted_by_request_and_by_domain(make_crawler: Any) -> None:
    crawler = make_crawler(allowed_domains=["shop.example"])
    middleware = OffsiteMiddleware.from_crawler(crawler)

    for url in ("http://b.example/1", "http://b.example/2", "http://c.example/"):
        middleware.refuse(Request(url))

    assert crawler.stats.get_stats() == {"offsite/filtered": 3, "offsite/domains": 2}


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ("http://shop.example/x", "'shop.example'"),
        ("shop.example/x", "'shop.example'"),
        ("shop.example:8000", "'shop.example'"),
        ("http://[bad", "''"),
    ],
)
def test_an_entry_that_is_no_domain_is_left_out_with_a_warning(
    make_crawler: Any, entry: str, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    middleware = OffsiteMiddleware.from_crawler(make_crawler(allowed_domains=[entry, None, "b.example"]))

    assert is_refused(middleware, "http://shop.example/")
    assert not is_refused(middleware, "http://b.example/")
    assert f"write {remedy}" in caplog.text


def test_what_it_remembers_is_bounded(make_crawler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framework.downloadermiddlewares.offsite._MOST_REMEMBERED", 3)
    middleware = OffsiteMiddleware.from_crawler(make_crawler(allowed_domains=["shop.example"]))

    for n in range(10):
        assert is_refused(middleware, f"http://h{n}.example/")

    assert len(middleware._is_onsite) <= 3
    assert len(middleware._reported) <= 3


def test_it_is_an_offer_filter(make_crawler: Any) -> None:
    assert isinstance(OffsiteMiddleware.from_crawler(make_crawler()), OfferFilter)
