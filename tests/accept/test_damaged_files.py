"""Acceptance line 3: a job's file that was cut or has a wrong bit: the reference, or a named refusal, never less.

A small crawl is killed when it has come half of its way; then its files are damaged, each in its own way and alone, and
the same command is given.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from framework.testing.shop import Faults, ThreadedShop
from tests.crash.crawls import Crawl, Rows, assert_sinks, is_named, kill, rows_in, wait_for
from tests.crash.forks import Forks

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
FEEDS = ["items.jsonl", "items.csv", "items.json"]
BOOKS = 20
TAIL_BYTES = 4096
CUTS = 256
CUTS_OF_OUTPUTS = 64
FLIPS = 64
LANES = 2
DATABASE = ("frontier.db", "frontier.db-wal")
HARMLESS = ("lock: refused", "inflight: refused", "-shm: refused", ".gitignore: refused")


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to one file: cut at a length, or one bit turned."""

    path: Path
    at: int
    bit: int = -1

    def do(self, folder: Path) -> None:
        file = folder / self.path
        if self.bit < 0:
            with file.open("r+b") as opened:
                opened.truncate(self.at)
            return
        content = bytearray(file.read_bytes())
        content[self.at] ^= 1 << self.bit
        file.write_bytes(content)

    def __str__(self) -> str:
        return f"{self.path} {f'cut at {self.at}' if self.bit < 0 else f'with bit {self.bit} of byte {self.at} turned'}"


def the_crawl(folder: Path, shop: ThreadedShop, work: str = "work") -> Crawl:
    outputs = ["-o", FEEDS[0], "-o", FEEDS[1], "-O", FEEDS[2]]
    settings = ("CHECKPOINT_INTERVAL=0.05", "CONCURRENT_REQUESTS=2", "JOBDIR=job", "ROBOTSTXT_OBEY=False")
    pairs = [part for setting in settings for part in ("-s", setting)]
    spider = ["-a", f"url={shop.url}", "-a", "pages=40", "-a", "flood=60"]
    return Crawl(folder / work, ["runspider", str(SPIDER), *spider, *outputs, *pairs], folder / "logs")


@pytest.fixture(scope="module")
def shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=BOOKS) as shop:
        yield shop


@pytest.fixture(scope="module")
def wanted(shop: ThreadedShop, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    crawl = the_crawl(tmp_path_factory.mktemp("undisturbed"), shop)
    assert crawl.run() == 0, crawl.tail()
    assert_sinks(crawl.folder, FEEDS, rows_in(crawl.folder / FEEDS[0]))
    return rows_in(crawl.folder / FEEDS[0])


@pytest.fixture(scope="module")
def lanes(shop: ThreadedShop, wanted: Rows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Crawl]]:
    """Give crawls that were killed when half of their books had come; ``restore`` puts their files back."""
    lanes = [killed_half_way(tmp_path_factory.mktemp("lane"), shop, wanted) for _ in range(LANES)]
    with ExitStack() as stack:
        for crawl in lanes:
            crawl.forks = stack.enter_context(Forks())
        yield lanes


def killed_half_way(folder: Path, shop: ThreadedShop, wanted: Rows) -> Crawl:
    crawl = the_crawl(folder, shop)
    shop.log.clear()  # and not forget(): who is logged in stays so
    shop.shop.faults = Faults(latency_s=0.05)
    process = crawl.begin()
    try:
        wait_for(lambda: shop.log.count("/book/") >= BOOKS // 2, 60)
        time.sleep(0.12)
    finally:
        kill(process)
        shop.shop.faults = None
    assert process.returncode == -9, crawl.tail()
    assert 0 < rows_in_torn(crawl.folder / FEEDS[0]) < wanted.total()
    shutil.copytree(crawl.folder, kept(crawl))
    return crawl


def kept(crawl: Crawl) -> Path:
    """Name the copy of a killed crawl's files."""
    return crawl.folder.with_name("kept")


def restore(crawl: Crawl) -> None:
    """Put the files back as they were when the crawl was killed, at the same place: a job knows where its files are."""
    shutil.rmtree(crawl.folder)
    shutil.copytree(kept(crawl), crawl.folder)


def rows_in_torn(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def damages(folder: Path) -> Iterator[Damage]:
    """Give the damages of every file of the job, and of the files of items."""
    random = Random(3)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        path, size = file.relative_to(folder), file.stat().st_size
        is_output = path.name in FEEDS
        tail = min(size, TAIL_BYTES)
        cuts = min(CUTS_OF_OUTPUTS if is_output else CUTS, tail)
        for n in range(cuts):
            yield Damage(path, size - tail + n * tail // cuts)
        if not is_output and size:
            for _ in range(FLIPS):
                yield Damage(path, random.randrange(size), random.randrange(8))


def sampled(chosen: list[Damage], most: int) -> list[Damage]:
    """Take so many, from each file alike."""
    random, by_kind = Random(4), {}
    for damage in chosen:
        by_kind.setdefault((damage.path, damage.bit < 0), []).append(damage)
    for of in by_kind.values():
        random.shuffle(of)
    turns = [of[n] for n in range(most) for of in by_kind.values() if n < len(of)]
    return turns[:most]


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("kind", ["cut", "flipped"])
def test_a_damaged_file_gives_the_reference_or_a_named_refusal(
    full: bool, shop: ThreadedShop, wanted: Rows, lanes: list[Crawl], kind: str
) -> None:

    every = [[d for d in damages(kept(crawl)) if (d.bit < 0) == (kind == "cut")] for crawl in lanes]
    chosen = [of[n::LANES] if full else sampled(of, 20)[n::LANES] for n, of in enumerate(every)]

    def resumed(crawl: Crawl, damage: Damage) -> str:
        restore(crawl)
        damage.do(crawl.folder)
        code = crawl.run()
        if code:
            assert code in (1, 2), f"{damage}: exit code {code}: {crawl.tail()}"
            assert is_named(crawl.said()), f"{damage}: {crawl.tail()}"
            return "refused"
        assert_sinks(crawl.folder, FEEDS, wanted, f"{damage}: {crawl.tail()}")
        return "reference"

    def end_of(lane: int, damage: Damage) -> str:
        try:
            return resumed(lanes[lane], damage)
        except AssertionError as error:  # all that is wrong is to be seen, not the first of it
            print(error)
            return "wrong"

    def in_lane(lane: int) -> Counter[str]:
        return Counter(f"{d.path}: {end_of(lane, d)}" for d in chosen[lane])

    with ThreadPoolExecutor(LANES) as pool:
        ends = sum(pool.map(in_lane, range(LANES)), Counter())
    print(f"\n{kind}: {ends.total()} of {len(every[0])}: {dict(sorted(ends.items()))}")
    assert not [name for name in ends if name.endswith(("wrong", *HARMLESS))], ends
    # What is in the log is whole without the other copy, and a log whose end is gone has an earlier checkpoint: nearly
    # all of these give the reference. (A damage of job.json is always refused: its checksum is over all of it.)
    by_end = {end: sum(ends[f"job/{name}: {end}"] for name in DATABASE) for end in ("reference", "refused")}
    assert by_end["reference"] > by_end["refused"], ends


def test_a_killed_crawl_whose_files_are_whole_gives_the_reference(
    shop: ThreadedShop, wanted: Rows, lanes: list[Crawl]
) -> None:
    crawl = lanes[0]
    restore(crawl)
    shop.log.clear()

    assert crawl.run() == 0, crawl.tail()

    assert_sinks(crawl.folder, FEEDS, wanted, crawl.tail())
    assert shop.log.count("/book/") < BOOKS, "it went on and did not begin anew"
