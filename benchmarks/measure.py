"""One run of one driver: start it on its core, wait, and check what it did against what the site holds.

Every figure comes from outside the driver: wall time from the monotonic clock, CPU and memory from the kernel's
account of the process, pages from the server's count, items from the file that was written.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import sites
from benchmarks.drivers.registry import Driver, Task
from benchmarks.server import Server

_LAUNCH = Path(__file__).resolve().parent / "launch.py"
_SPARE_REQUESTS = 2  # robots.txt and the like; more means that pages were fetched twice
_RUN_LIMIT_S = 900.0
_MAXRSS_UNIT_BYTES = 1024 if os.uname().sysname == "Linux" else 1  # Linux counts in KiB, macOS in bytes

_digest = cache(sites.digest)


@dataclass(frozen=True)
class Run:
    """The figures of one run; `fault` says what was wrong with it, and is empty when it counts."""

    driver: str
    site: str
    pages: int
    items: int = 0
    start_up_s: float = 0.0
    crawl_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    fault: str = ""

    @property
    def pages_per_s(self) -> float:
        """Pages a second of crawl, from the driver's stamp to the end of its process."""
        return self.pages / self.crawl_s if self.crawl_s else 0.0


@dataclass(frozen=True)
class _Ended:
    """A process that has ended: when it began and ended (monotonic seconds), and what it used."""

    began_at: float
    ended_at: float
    cpu_s: float
    peak_bytes: int
    exit_code: int
    last_words: str


def measure(driver: Driver, python: Path, site: sites.Site, server: Server, core: int | None) -> Run:
    """Run the driver once over the site. A run that fails or loses a page is returned with its `fault`."""
    with tempfile.TemporaryDirectory(prefix="fwk-bench-") as folder:
        output = Path(folder) / "items.jsonl"
        stamp = Path(folder) / "stamp"
        task = Task(python, server.origin + sites.START_PATH, site.pages, output)
        before = server.requests()
        ended = _execute(driver.command(task), Path(folder), stamp, core)
        fetched = server.requests() - before - 1  # the question itself is counted
        if ended.exit_code:
            return Run(driver.name, site.name, 0, fault=f"exit code {ended.exit_code}: {ended.last_words}")
        if not stamp.exists():
            return Run(driver.name, site.name, 0, fault=f"its crawl never began: {ended.last_words}")
        started_at, cpu_before_s = map(float, stamp.read_text(encoding="ascii").split())
        items, fault = _verify(output, site, fetched) if driver.writes_items else (0, _count_fault(site, fetched))
    return Run(
        driver.name,
        site.name,
        site.pages,
        items,
        start_up_s=started_at - ended.began_at,
        crawl_s=ended.ended_at - started_at,
        cpu_s=ended.cpu_s - cpu_before_s,
        peak_bytes=ended.peak_bytes,
        fault=fault,
    )


def _execute(command: list[str], folder: Path, stamp: Path, core: int | None) -> _Ended:
    log, report = folder / "log", folder / "report"
    launch = [sys.executable, "-I", "-S", str(_LAUNCH), str(report), str(-1 if core is None else core)]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [*launch, str(_RUN_LIMIT_S), *command],
            cwd=folder,
            env={**os.environ, "BENCH_STAMP": str(stamp)},
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            start_new_session=True,
        )
        try:
            process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # the launcher and its driver
            process.wait()
            raise
    words = " | ".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:])
    if process.returncode:
        return _Ended(0, 0, 0, 0, process.returncode, words)
    began_at, ended_at, cpu_s, maxrss, exit_code = report.read_text(encoding="ascii").split()
    peak_bytes = int(maxrss) * _MAXRSS_UNIT_BYTES
    return _Ended(float(began_at), float(ended_at), float(cpu_s), peak_bytes, int(exit_code), words)


def _count_fault(site: sites.Site, fetched: int) -> str:
    if site.pages <= fetched <= site.pages + _SPARE_REQUESTS:
        return ""
    return f"the server was asked {fetched} times for {site.pages} pages"


def _verify(output: Path, site: sites.Site, fetched: int) -> tuple[int, str]:
    """Give the number of items and what is wrong with them or with the server's count, if anything."""
    if not output.exists():
        return 0, "it wrote no items"
    items = [json.loads(line) for line in output.read_bytes().splitlines()]
    for item in items:
        item["path"] = urlsplit(item.pop("url")).path
    if len(items) != site.pages:
        return len(items), f"{len(items)} items of {site.pages} pages"
    if sites.digest_of_items(items) != _digest(site):
        return len(items), "the items are not those of the site"
    return len(items), _count_fault(site, fetched)
