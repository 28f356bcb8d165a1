"""Acceptance line 7: ten million URLs on a million hosts are known, few of them fetched, and none is lost at a stop.

The memory is the kernel's figure of the crawl's process; what is stored is read from the job's file, and compared with
what the spider's arithmetic says must be there.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from framework import Request
from framework.frontier.identity import identity_of
from framework.http.fingerprint import RequestFingerprinter

SPIDER = Path(__file__).with_name("spiders") / "multitude.py"
OFFERS = SPIDER.with_name("offers.py")
CALIBRATION = 360_000
"""Rounds a second of the loop ``offers.calibrate`` on the machine that the wanted rates are those of: one with 2 cores
of an AMD EPYC and CPython 3.11, as it ran when this test was written. With nothing beside it, it makes up to 600,000; a
lower number asks for more."""
MB = 1_000_000
LINKS = 200
KNOWN = "SELECT identity FROM seen UNION SELECT identity FROM seen_young"
_MODULUS = 1 << 64

Fwk = Callable[..., "subprocess.CompletedProcess[str]"]


def url_of(number: int, hosts: int) -> str:
    """Give the address of a page, as the spider does."""
    return f"http://host-{number % hosts}.example/catalogue/page-{number}.html"


def digest(identities: Iterable[int]) -> tuple[int, int, int]:
    """Give number, sum and xor of identities: the same for the same set, whatever its order."""
    count = total = mixed = 0
    for identity in identities:
        count += 1
        total += identity
        mixed ^= identity
    return count, total % _MODULUS, mixed


@pytest.mark.timeout(7200)
def test_ten_million_urls_are_known_few_fetched_and_none_lost_at_a_stop(
    full: bool, fwk: Fwk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents, hosts, bound_mb = (50_000, 1_000_000, 512) if full else (1_500, 30_000, 180)
    numbers = ["-a", f"parents={parents}", "-a", f"links={LINKS}", "-a", f"hosts={hosts}"]
    settings = ["MEMORY_LIMIT=512" if full else "MEMORY_LIMIT=128", "CONCURRENT_REQUESTS=100", "JOBDIR=job"]
    pairs = [part for setting in settings for part in ("-s", setting)]
    command = ["runspider", str(SPIDER), *numbers, *pairs, "-o", "items.jsonl", "-L", "WARNING"]
    peak_mb = []
    for part, more in ((2, []), (1, ["--resume"])):
        to_fetch = (parents - len(items(tmp_path, "parent"))) // part
        monkeypatch.setenv("MULTITUDE_FETCH", str(to_fetch))
        fwk(*command, "-a", "report=report", *more, timeout=3600)
        fetched, peak_kib, reason = (tmp_path / "report").read_text("ascii").split()
        assert (int(fetched) >= to_fetch, reason) == (True, "enough")
        peak_mb.append(int(peak_kib) * 1024 / MB)
        print(f"\n{fetched} pages fetched, peak {peak_mb[-1]:.0f} MB")
        assert_stored(tmp_path / "job" / "frontier.db", tmp_path)

    assert sorted(items(tmp_path, "parent")) == list(range(parents))
    identity = identity_of(RequestFingerprinter())
    wanted = digest(identity(Request(url_of(number, hosts))) for number in range(parents * LINKS + 1))
    assert stored(tmp_path / "job" / "frontier.db", KNOWN) == wanted
    assert max(peak_mb) < bound_mb, peak_mb


def items(folder: Path, name: str) -> list[int]:
    """Give the values of one field in the file of items."""
    path = folder / "items.jsonl"
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    return [item[name] for item in found if name in item]


def stored(path: Path, query: str) -> tuple[int, int, int]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return digest(identity for (identity,) in database.execute(query))
    finally:
        database.close()


def assert_stored(path: Path, folder: Path) -> None:
    """Compare the job's file with the items: known are the links of all parents, and what is not fetched is pending."""
    known, total, _ = stored(path, KNOWN)
    pending, pending_total, _ = stored(path, "SELECT identity FROM rows")
    ended, ended_total, _ = stored(path, "SELECT identity FROM fates")
    parents = len(items(folder, "parent"))
    fetched = parents + len(items(folder, "leaf"))
    assert known == parents * LINKS + 1
    assert (ended, pending) == (fetched, known - fetched)
    assert (pending_total + ended_total) % _MODULUS == total


@pytest.mark.timeout(1800)
def test_the_frontier_takes_30_000_new_and_100_000_seen_offers_a_second(full: bool, tmp_path: Path) -> None:
    # The rates of offering alone, with the checkpoints that store what was offered: the requests are there already, for
    # to make one is the work of the page that it is on. Each rate is that of a machine whose calibration loop runs
    # CALIBRATION rounds a second; another one is measured by what its own loop runs meanwhile. Two cores that run other
    # tests as well measure little, so the small size only sees that it is not several times slower.
    count, slack = (1_000_000, 1.0) if full else (100_000, 4.0)
    command = [sys.executable, str(OFFERS), str(tmp_path / "job"), str(count), str(count // 10)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1700, check=False)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "job" / "frontier.db"
    assert stored(path, KNOWN)[0] == stored(path, "SELECT identity FROM rows")[0] == count

    rates = json.loads(done.stdout)
    new, seen = (rates[kind] * CALIBRATION / rates["calibration"] for kind in ("new", "seen"))
    print(f"\nnew {new:,.0f}/s, seen {seen:,.0f}/s, scaled; as measured {rates}")
    assert new > 30_000 / slack
    assert seen > 100_000 / slack
