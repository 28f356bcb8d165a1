"""How fast the frontier takes offers: new ones, and ones it has seen, beside a loop that says how fast the machine is.

A program of its own: ``offers.py FOLDER COUNT HOSTS``. Offers come in pages of 200 links, a checkpoint stores what has
come once a second, as in a crawl, and another one at the end. It prints one line of JSON: offers and rounds of that
loop a second. The loop runs before and after each part: on a shared machine one run of it is off by a fifth, the median
of many is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from framework import Request, Spider
from framework.cli.collector import seldom_collecting
from framework.frontier.hosts import Politeness
from framework.frontier.local import LocalFrontier
from framework.frontier.seen.make import make_seen
from framework.frontier.store.sqlite import Store
from framework.http.fingerprint import RequestFingerprinter
from framework.http.stored import StoredForm
from framework.protocols import Job, Lease, Snapshot
from framework.settings.declared import DurabilityOptions

PAGE = 200
VISITS = 16  # pages at work at a time: while one writes to the disk what there is no room for, the others go on
CHUNK = 200_000
CHECKPOINT_INTERVAL_S = 1.0
CALIBRATION_ROUNDS = 100_000
IN_MEMORY_MAX = 70_000  # what MEMORY_LIMIT = 512 gives


class OffersSpider(Spider):
    """Who the stored requests belong to."""

    name = "offers"

    def parse(self, response: object) -> None:
        """Want nothing."""


def calibrate() -> float:
    """Give the rounds a second of a loop like the work to be measured: hashes, a dictionary, small objects."""
    began_at = time.perf_counter()
    kept: dict[int, tuple[int, str]] = {}
    for n in range(CALIBRATION_ROUNDS):
        text = f"http://host-{n % 1000}.example/catalogue/page-{n}.html"
        kept[int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")] = (n, text)
    return CALIBRATION_ROUNDS / (time.perf_counter() - began_at)


def links(first: int, count: int, hosts: int) -> list[list[Request]]:
    """Give pages of links to pages ``first`` and following."""
    found = [Request(f"http://host-{n % hosts}.example/catalogue/page-{n}.html") for n in range(first, first + count)]
    return [found[at : at + PAGE] for at in range(0, count, PAGE)]


async def offered(frontier: LocalFrontier, pages: Sequence[list[Request]], expected: str | None) -> float:
    """Offer the pages and store what came of it; give the seconds that it took."""
    waiting = iter(pages)

    async def visits() -> None:
        for page in waiting:
            origin = Lease(Request(f"http://host-1.example/from/{id(page)}"), 7, None)
            answers = await frontier.offer(origin, page)
            assert set(answers) == {expected}, answers
            await asyncio.sleep(0)

    async def checkpoints(is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_over.wait(), CHECKPOINT_INTERVAL_S)
            await frontier.persist(frontier.seal(), Snapshot())

    began_at = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        is_over = asyncio.Event()
        group.create_task(checkpoints(is_over))
        await asyncio.gather(*(visits() for _ in range(VISITS)))
        is_over.set()
    return time.perf_counter() - began_at


async def measure(folder: Path, count: int, hosts: int) -> dict[str, float]:
    options = DurabilityOptions()
    frontier = LocalFrontier(
        RequestFingerprinter(),
        Politeness(),
        store=Store(folder / "frontier.db"),
        stored=StoredForm(OffersSpider()),
        seen=make_seen(options),
        in_memory_max=IN_MEMORY_MAX,
        inflight=folder / "inflight",
    )
    await frontier.open(Job("offers-1", "offers", folder))
    frontier.root()
    new_s = seen_s = 0.0
    seen = 0
    rounds = []
    for first in range(0, count, CHUNK):
        rounds.append(calibrate())
        chunk = min(CHUNK, count - first)
        new_s += await offered(frontier, links(first, chunk, hosts), None)
        rounds.append(calibrate())
        again = links(first // 2, chunk // 2, hosts)  # long ago, and committed
        seen_s += await offered(frontier, again, "duplicate")
        seen += len(again) * PAGE
        rounds.append(calibrate())
    await frontier.close(clean=True)
    return {"new": count / new_s, "seen": seen / seen_s, "calibration": statistics.median(rounds)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with seldom_collecting():  # as the commands do
        figures = asyncio.run(measure(folder, int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.write(json.dumps(figures) + "\n")
