"""The benchmark's drivers: both frameworks run the same spider, and the bare loop's parsers agree."""

from pathlib import Path

import pytest

from benchmarks import sites
from benchmarks.drivers import registry
from benchmarks.drivers.bare_loop import lxml_parser, parsel_parser

DRIVERS = Path(registry.__file__).parent
START = "http://127.0.0.1:1/p/3.html"


def spider_body(file: str, package: str) -> str:
    """Give the spider's code without its docstring, with the package's name and mypy's comments taken out."""
    lines = (DRIVERS / file).read_text().splitlines()[1:]
    return "\n".join(line.partition("  # type: ignore")[0] for line in lines).replace(f"from {package} ", "from X ")


def test_scrapy_and_fwk_run_the_same_spider() -> None:
    assert spider_body("fwk_spider.py", "framework") == spider_body("scrapy_spider.py", "scrapy")


@pytest.mark.parametrize("parser", [lxml_parser, parsel_parser])
def test_a_bare_loop_takes_fields_and_links_as_the_site_has_them(parser) -> None:  # type: ignore[no-untyped-def]
    site = sites.SITES["S"]
    item, links = parser()(START, sites.page(site, 3))
    wanted = sites.fields(site, 3)
    assert item == {"url": START, "title": wanted.title, "price": wanted.price, "text": wanted.text}
    assert links == [f"http://127.0.0.1:1{sites.path_of(number)}" for number in sites.links(site, 3)]


def test_a_driver_is_given_its_settings_on_the_command_line(tmp_path: Path) -> None:
    task = registry.Task(Path("python"), START, 20, tmp_path / "items.jsonl")
    command = registry.DRIVERS["fwk"].command(task)
    assert command[:3] == ["python", "-m", "framework"]
    assert "CONCURRENT_REQUESTS=100" in command
    assert command[-1] == str(tmp_path / "items.jsonl")
