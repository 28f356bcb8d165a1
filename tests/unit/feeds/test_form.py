"""A job goes on in a file only in the form that the file was begun in."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.exporters import JsonItemExporter
from framework.feeds import FeedSink, build_feeds
from framework.feeds.form import form_of
from framework.feeds.options import Feed

Crawl = Callable[..., dict[str, Any]]
Build = Callable[..., FeedSink]
ITEMS = [{"n": i, "t": "é"} for i in range(4)]
GZIP = "framework.extensions.postprocessing.GzipPlugin"


class Shouting(JsonItemExporter):
    """An exporter of the user's own."""


@pytest.fixture
def build(tmp_path: Path, crawler: Callable[..., Any]) -> Build:
    """Build the sink of one feed: its name, its options and settings."""

    def build(name: str, options: dict[str, Any] | None = None, **settings: Any) -> FeedSink:
        [sink] = build_feeds(crawler({str(tmp_path / name): options or {}}, **settings), folder=tmp_path / "job")
        return sink

    return build


def killed(crawl: Crawl, sink: FeedSink, items: list[Any] = ITEMS[:2]) -> Any:
    return json.loads(json.dumps(crawl(sink, items, close=False)[sink.name]))


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("a.json", {"FEED_EXPORT_INDENT": 0}, {"FEED_EXPORT_ENCODING": "utf-16"},
         r"'encoding' \(FEED_EXPORT_ENCODING\) was 'utf-8' and is 'utf-16' now; set it back, name another file"),
        ("a.jsonl", {"FEED_EXPORT_ENCODING": None}, {}, r"'encoding' .* was None and is 'utf-8' now"),
        ("a.json", {"FEED_EXPORT_INDENT": 4}, {"FEED_EXPORT_ENCODING": "latin-1"},
         r"'encoding' .* 'latin-1' now; 'indent' \(FEED_EXPORT_INDENT\) was 4 and is 0 now"),
        ("a.csv", {"FEED_EXPORT_FIELDS": ["n", "t"]}, {"FEED_EXPORT_FIELDS": ["t", "n"]},
         r"'fields' \(FEED_EXPORT_FIELDS\) was \['n', 't'\] and is \['t', 'n'\] now"),
        ("a.csv", {"FEED_EXPORT_FIELDS": {"n": "N", "t": "T"}}, {"FEED_EXPORT_FIELDS": {"t": "T", "n": "N"}},
         r"'fields' .* was \[\['n', 'N'\], \['t', 'T'\]\] and is \[\['t', 'T'\], \['n', 'N'\]\] now"),
        ("a.csv", {}, {"FEED_EXPORT_FIELDS": ["n"]}, r"'fields' .* was None and is \['n'\] now"),
        ("a.json", {}, {"FEED_EXPORTERS": {"json": Shouting}},
         r"'exporter' \(FEED_EXPORTERS\) was 'framework.*JsonItemExporter' and is '.*Shouting' now"),
    ],
)  # fmt: skip
def test_settings_that_change_the_form_of_a_begun_file_are_refused(
    name: str, before: dict[str, Any], after: dict[str, Any], said: str, build: Build, crawl: Crawl
) -> None:
    sink = build(name, **before)
    cut = killed(crawl, sink)
    assert sink.path is not None
    left = sink.path.read_bytes()

    with pytest.raises(ExportError, match=said) as refused:
        crawl(build(name, **after), ITEMS[2:], cut)

    assert str(sink.path) in str(refused.value)
    assert sink.path.read_bytes() == left


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"item_export_kwargs": {"delimiter": ";"}}, {}, r"'item_export_kwargs' was {'delimiter': ';'} and is {} now"),
        ({}, {"postprocessing": [GZIP]}, r"'postprocessing' was \[\] and is \['framework.*GzipPlugin'\] now"),
        ({"postprocessing": [GZIP], "gzip_compresslevel": 1}, {"postprocessing": [GZIP]},
         "'gzip_compresslevel' was 1 and is None now"),
        ({"item_export_kwargs": {"delimiter": ";", "lineterminator": "\n" * 200}}, {}, r"\\n\.\.\. and is {} now"),
    ],
)  # fmt: skip
def test_options_of_the_feed_that_change_its_form_are_refused(
    before: dict[str, Any], after: dict[str, Any], said: str, build: Build, crawl: Crawl
) -> None:
    cut = killed(crawl, build("a.csv", before))

    with pytest.raises(ExportError, match=said):
        crawl(build("a.csv", after), ITEMS[2:], cut)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [("a.json", {"default": str.upper, "cls": json.JSONEncoder}), ("a.csv", {"errors": "replace"}), ("a.csv", {})],
)
def test_the_same_form_goes_on(name: str, kwargs: dict[str, Any], build: Build, crawl: Crawl) -> None:
    options = {"item_export_kwargs": kwargs}
    reference = build("reference-" + name, options)
    crawl(reference, ITEMS)

    cut = killed(crawl, build(name, options))
    later = build(name, options)
    crawl(later, ITEMS[2:], cut)

    assert later.path is not None
    assert reference.path is not None
    assert later.path.read_bytes() == reference.path.read_bytes()


