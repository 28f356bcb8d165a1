"""Acceptance line 1: a crawl that is killed at random times, again and again, gives what an undisturbed one gives.

All that a crawl has to carry over its death is in it: followed links, retries, redirects, ``dont_filter``, a login, one
callback with very many requests, requests that cannot be stored. Witnesses: the sinks' content and the shop's log.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from framework.testing.shop import Faults, ThreadedShop
from tests.crash.crawls import Crawl, assert_sinks, difference, rows_in
from tests.crash.killing import Killer, Pace, undisturbed
from tests.crash.mongoserver import rows_below

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
FEEDS = ["items.jsonl", "items.csv", "items.json"]
PACE = Pace(interval_s=0.05, concurrency=4, long_visit=("/many?n=1&flood", "/tiny/flood-end"))


def the_crawl(folder: Path, shop: ThreadedShop, pages: int, flood: int) -> Crawl:
    outputs = ["-O", FEEDS[0], "-o", FEEDS[1], "-O", FEEDS[2]]
    settings = {
        "CHECKPOINT_INTERVAL": PACE.interval_s,
        "CONCURRENT_REQUESTS": PACE.concurrency,
        "ITEM_PIPELINES": '{"framework.pipelines.mongo.MongoPipeline": 300}',
        "MONGO_URI": "embedded",
        "MONGO_BATCH_INTERVAL": 0.05,
        "LOG_LEVEL": "INFO",
    }
    pairs = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    spider = ["-a", f"url={shop.url}", "-a", f"pages={pages}", "-a", f"flood={flood}"]
    return Crawl(folder / "work", ["runspider", str(SPIDER), *spider, *outputs, *pairs], folder / "logs")


def has_ended(crawl: Crawl) -> bool:
    """Say whether ``fwk jobs`` calls the crawl's job ended: then the same command is a new crawl."""
    if "Crawl finished" not in crawl.said():
        return False
    command = [sys.executable, "-m", "framework", "jobs"]
    done = subprocess.run(command, cwd=crawl.folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return " ended " in done.stdout


@pytest.mark.timeout(3600)
def test_a_crawl_that_is_killed_again_and_again_gives_what_an_undisturbed_one_gives(full: bool, tmp_path: Path) -> None:
    pages, flood, kills, seed = (10_000, 50_000, 200, 1) if full else (1_000, 2_000, 20, 2)
    faults = Faults(latency_s=0.01, jitter_s=0.01, error_rate=0.05, error_codes=(503,))
    with ThreadedShop(books=pages // 2, faults=faults) as shop:
        quiet = the_crawl(tmp_path / "undisturbed", shop, pages, flood)
        reference = undisturbed(quiet, shop)
        wanted = rows_in(quiet.folder / FEEDS[0])
        assert_sinks(quiet.folder, FEEDS, wanted)
        assert not difference(rows_below(quiet.folder), wanted)
        assert max(wanted.values()) == 1, "every item is unlike every other"
        assert wanted.total() > pages
        print(f"\nundisturbed: {reference.paths.total()} pages, {wanted.total()} items")

        killed = the_crawl(tmp_path / "killed", shop, pages, flood)
        killer = Killer(killed, shop, reference, PACE, kills=kills * 5 // 4, seed=seed)
        killer.has_ended = lambda: has_ended(killed)
        report = killer.run()
        print(report)

        assert_sinks(killed.folder, FEEDS, wanted, killed.tail())
        wrong = difference(rows_below(killed.folder), wanted)
        assert not wrong, f"MongoDB: {wrong}\n{killed.tail()}"
        killed.assert_none_survive()
        assert report.kills.total() >= kills, "the crawl ended before it was killed so often"
        assert report.kills["starting"]
        assert report.kills["closing"] + report.kills["too late"]
        assert report.repeated <= report.allowed
        assert not reference.paths.keys() ^ set(Counter(shop.log.paths())) - {"/robots.txt"}
