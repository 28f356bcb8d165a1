"""A store that cannot be written ends the crawl, wherever it is met, and no visit ends with it."""

import pytest

from framework import Request, Spider
from framework.exceptions import StoreError
from framework.frontier.local import LocalFrontier
from framework.testing.fakes import Page

PAGES = {f"http://a/{name}": Page(name) for name in ("page", "raises", "turns", "other", *map(str, range(9)))}
PAGES["http://a/turns"] = Page(status=302, headers={"Location": "/0"})


class Links(Spider):
    name = "links"

    def parse(self, response):
        if response.text == "raises":
            raise ValueError
        yield {"page": response.text}
        if response.text == "page":
            for number in range(9):
                yield Request(f"http://a/{number}")


class Recovers:
    def process_spider_exception(self, response, exception):
        return [Request("http://a/0")]


@pytest.fixture
def full(monkeypatch):
    """Refuse what is offered from a page."""
    offer = LocalFrontier.offer

    async def refuse(frontier, origin, batch):
        answers = await offer(frontier, origin, batch)
        if origin.request is not None:
            raise StoreError("the disk is full")
        return answers

    monkeypatch.setattr(LocalFrontier, "offer", refuse)


@pytest.mark.parametrize("page", ["page", "raises", "turns"])
def test_a_spill_that_fails_in_a_visit_ends_the_crawl_and_leaves_the_visit_to_the_next(crawl, full, page, caplog):
    result = crawl(
        Links,
        PAGES,
        urls=["http://a/other", f"http://a/{page}"],
        raises=(StoreError,),
        SPIDER_MIDDLEWARES={Recovers: 900},
        CONCURRENT_REQUESTS=1,
    )

    assert str(result.error) == "the disk is full"
    assert result.reason == "failed"
    assert result.items == [{"page": "other"}]
    assert (result.view.done, result.view.failed) == (1, 0)
    assert result.view.pending >= 2
    assert "Internal error" not in caplog.text


class RecoversMuch:
    def process_spider_exception(self, response, exception):
        return [Request(f"http://a/{number}") for number in range(1000)]


def test_a_spill_that_fails_among_very_many_requests_of_a_hook_is_not_left_to_the_next_hook(crawl, full):
    hooks = {RecoversMuch: 900, Recovers: 800}

    result = crawl(Links, PAGES, urls=["http://a/raises"], raises=(StoreError,), SPIDER_MIDDLEWARES=hooks)

    assert str(result.error) == "the disk is full"
    assert (result.view.done, result.view.failed) == (0, 0)
