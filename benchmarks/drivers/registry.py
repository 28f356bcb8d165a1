"""The list of crawlers that are compared. Adding one is adding a `Driver` here and its script beside this file.

What a driver's script has to do: crawl from the start URL with 100 requests at a time, write a JSON line
(url, title, price, text) a page to the output file, and, when its crawl begins, write "MONOTONIC CPU" seconds (the
machine's monotonic clock and its own CPU time so far) to the file that the variable BENCH_STAMP names. It ends with
exit code 0. It counts nothing itself: `measure.py` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_HERE = Path(__file__).resolve().parent

#: Scrapy as its documentation would have it for one fast site: asyncio on uvloop, 100 requests at a time, quiet log.
#: Everything else is Scrapy's default; robots.txt is ignored there by default, which spares it work.
SCRAPY_BEST = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
    "CONCURRENT_REQUESTS": "100",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "100",
    "DOWNLOAD_DELAY": "0",
    "LOG_LEVEL": "WARNING",
}

#: fwk's default stack: only the politeness is set aside, because the server is our own.
FWK_DEFAULT = {
    "CONCURRENT_REQUESTS": "100",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "100",
    "DOWNLOAD_DELAY": "0",
}

#: The same without anything that lets a crawl survive its process.
FWK_MEMORY = {**FWK_DEFAULT, "FRONTIER": "memory", "SEEN": "exact", "FATES": "off"}


@dataclass(frozen=True)
class Task:
    """What one run is asked to do; `python` is the interpreter of the driver's environment."""

    python: Path
    start_url: str
    pages: int
    output: Path


@dataclass(frozen=True)
class Driver:
    """One crawler: its name, the packages of its own environment, and its command.

    An empty `requirements` means the environment that runs the benchmark. `slow` drivers crawl a smaller site of the
    same kind when the run is told so; `writes_items` is False for what only fetches.
    """

    name: str
    title: str
    command: Callable[[Task], list[str]]
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    writes_items: bool = True


_LIBRARIES = ("aiohttp", "uvloop", "lxml", "parsel")
DURABLE = "fwk"
IN_MEMORY = "fwk-memory"


def _bare(parser: str) -> Callable[[Task], list[str]]:
    script = str(_HERE / "bare_loop.py")
    return lambda task: [str(task.python), script, parser, task.start_url, str(task.pages), str(task.output)]


def _spider(module: tuple[str, ...], file: str, settings: Mapping[str, str]) -> Callable[[Task], list[str]]:
    flags = [flag for name, value in settings.items() for flag in ("-s", f"{name}={value}")]

    def command(task: Task) -> list[str]:
        run = [str(task.python), "-m", *module, "runspider", str(_HERE / file), *flags]
        return [*run, "-a", f"start_url={task.start_url}", "-o", str(task.output)]

    return command


def _fwk(name: str, title: str, settings: Mapping[str, str]) -> Driver:
    return Driver(
        name,
        title,
        _spider(("framework",), "fwk_spider.py", settings),
        packages=("fwk", *_LIBRARIES),
        settings=settings,
    )


def _scrapy(name: str, title: str, settings: Mapping[str, str]) -> Driver:
    return Driver(
        name,
        title,
        _spider(("scrapy",), "scrapy_spider.py", settings),
        requirements=("scrapy", "uvloop"),
        packages=("scrapy", "twisted", "uvloop", "parsel", "lxml"),
        settings=settings,
        slow=True,
    )


YARDSTICK = "lxml-loop"
SCRAPY_REFERENCE = "scrapy-best"

DRIVERS: dict[str, Driver] = {
    driver.name: driver
    for driver in (
        Driver("fetch-only", "bare aiohttp loop, fetch only", _bare("none"), packages=_LIBRARIES, writes_items=False),
        Driver(YARDSTICK, "bare aiohttp loop + lxml, compiled XPath", _bare("lxml"), packages=_LIBRARIES),
        Driver("parsel-loop", "bare aiohttp loop + parsel", _bare("parsel"), packages=_LIBRARIES),
        _fwk(DURABLE, "**fwk, default stack**", FWK_DEFAULT),
        _fwk(IN_MEMORY, "fwk, in memory only", FWK_MEMORY),
        _scrapy(SCRAPY_REFERENCE, "Scrapy, best documented set-up", SCRAPY_BEST),
        _scrapy("scrapy-default", "Scrapy, default settings", {}),
    )
}
