from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from framework.exceptions import ExportError

Feed = Callable[..., Any]
Crawl = Callable[..., dict[str, Any]]
READERS: dict[str, Callable[[str], Any]] = {
    "a.jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "a.json": json.loads,
    "a.csv": lambda text: [{"n": int(row["n"])} for row in csv.DictReader(io.StringIO(text, newline=""))],
    "a.xml": lambda text: [{"n": int(item.findtext("n") or "")} for item in etree.fromstring(text.encode())],
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("sizes", [(0, 0), (0, 2), (2, 0), (2, 1, 2)])
@pytest.mark.parametrize("indent", [None, 0, 2])
def test_a_later_crawl_continues_the_file_validly(
    name: str, sizes: tuple[int, ...], indent: int | None, feed: Feed, crawl: Crawl
) -> None:
    number = 0
    for size in sizes:
        sink = feed(name, item_export_kwargs={"indent": indent}, fields=["n"])
        crawl(sink, [{"n": number + i} for i in range(size)])
        number += size

    assert READERS[name](sink.path.read_text()) == [{"n": i} for i in range(number)]


@pytest.mark.parametrize("name", READERS)
def test_a_crawl_without_items_leaves_the_file_as_it_was(name: str, feed: Feed, crawl: Crawl) -> None:
    crawl(feed(name), [{"n": 1}])
    before = feed(name).path.read_bytes()

    crawl(feed(name), [])

    assert feed(name).path.read_bytes() == before


@pytest.mark.parametrize("name", READERS)
def test_overwriting_begins_the_file_anew(name: str, feed: Feed, crawl: Crawl) -> None:
    crawl(feed(name), [{"n": 1}, {"n": 2}])

    sink = feed(name, overwrite=True)
    crawl(sink, [{"n": 3}])

    assert READERS[name](sink.path.read_text()) == [{"n": 3}]


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", '{"n":0}'), ("a.csv", "n\n0")])
def test_a_file_without_final_line_feed_gets_one(name: str, content: str, feed: Feed, crawl: Crawl) -> None:
    sink = feed(name)
    sink.path.write_text(content)

    crawl(sink, [{"n": 1}])

    assert READERS[name](sink.path.read_text()) == [{"n": 0}, {"n": 1}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '\ufeff [ {"n": 0} ] \n\n'),
        ("a.json", "\ufeff [ ] \n"),
        ("a.json", " \n"),
        ("a.json", '[[],{"n":0}]'),
        ("a.xml", "\n"),
    ],
)
def test_blanks_and_marks_around_a_document_do_not_matter(name: str, content: str, feed: Feed, crawl: Crawl) -> None:
    sink = feed(name)
    sink.path.write_text(content)

    crawl(sink, [{"n": 1}])

    found = READERS[name](sink.path.read_text().removeprefix("\ufeff"))
    assert found[-1] == {"n": 1}
    assert len(found) == 1 + content.count('"n"') + content.count("[[]")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '[{"n": 0}', "is not one whole JSON array, so nothing can be added to it; begin it anew"),
        ("a.json", '{"n": [0]}', "is not one whole JSON array"),
        ("a.json", "n: []", "is not one whole JSON array"),
        ("a.xml", "<items><item/>", "is not one whole XML document with the root <items>"),
        ("a.xml", "<books></books>", "is not one whole XML document with the root <items>"),
    ],
)
def test_a_file_of_another_shape_is_refused_untouched(
    name: str, content: str, message: str, feed: Feed, crawl: Crawl
) -> None:
    sink = feed(name)
    sink.path.write_text(content)

    with pytest.raises(ExportError, match=message):
        crawl(sink, [{"n": 1}])

    assert sink.path.read_text() == content


@pytest.mark.parametrize("name", READERS)
def test_a_long_file_is_continued(name: str, feed: Feed, crawl: Crawl) -> None:
    items = [{"n": i} for i in range(20_000)]

    for part in (items[:15_000], items[15_000:]):
        sink = feed(name)
        crawl(sink, part[:1])
        asyncio.run(_add(feed(name), part[1:]))

    assert READERS[name](sink.path.read_text()) == items


async def _add(sink: Any, items: list[Any]) -> None:
    await sink.open(None)
    sink.hand(1, list(enumerate(items)))
    await sink.close()


@pytest.mark.parametrize("name", ["a.json", "a.xml"])
def test_a_file_that_ends_with_very_many_blanks_is_refused_untouched(name: str, feed: Feed, crawl: Crawl) -> None:
    sink = feed(name)
    content = "[]" + " " * 100_000
    sink.path.write_text(content)

    with pytest.raises(ExportError, match="is not one whole"):
        crawl(sink, [{"n": 1}])

    assert sink.path.read_text() == content


def test_csv_keeps_the_columns_of_the_file(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.csv")
    sink.path.write_text("b,a\r\n1,2\r\n")

    crawl(sink, [{"a": 4, "b": 3}])

    assert sink.path.read_bytes() == b"b,a\r\n1,2\r\n3,4\r\n"


def test_csv_with_other_columns_is_refused(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.csv", fields=["a", "b"])
    sink.path.write_text("b,a\r\n")

    with pytest.raises(ExportError, match="has the columns b, a, but this feed has a, b; begin it anew"):
        crawl(sink, [])


def test_csv_without_header_is_continued_as_it_is(feed: Feed, crawl: Crawl) -> None:
    sink = feed("a.csv", item_export_kwargs={"include_headers_line": False})
    sink.path.write_text("1,2\r\n")

    crawl(sink, [{"a": 3, "b": 4}])

    assert sink.path.read_bytes() == b"1,2\r\n3,4\r\n"


def test_csv_for_spreadsheets_is_continued_without_a_second_mark(feed: Feed, crawl: Crawl) -> None:
    for number in (1, 2):
        sink = feed("a.csv", encoding="utf-8-sig", item_export_kwargs={"delimiter": ";"})
        crawl(sink, [{"é": number, "b": 0}])

    assert sink.path.read_bytes().decode("utf-8-sig") == "é;b\r\n1;0\r\n2;0\r\n"


def test_lines_in_utf16_are_continued_without_a_second_mark(feed: Feed, crawl: Crawl) -> None:
    for number in (1, 2):
        sink = feed("a.jsonl", encoding="utf-16")
        crawl(sink, [{"n": number}])

    assert sink.path.read_bytes().decode("utf-16") == '{"n":1}\n{"n":2}\n'


def test_a_document_in_utf16_cannot_be_continued(feed: Feed, crawl: Crawl) -> None:
    crawl(feed("a.json", encoding="utf-16"), [{"n": 1}])

    with pytest.raises(ExportError, match="cannot be continued in utf-16"):
        crawl(feed("a.json", encoding="utf-16"), [{"n": 2}])


def test_an_exporter_of_another_kind_begins_anew_behind_the_old_end(
    tmp_path: Path, crawler: Callable[..., Any], crawl: Crawl
) -> None:
    from framework.feeds import build_feeds

    class Boxed:
        """An exporter that knows nothing of going on."""

        def __init__(self, file: Any, **options: Any) -> None:
            self.file = file

        def start_exporting(self) -> None:
            self.file.write(b"<")

        def export_item(self, item: Any) -> None:
            self.file.write(b"i")

        def finish_exporting(self) -> None:
            self.file.write(b">")

    for _ in range(2):
        [sink] = build_feeds(crawler({str(tmp_path / "a.box"): {"format": "box"}}, FEED_EXPORTERS={"box": Boxed}))
        crawl(sink, [{}])

    assert (tmp_path / "a.box").read_bytes() == b"<i><i>"
