"""Acceptance line 7: fwk with its default stack is at least five times as fast as Scrapy in its best documented set-up.

The figures are those of ``make bench``, whose witnesses are the server's count and the items' file. The small size only
sees that fwk and the bare loop fetch every page and give every item: two cores that run tests measure nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BARE_LOOP, FWK, SCRAPY = "lxml-loop", "fwk", "scrapy-best"


def runs_of(repository: Path, *arguments: str, timeout: float) -> list[dict[str, Any]]:
    """Run the benchmark; give what each of its runs said."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", *arguments],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_fwk_and_the_bare_loop_fetch_every_page_and_give_every_item(repository: Path) -> None:
    runs = runs_of(repository, "--drivers", f"{BARE_LOOP},{FWK}", "--rounds", "1", "--scale", "0.02", timeout=50)

    assert {(run["site"], run["driver"]) for run in runs} == {(s, d) for s in "SL" for d in (BARE_LOOP, FWK)}
    for run in runs:
        assert run["fault"] == ""
        assert run["items"] == run["pages"] > 50


@pytest.mark.accept
@pytest.mark.timeout(3600)
def test_fwk_is_five_times_as_fast_as_scrapy(repository: Path) -> None:
    runs = runs_of(repository, "--rounds", "3", "--at-least", "5", timeout=3500)

    assert {run["fault"] for run in runs} == {""}
    assert {run["driver"] for run in runs} >= {BARE_LOOP, FWK, SCRAPY}
