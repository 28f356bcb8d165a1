"""Acceptance line 2: a fault or a kill at any write, sync or rename, or a power cut: the reference or a named refusal.

A small crawl of everything. Killed, it must always give the reference; on a full or broken disk it may refuse, by one
clear message, but an exit code of 0 means that nothing is missing and nothing is there twice.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from framework.testing.shop import Faults, ThreadedShop
from tests.crash.crawls import Crawl, Rows, assert_sinks, empty, is_named, rows_in
from tests.crash.forks import Forks
from tests.crash.powercut import Disk
from tests.crash.straces import SYNCS, Call, Point, calls_in, hurting, names_of, points_in, recording

SPIDER = Path(__file__).with_name("spiders") / "endurance.py"
FEEDS = ["items.jsonl", "items.csv", "items.json"]
PAGES = 10
MAPPED = ("-shm", "inflight")  # written through memory, so no call tells what is in them
LANES = 2
RUNS_AT_MOST = 6

T = TypeVar("T")


def the_crawl(folder: Path, shop: ThreadedShop, forks: Forks | None = None) -> Crawl:
    outputs = ["-o", FEEDS[0], "-o", FEEDS[1], "-O", FEEDS[2]]
    settings = ("CHECKPOINT_INTERVAL=0.01", "CONCURRENT_REQUESTS=4", "JOBDIR=job", "ROBOTSTXT_OBEY=False")
    pairs = [part for setting in settings for part in ("-s", setting)]
    spider = ["-a", f"url={shop.url}", "-a", f"pages={PAGES}", "-a", "flood=20"]
    return Crawl(folder / "work", ["runspider", str(SPIDER), *spider, *outputs, *pairs], folder / "logs", forks=forks)


@pytest.fixture(scope="module")
def shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=PAGES // 2, faults=Faults(latency_s=0.01)) as shop:  # so that it takes some checkpoints
        yield shop


@pytest.fixture(scope="module")
def forks() -> Iterator[list[Forks]]:
    """Give what runs the crawls of each lane."""
    with ExitStack() as stack:
        yield [stack.enter_context(Forks()) for _ in range(LANES)]


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
    kept = crawl.folder.with_name(f"refused-{crawl.runs}")
    shutil.copytree(crawl.folder, kept)
    print(f"{what}: refused, see {kept}: {crawl.said()[-500:]}")
    return "refused"


def in_lanes(work: Callable[[int, T], str], points: Sequence[Sequence[T]]) -> Counter[str]:
    """Do the work for each point of each lane, the lanes at the same time; give how often each end came."""

    def end_of(lane: int, point: T) -> str:
        try:
            return work(lane, point)
        except AssertionError as error:  # all that is wrong is to be seen, not the first of it
            print(error)
            return "wrong"

    def one(lane: int) -> Counter[str]:
        return Counter(end_of(lane, point) for point in points[lane])

    with ThreadPoolExecutor(LANES) as pool:
        return sum(pool.map(one, range(LANES)), Counter())


def recorded(folder: Path, shop: ThreadedShop) -> tuple[Crawl, Path]:
    """Run the crawl under strace; give it and the recording.

    A machine that is busy with something else may leave no time for checkpoints; then the crawl runs again.
    """
    for run in range(5):
        crawl, log = the_crawl(folder / str(run), shop), folder / str(run) / "calls"
        assert crawl.run(prefix=recording(log)) == 0, crawl.tail()
        if Point(FEEDS[0], "fsync", 3) in points_in(list(calls_in(log)), crawl.folder):
            return crawl, log
    pytest.fail("items are to be written at some checkpoints, and not at the end only")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", ["SIGKILL", "ENOSPC", "EIO"])
def test_a_fault_at_any_call_gives_the_reference_or_a_named_refusal(
    full: bool, shop: ThreadedShop, forks: list[Forks], wanted: Rows, tmp_path: Path, fault: str
) -> None:
    crawl, log = recorded(tmp_path / "recorded", shop)
    points = points_in(list(calls_in(log)), crawl.folder)
    assert {point.path.partition("/")[0] for point in points} >= {*FEEDS, "job"}
    sample = points if full else Random(fault).sample(points, 20)
    lanes = [the_crawl(tmp_path / f"lane-{n}", shop, forks[n]) for n in range(LANES)]

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

    ends = in_lanes(hurt, [sample[n::LANES] for n in range(LANES)])
    print(f"\n{fault} at {len(sample)} of {len(points)} calls: {dict(ends)}")
    for crawl in lanes:
        crawl.assert_none_survive()
    # Not every run makes as many calls as the recorded one: where there is no n-th one, nothing is hurt. Of all calls
    # three quarters and more are there; the few of the small size may be worse ones.
    assert ends["reference"] >= len(sample) * (2 / 3 if full else 1 / 2), "most of the points were to hurt"
    assert not ends["wrong"]
    assert not ends["refused"], "a disk that is well again is no reason to refuse"


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("loses", ["all", "some"])
def test_a_power_cut_at_any_call_gives_the_reference(
    full: bool, shop: ThreadedShop, forks: list[Forks], wanted: Rows, tmp_path: Path, loses: str
) -> None:
    crawls, recordings = zip(*(recorded(tmp_path / f"lane-{n}", shop) for n in range(LANES)), strict=True)
    calls = [list(calls_in(log)) for log in recordings]
    for crawl, of, runs in zip(crawls, calls, forks, strict=True):
        assert_replay_is_right(crawl.folder, Disk(crawl.folder), of)
        crawl.forks = runs
    cuts = [[0, *changing(of, crawl.folder, loses)] for crawl, of in zip(crawls, calls, strict=True)]
    # A job knows where it lies, so each lane has a crawl of its own; they make the same calls, and take turns in them.
    chosen = [of[n :: LANES if full else len(of) // 5] for n, of in enumerate(cuts)]
    disks, done = [Disk(crawl.folder) for crawl in crawls], [0] * LANES

    def cut(lane: int, at: int) -> str:
        crawl, disk = crawls[lane], disks[lane]
        disk.replay(calls[lane][done[lane] : at])
        done[lane] = at
        disk.after_cut(crawl.folder, Random(at) if loses == "some" else None)
        kept = tmp_path / f"cut-{lane}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(crawl.folder, kept)
        return continued(crawl, wanted, f"power cut after call {at} of {recordings[lane]}, which left {kept}")

    ends = in_lanes(cut, chosen)
    print(f"\npower cut, {loses} lost, at {ends.total()} of {len(cuts[0])} calls: {dict(ends)}")
    assert set(ends) == {"reference"}


def changing(calls: Sequence[Call], folder: Path, loses: str) -> list[int]:
    """Give the numbers of the calls after which the disk may hold something else: after the cut, if it loses all.

    The job has ended when its lock says so for the last time; the same command is a new crawl from there on.
    """
    names = SYNCS if loses == "all" else tuple({call.name for call in calls} - {"close", "lseek"})
    lock = str(folder / "job" / "lock")
    over = max(n for n, call in enumerate(calls) if call.name == "pwrite64" and call.fd_path() == lock)
    ours = [n + 1 for n, call in enumerate(calls) if any(p.startswith(str(folder)) for p in names_of(call, folder))]
    return [n for n in ours if n <= over and calls[n - 1].name in names and may_change(calls[n - 1])]


def may_change(call: Call) -> bool:
    """Say whether a call is more than opening what is there."""
    return call.name not in ("open", "openat") or any(flag in " ".join(call.arguments) for flag in ("CREAT", "TRUNC"))


def assert_replay_is_right(folder: Path, disk: Disk, calls: list) -> None:
    """Replayed whole, the recording gives the files that are there."""
    disk.replay(calls)
    there = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    replayed = disk.whole()
    assert there.keys() == replayed.keys()
    assert not [name for name in there if there[name] != replayed[name] and not name.endswith(MAPPED)]
