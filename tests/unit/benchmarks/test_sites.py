"""The benchmark's sites: whole, deterministic, and of the size that they claim."""

from pathlib import Path

import pytest
from lxml import etree

from benchmarks import sites

SMALL = {name: site.scaled(0.02) for name, site in sites.SITES.items()}


@pytest.mark.parametrize("name", ["S", "L"])
def test_every_page_is_reachable_from_the_first(name: str) -> None:
    site = SMALL[name]
    seen = {0}
    waiting = [0]
    while waiting:
        new = set(sites.links(site, waiting.pop())) - seen
        seen |= new
        waiting.extend(new)
    assert seen == set(range(site.pages))


@pytest.mark.parametrize("name", ["S", "L"])
def test_a_page_has_its_links_and_about_its_size(name: str) -> None:
    site = sites.SITES[name]
    for number in (0, 7, site.pages - 1):
        body = sites.page(site, number)
        assert len(etree.fromstring(body, etree.HTMLParser()).xpath("//a")) == site.links
        assert 0.9 < len(body) / site.page_bytes < 1.1


def test_a_page_holds_the_fields_that_are_expected_of_it() -> None:
    site = SMALL["S"]
    wanted = sites.fields(site, 5)
    tree = etree.fromstring(sites.page(site, 5), etree.HTMLParser(encoding="utf-8"))
    assert tree.xpath("//h1/text()") == [wanted.title]
    assert tree.xpath("//p[@class='price']/text()") == [wanted.price]
    assert tree.xpath("//p[@class='text']/text()") == [wanted.text]


def test_a_page_is_the_same_each_time() -> None:
    site = sites.SITES["L"]
    assert sites.page(site, 4321) == sites.page(site, 4321)
    assert sites.page(site, 4321) != sites.page(site, 4320)


def test_the_digest_does_not_depend_on_the_order_but_on_every_field() -> None:
    site = SMALL["S"]
    items = [vars(sites.fields(site, number)) for number in range(site.pages)]
    assert sites.digest_of_items(reversed(items)) == sites.digest(site)
    assert sites.digest_of_items([*items[1:], {**items[0], "price": "£0.00"}]) != sites.digest(site)
    assert sites.digest_of_items(items[1:]) != sites.digest(site)


def test_writing_a_site_twice_writes_it_once(tmp_path: Path) -> None:
    site = SMALL["S"].scaled(0.1)
    root = sites.write(site, tmp_path)
    (root / "p" / "0.html").write_text("kept")
    assert sites.write(site, tmp_path) == root
    assert (root / "p" / "0.html").read_text() == "kept"
    assert len(list((root / "p").iterdir())) == site.pages