def test_values_of_any_kind_can_be_stored_and_compared() -> None:
    values = {"cls": Decimal, "default": str.upper, "quote": b"x", "number": Decimal(1), "pair": (1, None)}
    feed = Feed("a.csv", "csv", item_export_kwargs=values)

    form = form_of(feed, JsonItemExporter(io.BytesIO()))

    assert json.loads(json.dumps(form)) == form == form_of(feed, JsonItemExporter(io.BytesIO()))


def test_columns_that_the_first_item_gave_stay_in_another_run(build: Build, crawl: Crawl) -> None:
    cut = killed(crawl, build("a.csv"))
    later = build("a.csv")

    crawl(later, [{"t": "è", "n": 7}], cut)

    assert later.path is not None
    assert later.path.read_text().splitlines() == ["n,t", "0,é", "1,é", "7,è"]


def test_the_indent_of_lines_means_nothing_and_may_change(build: Build, crawl: Crawl) -> None:
    cut = killed(crawl, build("a.jsonl", FEED_EXPORT_INDENT=2))
    later = build("a.jsonl", FEED_EXPORT_INDENT=None)

    crawl(later, ITEMS[2:], cut)

    assert later.item_count == 4


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_file_in_which_nothing_is_yet_may_take_another_form(name: str, build: Build, crawl: Crawl) -> None:
    cut = killed(crawl, build(name), [])
    later = build(name, FEED_EXPORT_ENCODING="utf-16", FEED_EXPORT_FIELDS=["n"])

    crawl(later, ITEMS[:1], cut)

    assert later.path is not None
    assert later.path.read_text("utf-16").splitlines()[-1] in ("0", '{"n":0}')


def test_the_next_batch_may_take_another_form(build: Build, crawl: Crawl) -> None:
    name = "%(batch_id)d.csv"
    cut = killed(crawl, build(name, {"batch_item_count": 2}))
    later = build(name, {"batch_item_count": 2}, FEED_EXPORT_FIELDS=["t"])

    crawl(later, ITEMS[2:], cut)

    assert later.path is not None
    assert later.path.name == "2.csv"
    assert later.path.read_text().splitlines() == ["t", "é", "é"]


@pytest.mark.parametrize("name", ["a.json", "a.xml", "a.jsonl"])
@pytest.mark.parametrize("of_old", [{"FEED_EXPORT_INDENT": 4}, {"FEED_EXPORT_FIELDS": ["n"]}])
def test_a_job_that_is_given_up_leaves_whole_files_though_settings_are_others_now(
    name: str, of_old: dict[str, Any], build: Build, crawl: Crawl
) -> None:
    reference = build("reference-" + name, **of_old)
    crawl(reference, ITEMS[:2])
    assert reference.path is not None
    sink = build(name, **of_old)
    cut = killed(crawl, sink)
    assert sink.path is not None
    with sink.path.open("ab") as file:
        file.write(b"half")

    asyncio.run(build(name).cut_back(cut))

    assert "".join(sink.path.read_text().split()) == "".join(reference.path.read_text().split())


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json", "a.xml"])
def test_a_job_that_is_given_up_gets_no_end_in_another_encoding(name: str, build: Build, crawl: Crawl) -> None:
    sink = build(name)
    cut = killed(crawl, sink)
    assert sink.path is not None
    committed = sink.path.read_bytes()
    with sink.path.open("ab") as file:
        file.write(b"half")

    asyncio.run(build(name, FEED_EXPORT_ENCODING="utf-16").cut_back(cut))

    assert sink.path.read_bytes() == committed


def test_a_file_of_the_spider_with_the_exporter_in_it_may_have_another_name_now(
    build: Build, crawl: Crawl, crawler: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_spider = {"FEED_EXPORTERS": {"json": Shouting}}
    spider_class = type(crawler({}).spider)
    monkeypatch.setattr(spider_class, "__module__", "tree")
    monkeypatch.setattr(Shouting, "__module__", "tree")
    cut = killed(crawl, build("a.json", **of_spider))

    monkeypatch.setattr(spider_class, "__module__", "spider_tree")
    with pytest.raises(ExportError, match=r"was \"<the spider's module>.Shouting\" and is 'tree.Shouting' now"):
        crawl(build("a.json", **of_spider), ITEMS[2:], cut)
    monkeypatch.setattr(Shouting, "__module__", "spider_tree")
    later = build("a.json", **of_spider)
    crawl(later, ITEMS[2:], cut)

    assert later.path is not None
    assert json.loads(later.path.read_text()) == ITEMS
