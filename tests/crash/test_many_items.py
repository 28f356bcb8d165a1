"""Very many items of ``start()`` and of one page, and the process dies among them: each of them comes once.

Items of ``start()`` are committed while it goes on; those of the page wait on disk, and a feed writes some of them to
its file before their checkpoint.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.crash.crawls import Crawl

SPIDER = """
import asyncio
import os
import signal

from framework import Request, Spider
from framework.exporters import JsonLinesItemExporter
from framework.http import HtmlResponse


async def die(where, n):
    if os.environ.get("DIE_AT") == f"{where} {n}":
        await asyncio.sleep(0.3)  # for some checkpoints
        os.kill(os.getpid(), signal.SIGKILL)


class Handler:
    async def download_request(self, request):
        return HtmlResponse(request.url, request=request)


class Deadly:
    async def process_item(self, item):
        if item["by"] == "page":
            await die("pipeline", item["n"])
        return item


class Exporter(JsonLinesItemExporter):
    def export_item(self, item):
        if item["by"] == "page" and os.environ.get("DIE_AT") == f"export {item['n']}":
            os.kill(os.getpid(), signal.SIGKILL)
        super().export_item(item)


class ManySpider(Spider):
    name = "many"
    custom_settings = {
        "DOWNLOAD_HANDLERS": {"http": Handler},
        "ITEM_PIPELINES": {Deadly: 100},
        "FEED_EXPORTERS": {"jsonl": Exporter},
        "ROBOTSTXT_OBEY": False,
    }

    async def start(self):
        for n in range(5000):
            await die("start", n)
            yield {"by": "start", "n": n}
        yield Request("http://host.example/")

    async def parse(self, response):
        for n in range(8000):
            await die("page", n)
            yield {"by": "page", "n": n, "text": "x" * 2000}
"""
DEATHS = ["start 2300", "start 4999", "page 7000", "pipeline 3000", "export 6000"]


@pytest.mark.timeout(300)
def test_a_crawl_that_dies_among_very_many_items_gives_each_of_them_once(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "many.py").write_text(SPIDER, "utf-8")
    outputs = ["-o", "items.jsonl", "-o", "items.csv"]
    crawl = Crawl(work, ["runspider", "many.py", *outputs, "-s", "CHECKPOINT_INTERVAL=0.05"], tmp_path / "logs")

    grown = []
    for death in DEATHS:
        crawl.environ = {"DIE_AT": death}
        assert crawl.run() == -9, crawl.tail()
        grown.append((work / "items.jsonl").stat().st_size)
    crawl.environ = {}
    assert crawl.run() == 0, crawl.tail()

    wanted = [("start", n) for n in range(5000)] + [("page", n) for n in range(8000)]
    items = [json.loads(line) for line in (work / "items.jsonl").read_text("utf-8").splitlines()]
    assert sorted((item["by"], item["n"]) for item in items) == sorted(wanted)
    with (work / "items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted((row["by"], int(row["n"])) for row in rows) == sorted(wanted)
    assert grown[0] > 0, "start() has committed nothing before its end"
    assert grown[-1] > 8_000_000, "nothing of the page was written before its checkpoint"
