"""The table of a benchmark run, and its place in `docs/performance.md`.

Last stop of `run.py`: medians over the rounds, ratios taken within each round (so that a machine that slows down in
between does not decide them) and then their median.
"""

import datetime
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.drivers.registry import DRIVERS, SCRAPY_REFERENCE, YARDSTICK
from benchmarks.measure import Run

BEGIN = "<!-- benchmark:begin (written by benchmarks/run.py) -->"
END = "<!-- benchmark:end -->"
_PREAMBLE = """\
# Performance

How fast fwk is, beside a hand-written loop and beside Scrapy, and how to measure it on your own machine:

    make bench

Each crawler runs in a process of its own on one core, the server on another. It starts at one page, follows every
link, fetches every page once and writes one item a page; a run counts only when the server saw each page once and all
items are right. Site S is 20,000 pages of 2 KB with 10 links each, site L 5,000 pages of 46 KB with 100 links each. A
crawl is timed from the moment its spider or loop is built until its process has ended. Figures are medians over
interleaved rounds. Trust the ratios more than the absolute figures: those are one machine's.

"""

Round = Mapping[str, Run]  # driver name -> its run


def ratio(rounds: Sequence[Round], driver: str, reference: str) -> float | None:
    """Give the median, over rounds in which both ran well, of the driver's speed over the reference's."""
    pairs = [(one[driver], one[reference]) for one in rounds if driver in one and reference in one]
    found = [mine.pages_per_s / other.pages_per_s for mine, other in pairs if not mine.fault and not other.fault]
    return median(found) if found else None


def table(rounds_of_site: Mapping[str, Sequence[Round]], drivers: Iterable[str]) -> str:
    """Write one Markdown table a site: a row for each driver that ran."""
    names = list(drivers)
    return "\n\n".join(_site_table(site, rounds, names) for site, rounds in rounds_of_site.items())


def _site_table(site: str, rounds: Sequence[Round], drivers: Sequence[str]) -> str:
    lines = [
        f"| site {site} | pages/s (lowest–highest) | × Scrapy best | × lxml loop "
        "| CPU ms/page | peak MB | start-up s | pages |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name in drivers:
        runs = [one[name] for one in rounds if name in one]
        if runs:
            lines.append(_row(name, runs, rounds))
    return "\n".join(lines)


def _row(name: str, runs: Sequence[Run], rounds: Sequence[Round]) -> str:
    good = [run for run in runs if not run.fault]
    title = DRIVERS[name].title
    if len(good) < len(runs):
        fault = next(run.fault for run in runs if run.fault).replace("|", "/")[:160]
        return f"| {title} | failed in {len(runs) - len(good)} of {len(runs)} runs: {fault} | | | | | | |"
    speeds = sorted(run.pages_per_s for run in good)
    cells = [
        title,
        f"{median(speeds):,.0f} ({speeds[0]:,.0f}–{speeds[-1]:,.0f})",
        _times(ratio(rounds, name, SCRAPY_REFERENCE)),
        _times(ratio(rounds, name, YARDSTICK)),
        f"{median(run.cpu_s / run.pages for run in good) * 1000:.3f}",
        f"{median(run.peak_bytes for run in good) / 1e6:.0f}",
        f"{median(run.start_up_s for run in good):.2f}",
        f"{good[0].pages:,}",
    ]
    return "| " + " | ".join(cells) + " |"


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def machine() -> str:
    """Describe the machine in one line: processor, cores, memory, system, Python."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = named[0] if named else processor
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (
        f"{processor}, {os.cpu_count()} cores, {memory_bytes / 2**30:.0f} GiB, "
        f"{platform.system()} {platform.release()}, {platform.python_implementation()} {platform.python_version()}"
    )


def settings_used(drivers: Iterable[str]) -> list[str]:
    """Give a line for each driver whose settings differ from its defaults."""
    lines = []
    for name in drivers:
        given = ", ".join(f"`{key}={value}`" for key, value in DRIVERS[name].settings.items())
        if given:
            lines.append(f"{DRIVERS[name].title.strip('*')}: {given}; all else at its default.")
    return lines


def section(body: str, how: Sequence[str]) -> str:
    """Put the table between the markers, under its date, with the lines of `how` it was made."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    notes = "\n".join(f"- {line}" for line in how)
    return f"{BEGIN}\n## Measured on {today}\n\n{body}\n\n{notes}\n{END}"


def write(path: Path, text: str) -> None:
    """Replace what is between the markers in the document, which is made when it is missing."""
    old = path.read_text(encoding="utf-8") if path.exists() else _PREAMBLE
    before, begin, rest = old.partition(BEGIN)
    after = rest.partition(END)[2] if begin else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + text + after, encoding="utf-8")
