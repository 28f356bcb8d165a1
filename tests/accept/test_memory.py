"""Acceptance: memory stays under its ceiling, whether ``start()`` or one callback yields a million requests or items.

The most memory that the crawl's process ever had is the kernel's figure (VmHWM, which begins anew at exec). Every
request is offered, fetched (from a handler without network) and parsed; none is left out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SPIDER = Path(__file__).with_name("spiders") / "million.py"
MANY_ITEMS = Path(__file__).with_name("spiders") / "manyitems.py"
MB = 1_000_000

Fwk = Callable[..., "subprocess.CompletedProcess[str]"]
Peak = Callable[[str, int], float]


@pytest.fixture
def peak_mb(fwk: Fwk, tmp_path: Path) -> Peak:
    """Give the peak memory, in MB, of a crawl of so many requests from ``start`` or from a ``callback``."""

    def run(by: str, requests: int) -> float:
        report = tmp_path / "report"
        arguments = ["-a", f"by={by}", "-a", f"requests={requests}", "-a", f"report={report}"]
        settings = ["-s", "CONCURRENT_REQUESTS=100", "-s", "WARN_NO_ITEMS=False", "-L", "WARNING"]
        done = fwk("runspider", str(SPIDER), *arguments, *settings, timeout=1500)
        assert done.stderr == ""
        fetched, peak_kib, reason = report.read_text("ascii").split()
        assert (int(fetched), reason) == (requests, "finished")
        peak = int(peak_kib) * 1024 / MB
        print(f"{requests:,} requests from {by}: {peak:.0f} MB")
        return peak

    return run


@pytest.mark.timeout(1600)
def test_a_start_that_yields_a_million_requests_stays_under_150_mb(full: bool, peak_mb: Peak) -> None:
    # Beside the filter of what was seen, all is bounded: START_BACKLOG, and what awaits its checkpoint.
    requests, bound_mb = (1_000_000, 150) if full else (50_000, 130)

    assert peak_mb("start", requests) < bound_mb


@pytest.mark.timeout(1600)
def test_a_callback_that_yields_a_million_requests_stays_under_300_mb(full: bool, peak_mb: Peak) -> None:
    # Up to 100,000 are in memory, which the small size fills too; the others are on disk.
    requests, bound_mb = (1_000_000, 300) if full else (100_000, 200)

    assert peak_mb("callback", requests) < bound_mb


@pytest.mark.timeout(1600)
@pytest.mark.parametrize("by", ["start", "callback"])
def test_very_many_items_from_one_place_stay_under_200_mb(full: bool, fwk: Fwk, tmp_path: Path, by: str) -> None:
    # Those of start() are committed while it goes on; those of a callback are on disk until it has ended.
    items, bound_mb = (500_000, 200) if full else (100_000, 120)
    report, output = tmp_path / "report", tmp_path / "items.jsonl"
    arguments = ["-a", f"by={by}", "-a", f"items={items}", "-a", f"report={report}", "-O", str(output)]

    done = fwk("runspider", str(MANY_ITEMS), *arguments, "-s", "MEMORY_LIMIT=128", "-L", "WARNING", timeout=1500)

    assert done.stderr == ""
    peak_kib, reason = report.read_text("ascii").split()
    peak = int(peak_kib) * 1024 / MB
    print(f"{items:,} items from {by}: {peak:.0f} MB")
    with output.open("rb") as lines:
        assert [json.loads(line)["n"] for line in lines] == list(range(items))
    assert reason == "finished"
    assert peak < bound_mb
