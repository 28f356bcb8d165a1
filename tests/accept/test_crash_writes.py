"""Acceptance line 2: a fault or a kill at any write, sync or rename, or a power cut: the reference or a named refusal.

A small crawl of everything. Killed, it must always give the reference; on a full or broken disk it may refuse, by one
clear message, but an exit code of 0 means that nothing is missing and nothing is there twice.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from framework.testing.shop import ThreadedShop
from tests.crash.crawls import Crawl, Rows, assert_sinks, empty, is_named, rows_in
from tests.crash.powercut import Disk
from tests.crash.straces import Point, calls_in, hurting, names_of, points_in, recording

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
FEEDS = ["items.jsonl", "items.csv", "items.json"]
PAGES = 10
MAPPED = ("-shm", "inflight")  # written through memory, so no call tells what is in them
LANES = 2
RUNS_AT_MOST = 6

T = TypeVar("T")


def the_crawl(folder: Path, shop: ThreadedShop) -> Crawl:
    outputs = ["-o", FEEDS[0], "-o", FEEDS[1], "-O", FEEDS[2]]
    settings = ("CHECKPOINT_INTERVAL=0.05", "CONCURRENT_REQUESTS=4", "JOBDIR=job", "ROBOTSTXT_OBEY=False")
    pairs = [part for setting in settings for part in ("-s", setting)]
    spider = ["-a", f"url={shop.url}", "-a", f"pages={PAGES}", "-a", "flood=20"]
    return Crawl(folder / "work", ["runspider", str(SPIDER), *spider, *outputs, *pairs], folder / "logs")


@pytest.fixture(scope="module")
def shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=PAGES // 2) as shop:
        yield shop


@pytest.fixture(scope="module")
def wanted(shop: ThreadedShop, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Give the items of an undisturbed crawl."""
    crawl = the_crawl(tmp_path_factory.mktemp("undisturbed"), shop)
    assert crawl.run() == 0, crawl.tail()
    rows = rows_in(crawl.folder / FEEDS[0])
    assert_sinks(crawl.folder, FEEDS, rows)
    assert max(rows.values()) == 1
    return rows


def continued(crawl: Crawl, wanted: Rows, what: object) -> str:
    """Give the same command until it ends; say how: ``reference``, or ``refused``."""
    for _ in range(RUNS_AT_MOST):
        code = crawl.run()
        if code == 0:
            assert_sinks(crawl.folder, FEEDS, wanted, f"{what}: {crawl.tail()}")
            return "reference"
        assert code in (1, 2), f"{what}: exit code {code}: {crawl.tail()}"
        assert is_named(crawl.said()), f"{what}: {crawl.tail()}"
    print(f"{what}: refused: {crawl.said()[-500:]}")
    return "refused"


def in_lanes(work: Callable[[int, T], str], points: Sequence[T]) -> Counter[str]:
    """Do the work for each point, two at a time; give how often each end came."""

    def one(lane: int) -> Counter[str]:
        return Counter(work(lane, point) for point in points[lane::LANES])

    with ThreadPoolExecutor(LANES) as pool:
        return sum(pool.map(one, range(LANES)), Counter())


def recorded(folder: Path, shop: ThreadedShop) -> tuple[Crawl, Path]:
    """Run the crawl under strace; give it and the recording."""
    crawl, log = the_crawl(folder, shop), folder / "calls"
    assert crawl.run(prefix=recording(log)) == 0, crawl.tail()
    return crawl, log


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", ["SIGKILL", "ENOSPC", "EIO"])
def test_a_fault_at_any_call_gives_the_reference_or_a_named_refusal(
    full: bool, shop: ThreadedShop, wanted: Rows, tmp_path: Path, fault: str
) -> None:
    crawl, log = recorded(tmp_path / "recorded", shop)
    points = points_in(list(calls_in(log)), crawl.folder)
    assert {point.path.partition("/")[0] for point in points} >= {*FEEDS, "job"}
    sample = points if full else Random(fault).sample(points, 20)
    lanes = [the_crawl(tmp_path / f"lane-{n}", shop) for n in range(LANES)]

    def hurt(lane: int, point: Point) -> str:
        crawl = lanes[lane]
        empty(crawl.folder)
        code = crawl.run(prefix=hurting(point, fault, crawl.folder, tmp_path / f"injected-{lane}"))
        if code == 0:  # it was not hurt, or lived on
            assert_sinks(crawl.folder, FEEDS, wanted, f"{fault} at {point}: {crawl.tail()}")
            return "unhurt"
        if fault != "SIGKILL":
            assert code in (1, 2), f"{fault} at {point}: exit code {code}: {crawl.tail()}"
            assert is_named(crawl.said()), f"{fault} at {point}: {crawl.tail()}"
        return continued(crawl, wanted, f"{fault} at {point}")

    ends = in_lanes(hurt, sample)
    print(f"\n{fault} at {len(sample)} of {len(points)} calls: {dict(ends)}")
    for crawl in lanes:
        crawl.assert_none_survive()
    assert ends["reference"] > len(sample) / 2, "most of the points were to hurt"
    if fault == "SIGKILL":
        assert not ends["refused"]


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("loses", ["all", "some"])
def test_a_power_cut_at_any_call_gives_the_reference(
    full: bool, shop: ThreadedShop, wanted: Rows, tmp_path: Path, loses: str
) -> None:
    crawls, recordings = zip(*(recorded(tmp_path / f"lane-{n}", shop) for n in range(LANES)), strict=True)
    calls = [list(calls_in(log)) for log in recordings]
    for crawl, of in zip(crawls, calls, strict=True):
        assert_replay_is_right(crawl.folder, Disk(crawl.folder), of)

    def changing(lane: int) -> list[int]:
        """Give the numbers of the calls after which the disk holds something else."""
        folder = str(crawls[lane].folder)
        return [
            n + 1
            for n, call in enumerate(calls[lane])
            if call.name not in ("close", "lseek") and any(p.startswith(folder) for p in names_of(call, Path(folder)))
        ]

    cuts = [0, *changing(0)]
    chosen = cuts if full else sorted(Random(loses).sample(cuts, 10))

    def cut(lane: int, n: int) -> str:
        crawl = crawls[lane]
        at = round(n / len(calls[0]) * len(calls[lane]))
        disk = Disk(crawl.folder)
        disk.replay(calls[lane][:at])
        disk.after_cut(crawl.folder, Random(at) if loses == "some" else None)
        kept = tmp_path / f"cut-{lane}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(crawl.folder, kept)
        return continued(crawl, wanted, f"power cut after call {at} of {recordings[lane]}, which left {kept}")

    ends = in_lanes(cut, chosen)
    print(f"\npower cut, {loses} lost, at {len(chosen)} of {len(cuts)} calls: {dict(ends)}")
    assert ends["reference"] == len(chosen)


def assert_replay_is_right(folder: Path, disk: Disk, calls: list) -> None:
    """Replayed whole, the recording gives the files that are there."""
    disk.replay(calls)
    there = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    replayed = disk.whole()
    assert there.keys() == replayed.keys()
    assert not [name for name in there if there[name] != replayed[name] and not name.endswith(MAPPED)]
