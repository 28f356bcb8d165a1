"""Acceptance line 1: a crawl that is killed at random times, again and again, gives what an undisturbed one gives.

All that a crawl has to carry over its death is in it: followed links, retries, redirects, ``dont_filter``, a login, one
callback with very many requests, requests that cannot be stored. Witnesses: the sinks' content and the shop's log.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.testing.shop import Faults, ThreadedShop
from tests.crash.crawls import Crawl, assert_sinks, difference, rows_in
from tests.crash.killing import Killer, Pace, Reference, Report, undisturbed
from tests.crash.mongoserver import rows_below

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
FEEDS = ["items.jsonl", "items.csv", "items.json"]
ROUNDS_MAX = 5
KILLS_MIN = 5
KINDS = {"starting", "running", "closing"}
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
        "MEMORY_LIMIT": 64,  # some 1,000 requests in memory: the others are spilled
    }
    pairs = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    spider = ["-a", f"url={shop.url}", "-a", f"pages={pages}", "-a", f"flood={flood}"]
    return Crawl(folder / "work", ["runspider", str(SPIDER), *spider, *outputs, *pairs], folder / "logs")


def killed_again_and_again(
    folder: Path, shop: ThreadedShop, reference: Reference, pages: int, flood: int, kills: int, seed: int
) -> Report:
    """Kill one crawl up to so many times: on a busy machine it gets on while the killer waits, and may end earlier."""
    killed = the_crawl(folder, shop, pages, flood)
    report = Killer(killed, shop, reference, PACE, kills=kills * 5 // 4, seed=seed).run()
    wanted = rows_in(folder.with_name("undisturbed") / "work" / FEEDS[0])
    assert_sinks(killed.folder, FEEDS, wanted, killed.tail())
    wrong = difference(rows_below(killed.folder), wanted)
    assert not wrong, f"MongoDB: {wrong}\n{killed.tail()}"
    assert not reference.paths.keys() ^ set(shop.log.paths()) - {"/robots.txt"}
    killed.assert_none_survive()
    return report


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

        report = Report()
        for n in range(ROUNDS_MAX):
            left = kills - report.kills.total()
            if left > 0 or KINDS - report.kills.keys():
                once = max(left, KILLS_MIN)
                report += killed_again_and_again(
                    tmp_path / f"killed-{n}", shop, reference, pages, flood, once, seed + n
                )
        print(report)

        assert report.kills.total() >= kills
        assert report.kills.keys() >= KINDS
        assert report.repeated <= report.allowed
