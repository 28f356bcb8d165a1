"""The benchmark's table: ratios are taken within rounds, failures are shown, the document keeps its other text."""

from pathlib import Path

from benchmarks import report
from benchmarks.measure import Run


def run(driver: str, crawl_s: float, fault: str = "") -> Run:
    return Run(driver, "S", pages=1000, items=1000, crawl_s=crawl_s, cpu_s=crawl_s, peak_bytes=50_000_000, fault=fault)


def rounds(*seconds: tuple[float, float]) -> list[report.Round]:
    return [{"fwk": run("fwk", mine), "scrapy-best": run("scrapy-best", other)} for mine, other in seconds]


def test_a_ratio_is_the_median_of_the_ratios_within_each_round() -> None:
    assert report.ratio(rounds((1, 10), (4, 20), (2, 12)), "fwk", "scrapy-best") == 6


def test_a_round_with_a_failed_run_gives_no_ratio() -> None:
    failed = [{"fwk": run("fwk", 1, "lost a page"), "scrapy-best": run("scrapy-best", 10)}]
    assert report.ratio(failed, "fwk", "scrapy-best") is None
    assert report.ratio([*failed, *rounds((1, 7))], "fwk", "scrapy-best") == 7


def test_a_failed_run_takes_the_place_of_the_figures_in_its_row() -> None:
    table = report.table({"S": [{"fwk": run("fwk", 1, "999 items of 1000 pages")}]}, ["fwk"])
    assert "failed in 1 of 1 runs: 999 items of 1000 pages" in table


def test_a_row_shows_speed_ratio_and_memory() -> None:
    table = report.table({"S": rounds((1, 10))}, ["fwk", "scrapy-best"])
    assert "| **fwk, default stack** | 1,000 (1,000–1,000) | 10.00 | – | 1.000 | 50 |" in table


def test_writing_again_replaces_the_table_and_keeps_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "performance.md"
    report.write(page, report.section("first table", ["a note"]))
    page.write_text(page.read_text() + "\nA paragraph of ours.\n")
    report.write(page, report.section("second table", ["another note"]))
    text = page.read_text()
    assert "first table" not in text
    assert "second table" in text
    assert text.startswith("# Performance")
    assert text.endswith("\nA paragraph of ours.\n")
