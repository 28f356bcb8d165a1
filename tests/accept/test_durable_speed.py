"""Acceptance line 6 of durability: the shipped default has 90 % of the speed of a crawl that survives nothing.

Both run in turn, in one run of the benchmark, on sites S and L. A machine that is shared slows single runs down by a
fifth, one way or the other, so there are many of them, and what counts is the time that all of them took. The small
size only sees that both fetch every page and give every item: two cores that run tests measure nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

DURABLE, IN_MEMORY = "fwk", "fwk-memory"
ROUNDS = "15"


def runs_of(repository: Path, *arguments: str, timeout: float) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.run", "--drivers", f"{DURABLE},{IN_MEMORY}", *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=timeout, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {run["fault"] for run in runs} == {""}
    return runs


def test_both_fetch_every_page_and_give_every_item(repository: Path) -> None:
    runs = runs_of(repository, "--rounds", "1", "--scale", "0.02", timeout=55)

    assert {(run["site"], run["driver"]) for run in runs} == {(s, d) for s in "SL" for d in (DURABLE, IN_MEMORY)}


@pytest.mark.accept
@pytest.mark.timeout(4500)
def test_the_durable_default_has_nine_tenths_of_the_speed(repository: Path) -> None:
    runs = runs_of(repository, "--rounds", ROUNDS, timeout=4400)

    ratios = {}
    for site in "SL":
        durable_s, in_memory_s = (
            [run["crawl_s"] for run in runs if (run["site"], run["driver"]) == (site, driver)]
            for driver in (DURABLE, IN_MEMORY)
        )
        ratios[site] = sum(in_memory_s) / sum(durable_s)
        each = sorted(round(short / long, 3) for long, short in zip(durable_s, in_memory_s, strict=True))
        print(f"site {site}: {ratios[site]:.3f} of the speed in memory; by rounds {each}, median {median(each)}")
    assert min(ratios.values()) >= 0.90
