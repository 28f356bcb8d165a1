"""The benchmark's command: `python -m benchmarks.run`. Builds the sites and environments, runs the rounds, writes.

In each round every driver runs once on every site, in an order that turns from round to round, so that a noisy minute
of the machine falls on all of them. Exit code 1 when a run failed its checks or fwk missed `--at-least`.
"""

import argparse
import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import environments, report, sites
from benchmarks.drivers.registry import DRIVERS, SCRAPY_REFERENCE, Driver
from benchmarks.measure import Run, measure
from benchmarks.server import REPOSITORY, Server, cores, serve

_WORK = REPOSITORY / ".bench"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One driver on one site: everything that a run of it needs."""

    driver: Driver
    python: Path
    site: sites.Site
    server: Server


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark as the command line asks; gives the exit code."""
    asked = _arguments(arguments)
    began_at = time.monotonic()
    try:
        pythons = {name: environments.interpreter(DRIVERS[name], _WORK / "venvs") for name in asked.drivers}
    except RuntimeError as problem:
        print(f"benchmark: {problem}", file=sys.stderr)
        return 1
    client_core, server_core = cores()
    with contextlib.ExitStack() as servers:
        entries = {site: list(_entries(site, asked, pythons, servers, server_core)) for site in asked.sites}
        rounds: dict[str, list[report.Round]] = {site: [] for site in asked.sites}
        for turn in range(asked.rounds):
            for site in asked.sites:
                rounds[site].append(_round(entries[site], turn, client_core))
        server_name = entries[asked.sites[0]][0].server.name
    table = report.table(rounds, asked.drivers)
    print(f"\n{table}\n")
    if asked.write:
        how = _how(asked, pythons, server_name, time.monotonic() - began_at)
        report.write(asked.write, report.section(table, how))
        print(f"written to {asked.write}")
    return _verdict(rounds, asked.at_least)


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def split(text: str) -> list[str]:
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(known)}")
        return chosen

    return split


def _above_zero(kind: type[int] | type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    return number


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    option = parser.add_argument
    option("--sites", type=_some_of(list(sites.SITES)), default=list(sites.SITES), help="default: S,L")
    option("--drivers", type=_some_of(list(DRIVERS)), default=list(DRIVERS), help="some of: " + ", ".join(DRIVERS))
    option("--rounds", type=_above_zero(int), default=3, help="default: 3")
    option("--scale", type=_above_zero(float), default=1.0, help="size of the sites; 1 is 20,000 and 5,000 pages")
    option("--slow-scale", type=_above_zero(float), default=0.1, help="further factor for slow drivers (0.1)")
    option("--write", type=Path, metavar="FILE", help="put the table into this Markdown file")
    option("--at-least", type=_above_zero(float), metavar="X", help="fail unless fwk is X times Scrapy's best")
    return parser.parse_args(arguments)


def _entries(
    name: str, asked: argparse.Namespace, pythons: dict[str, Path], servers: contextlib.ExitStack, core: int | None
) -> Iterator[Entry]:
    """Give the entries of one site, having started a server for each size of it that is needed."""
    serving: dict[int, Server] = {}
    for driver_name in asked.drivers:
        driver = DRIVERS[driver_name]
        site = sites.SITES[name].scaled(asked.scale * (asked.slow_scale if driver.slow else 1.0))
        if site.pages not in serving:
            root = sites.write(site, _WORK / "sites")
            serving[site.pages] = servers.enter_context(serve(root, core))
        yield Entry(driver, pythons[driver_name], site, serving[site.pages])


def _round(entries: Sequence[Entry], turn: int, core: int | None) -> report.Round:
    """Run each entry once, beginning with another one each turn; a JSON line says how each went."""
    first = turn % len(entries)
    runs: dict[str, Run] = {}
    for entry in [*entries[first:], *entries[:first]]:
        run = measure(entry.driver, entry.python, entry.site, entry.server, core)
        print(json.dumps({**dataclasses.asdict(run), "pages_per_s": round(run.pages_per_s, 1)}), flush=True)
        runs[entry.driver.name] = run
    return runs


def _how(asked: argparse.Namespace, pythons: dict[str, Path], server: str, spent_s: float) -> list[str]:
    """Say on what machine, with what versions and settings the table came about."""
    client_core, server_core = cores()
    pinned = "not pinned" if client_core is None else f"client on core {client_core}, server on core {server_core}"
    versions: dict[str, dict[str, str]] = {}
    for name in asked.drivers:
        versions.setdefault(str(pythons[name]), {}).update(environments.versions(DRIVERS[name], pythons[name]))
    packages = "; ".join(", ".join(f"{key} {value}" for key, value in found.items()) for found in versions.values())
    return [
        f"Machine: {report.machine()}; {pinned}; served by {server}.",
        f"Versions: {packages}.",
        *report.settings_used(asked.drivers),
        f"{asked.rounds} interleaved rounds in {spent_s / 60:.0f} minutes; site scale {asked.scale:g}, "
        f"slow crawlers on a site {asked.slow_scale:g} times that (column pages).",
    ]


def _verdict(rounds: dict[str, list[report.Round]], at_least: float | None) -> int:
    faults = [run for found in rounds.values() for one in found for run in one.values() if run.fault]
    for run in faults:
        print(f"benchmark: {run.driver} on site {run.site}: {run.fault}", file=sys.stderr)
    missed = False
    for site, found in rounds.items() if at_least else ():
        times = report.ratio(found, "fwk", SCRAPY_REFERENCE)
        if times is None or times < (at_least or 0):
            reached = "no figure" if times is None else f"{times:.2f}"
            print(f"benchmark: site {site}: fwk / Scrapy is {reached}, below {at_least}", file=sys.stderr)
            missed = True
    return 1 if faults or missed else 0


if __name__ == "__main__":
    sys.exit(main())
