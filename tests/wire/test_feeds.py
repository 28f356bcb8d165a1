"""The output files of a crawl of the whole shop, in every format at once, against the shop's own truth."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from framework import Request, Spider
from framework.exporters import BaseItemExporter
from framework.testing.shop import ThreadedShop

FIELDS = ["id", "title", "price_value", "description", "stock"]


class BookSpider(Spider):
    """Every book, by the site map."""

    name = "book"
    base: str

    async def start(self) -> Any:
        yield Request(self.base + "/sitemap.xml")

    def parse(self, response: Any) -> Any:
        response.selector.remove_namespaces()
        pages = [url for url in response.xpath("//loc/text()").getall() if "/book/" in url]
        yield from response.follow_all(pages, self.parse_book)

    def parse_book(self, response: Any) -> Any:
        book = response.css("article.product")
        return {
            "id": int(book.attrib["data-id"]),
            "title": book.css("h1::text").get(),
            "price_value": float(book.css("p.price::text").re_first(r"[\d.]+")),
            "description": "\n\n".join(book.css(".description p::text").getall()),
            "stock": int(book.css("td.stock::text").get()),
        }


class LinesExporter(BaseItemExporter):
    """A format of the user's own."""

    def __init__(self, file: Any, **options: Any) -> None:
        super().__init__(dont_fail=True, **options)
        self.file = file

    def start_exporting(self) -> None:
        self.file.write(b"begin\n")

    def export_item(self, item: Any) -> None:
        fields = dict(self._get_serialized_fields(item, include_empty=True))
        self.file.write(f"{fields['id']}|{fields['title']}\n".encode())

    def finish_exporting(self) -> None:
        self.file.write(b"end\n")


def truth(shop: ThreadedShop) -> list[dict[str, Any]]:
    return [{field: item[field] for field in FIELDS} for item in shop.truth()]


def by_id(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: int(item["id"]))


def typed(row: dict[str, str]) -> dict[str, Any]:
    """Give the fields of a format that knows only text their types again."""
    return {
        **row,
        "id": int(row["id"]),
        "price_value": float(row["price_value"]),
        "stock": int(row["stock"]),
    }


def test_all_formats_at_once_hold_the_books_of_the_shop(crawl: Any, shop: ThreadedShop, tmp_path: Path) -> None:
    formats = ("jsonl", "json", "csv", "xml")
    feeds = {str(tmp_path / f"books.{form}"): {"format": form, "fields": FIELDS} for form in formats}

    done = crawl(BookSpider, {"FEEDS": feeds | {str(tmp_path / "items-1.jsonl"): {}}}, base=shop.url)

    wanted = truth(shop)
    assert by_id(done.items) == wanted
    texts = {form: (tmp_path / f"books.{form}").read_text("utf-8") for form in formats}
    assert by_id([json.loads(line) for line in texts["jsonl"].splitlines()]) == wanted
    assert by_id(json.loads(texts["json"])) == wanted
    with (tmp_path / "books.csv").open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        assert by_id([typed(row) for row in reader]) == wanted
        assert reader.fieldnames == FIELDS
    root = etree.fromstring(texts["xml"].encode())
    rows = [{field.tag: field.text or "" for field in item} for item in root]
    assert by_id([typed(row) for row in rows]) == wanted
    assert {tuple(row) for row in rows} == {tuple(FIELDS)}


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_compressed_batches_hold_the_books_of_the_shop(
    form: str, crawl: Any, shop: ThreadedShop, tmp_path: Path
) -> None:
    feeds = {str(tmp_path / f"%(batch_id)04d.{form}.gz"): {"fields": FIELDS, "batch_item_count": 7}}

    done = crawl(BookSpider, {"FEEDS": feeds}, base=shop.url)

    texts = [gzip.decompress(path.read_bytes()).decode() for path in sorted(tmp_path.iterdir())]
    lists = [json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()] for text in texts]
    assert by_id([item for batch in lists for item in batch]) == truth(shop)
    assert {len(batch) for batch in lists[:-1]} == {7}
    assert done.stats["feedexport/success_count/FileFeedStorage"] == len(texts)


def test_an_exporter_of_the_users_own_is_enough(crawl: Any, shop: ThreadedShop, tmp_path: Path) -> None:
    output = tmp_path / "books.lines"
    settings = {"FEED_EXPORTERS": {"lines": LinesExporter}, "FEEDS": {str(output): {"format": "lines"}}}

    crawl(BookSpider, settings, base=shop.url)

    first, *books, last = output.read_text("utf-8").splitlines()
    assert (first, last) == ("begin", "end")
    assert sorted(books) == sorted(f"{book.id}|{book.title}" for book in shop.books)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_second_crawl_goes_on_with_the_file_or_begins_it_anew(
    form: str, crawl: Any, shop: ThreadedShop, tmp_path: Path
) -> None:
    output = tmp_path / f"books.{form}"

    for overwrite, times in ((False, 1), (False, 2), (True, 1)):
        crawl(BookSpider, {"FEEDS": {str(output): {"format": form, "overwrite": overwrite}}}, base=shop.url)

        with output.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines)) if form == "csv" else [json.loads(line) for line in lines]
        assert Counter(int(row["id"]) for row in rows) == {book.id: times for book in shop.books}


def test_an_error_half_way_leaves_a_whole_file(crawl: Any, shop: ThreadedShop, tmp_path: Path) -> None:
    class FailingSpider(BookSpider):
        def parse_book(self, response: Any) -> Any:
            item = super().parse_book(response)
            yield item
            if item["id"] % 2:
                raise RuntimeError("in the middle of a page")

    output = tmp_path / "books.json"
    done = crawl(FailingSpider, {"FEEDS": {str(output): {"format": "json", "fields": FIELDS}}}, base=shop.url)

    assert by_id(json.loads(output.read_text("utf-8"))) == truth(shop)
    assert done.stats["spider_exceptions/RuntimeError"] == len(shop.books) // 2
