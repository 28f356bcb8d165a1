"""A disk that refuses what does not fit into memory: the crawl ends by a clear message, and the next run has it all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework.exceptions import StoreError
from framework.frontier import memorylimit
from framework.frontier.store.sqlite import Store

LINKS = 600
SPIDER = f"""
from framework import Request, Spider

class Links(Spider):
    name = "links"
    where = "page"

    async def start(self):
        if self.where == "start":
            for request in self.links():
                yield request
        else:
            yield Request("data:text/plain,page")

    def parse(self, response):
        yield {{"page": response.text}}
        yield from self.links()

    def links(self):
        for number in range({LINKS}):
            yield Request(f"data:text/plain,{{number}}", callback=self.parse_link)

    def parse_link(self, response):
        yield {{"link": response.text}}

"""
FAILING = "frontier.db: the disk is full: make room"


@pytest.fixture
def spider(fresh):
    Path("links.py").write_text(SPIDER)
    return "links.py"


@pytest.fixture
def crawl(fwk, spider, monkeypatch):
    monkeypatch.setattr(memorylimit, "_FEWEST", 100)
    settings = ("JOBDIR=job", "MEMORY_LIMIT=64", "START_BACKLOG=100000", "PROGRESS=off", "CHECKPOINT_INTERVAL=0.05")
    pairs = [part for setting in settings for part in ("-s", setting)]
    return lambda where: fwk("runspider", spider, "-a", f"where={where}", "-o", "items.jsonl", *pairs)


@pytest.mark.parametrize("is_full_to_the_end", [False, True])
@pytest.mark.parametrize("where", ["page", "start"])
def test_a_spill_that_fails_ends_the_crawl_and_the_next_run_has_it_all(crawl, monkeypatch, where, is_full_to_the_end):
    refused = []

    async def refuse(store, *args):
        refused.append(args)
        raise StoreError(FAILING)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", refuse)
        if is_full_to_the_end:
            commit = Store.commit
            patch.setattr(Store, "commit", lambda *args: refuse(*args) if refused else commit(*args))
        first = crawl(where)

    assert refused
    assert first.code == 1
    assert FAILING in first.err.splitlines()[-1]
    second = crawl(where)
    assert second.code == 0
    items = [json.loads(line) for line in Path("items.jsonl").read_text().splitlines()]
    links = [item["link"] for item in items if "link" in item]
    assert sorted(links, key=int) == [str(number) for number in range(LINKS)]
    assert sum("page" in item for item in items) == (where == "page")
