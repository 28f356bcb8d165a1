from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import SettingsError
from framework.exporters import JsonLinesItemExporter
from framework.feeds import FileFeedStorage, ItemFilter, StdoutFeedStorage, build_feeds

Crawl = Callable[..., dict[str, Any]]
MakeCrawler = Callable[..., Any]


@dataclasses.dataclass
class Book:
    title: str


@dataclasses.dataclass
class Author:
    name: str


class Cheap(ItemFilter):
    def accepts(self, item: Any) -> bool:
        return super().accepts(item) and item["price"] < 10


class Nothing:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what is given and have no methods."""


class ShoutingExporter(JsonLinesItemExporter):
    def serialize_field(self, field: Any, name: str, value: Any) -> Any:
        return str(value).upper()


def with_season(params: dict[str, Any], spider: Any) -> dict[str, Any]:
    return {**params, "where": f"{spider.name}-{params['shelf']}"}


def test_each_entry_becomes_a_sink(tmp_path: Path, crawler: MakeCrawler) -> None:
    feeds = {str(tmp_path / "a.jsonl"): {}, (tmp_path / "b.csv").as_uri(): {}, "-": {"format": "json"}}

    first, second, third = build_feeds(crawler(feeds))

    assert (first.path, first.format, first.uri) == (tmp_path / "a.jsonl", "jsonlines", str(tmp_path / "a.jsonl"))
    assert (second.path, second.format) == (tmp_path / "b.csv", "csv")
    assert (third.path, third.format, third.name) == (None, "json", "feed -")
    assert isinstance(first.storage, FileFeedStorage)
    assert isinstance(third.storage, StdoutFeedStorage)


def test_no_feeds_make_no_sinks(crawler: MakeCrawler) -> None:
    assert build_feeds(crawler({})) == []


def test_placeholders_in_the_uri_are_filled(crawler: MakeCrawler) -> None:
    [sink] = build_feeds(crawler({"out/%(name)s/%(category)s-%(shelf)d-%(season)s.json": {}}))

    assert sink.uri == "out/books/poetry-7-spring.json"
    assert sink.name == "feed out/%(name)s/%(category)s-%(shelf)d-%(season)s.json"


def test_a_function_may_give_the_placeholders(crawler: MakeCrawler) -> None:
    [sink] = build_feeds(crawler({"%(where)s.json": {}}, FEED_URI_PARAMS=with_season))

    assert sink.uri == "books-7.json"


def test_a_path_object_names_a_file(tmp_path: Path, crawler: MakeCrawler) -> None:
    [sink] = build_feeds(crawler({tmp_path / "a.json": {}}))

    assert sink.path == tmp_path / "a.json"


def test_a_function_that_returns_nothing_changes_nothing(crawler: MakeCrawler) -> None:
    [sink] = build_feeds(crawler({"%(name)s.json": {"uri_params": lambda params, spider: None}}))

    assert sink.uri == "books.json"


def test_all_mistakes_are_told_together(crawler: MakeCrawler, tmp_path: Path) -> None:
    same = str(tmp_path / "same.json")
    feeds = {
        "a.txt": {},
        "s3://bucket/a.json": {},
        "fil://a.json": {},
        "%(nothing)s.json": {},
        "b.csv": {"encoding": "klingon"},
        "c.csv": {"item_export_kwargs": {"colour": "red"}},
        "d.json": {"item_classes": [len]},
        "e.json": {"item_filter": Nothing},
        "f.json": {"item_classes": ["nowhere.Book"]},
        same: {},
        f"file://{same}": {},
    }

    with pytest.raises(SettingsError) as caught:
        build_feeds(crawler(feeds))

    starts = [
        "FEEDS['a.txt'] needs a format",
        "FEEDS['s3://bucket/a.json']: nothing stores to 's3' (known schemes: file, stdout; FEED_STORAGES adds others)",
        "FEEDS['fil://a.json']: nothing stores to 'fil'; did you mean 'file'?",
        "feed '%(nothing)s.json': nothing is called 'nothing'",
        "FEEDS['b.csv']: unknown encoding: klingon",
        "FEEDS['c.csv']: ",
        "FEEDS['d.json']: 'item_classes' holds <built-in function len>, which is no class",
        "FEEDS['e.json']: the item filter Nothing has no method accepts(item)",
        "'nowhere.Book': there is no module 'nowhere'",
        f"FEEDS['file://{same}'] and FEEDS['{same}'] are the same file",
    ]
    assert len(caught.value.problems) == len(starts)
    for problem, start in zip(caught.value.problems, starts, strict=True):
        assert problem.startswith(start), problem
    assert "colour" in caught.value.problems[5]


def test_items_are_chosen_by_class(tmp_path: Path, crawler: MakeCrawler, crawl: Crawl) -> None:
    books, authors = tmp_path / "books.jsonl", tmp_path / "authors.jsonl"
    feeds = {str(books): {"item_classes": [Book]}, str(authors): {"item_classes": [Author]}}

    crawl(build_feeds(crawler(feeds)), [Book("Dune"), Author("Ann"), {"other": 1}])

    assert books.read_text() == '{"title":"Dune"}\n'
    assert authors.read_text() == '{"name":"Ann"}\n'


def test_items_are_chosen_by_a_filter(tmp_path: Path, crawler: MakeCrawler, crawl: Crawl) -> None:
    path = tmp_path / "a.jsonl"

    crawl(build_feeds(crawler({str(path): {"item_filter": Cheap}})), [{"price": 5}, {"price": 50}])

    assert path.read_text() == '{"price":5}\n'


def test_an_exporter_and_a_storage_of_the_users_own_are_used(
    tmp_path: Path, crawler: MakeCrawler, crawl: Crawl
) -> None:
    class MyStorage(FileFeedStorage):
        def __init__(self, uri: str, *, feed_options: Any = None) -> None:
            super().__init__(uri.replace("my://", ""), feed_options=feed_options)

    made = crawler(
        {f"my://{tmp_path}/a.loud": {"format": "loud"}},
        FEED_EXPORTERS={"loud": ShoutingExporter},
        FEED_STORAGES={"my": MyStorage},
    )

    [sink] = build_feeds(made)
    crawl(sink, [{"a": "x"}])

    assert (tmp_path / "a.loud").read_text() == '{"a":"X"}\n'
    assert sink.storage.feed_options["format"] == "loud"
    assert made.stats.values == {"feedexport/success_count/MyStorage": 1}


def test_a_storage_without_its_methods_is_refused(crawler: MakeCrawler) -> None:
    with pytest.raises(SettingsError, match=r"FEED_STORAGES\['my'\]: Nothing has no method open"):
        build_feeds(crawler({"my://a.json": {}}, FEED_STORAGES={"my": Nothing}))


def test_a_format_that_is_switched_off_is_unknown(crawler: MakeCrawler) -> None:
    with pytest.raises(SettingsError, match="no known format"):
        build_feeds(crawler({"a.xml": {}}, FEED_EXPORTERS={"xml": None}))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("a.jsonl", {}, '{"a":"é","b":1}\n'),
        ("a.jsonl", {"fields": ["b", "a"]}, '{"b":1,"a":"é"}\n'),
        ("a.jsonl", {"fields": {"b": "B"}}, '{"B":1}\n'),
        ("a.jsonl", {"item_export_kwargs": {"ensure_ascii": True}}, '{"a":"\\u00e9","b":1}\n'),
        ("a.json", {"indent": 2}, '[\n{\n  "a": "é",\n  "b": 1\n}\n]\n'),
        ("a.csv", {"item_export_kwargs": {"include_headers_line": False}}, "é,1\n"),
    ],
)
def test_the_options_reach_the_exporter(
    name: str, options: dict[str, Any], expected: str, feed: Callable[..., Any], crawl: Crawl
) -> None:
    sink = feed(name, **options)

    crawl(sink, [{"a": "é", "b": 1}])

    assert sink.path.read_text() == expected


def test_no_encoding_means_ascii_with_escapes_in_json(tmp_path: Path, crawler: MakeCrawler, crawl: Crawl) -> None:
    path = tmp_path / "a.jsonl"

    crawl(build_feeds(crawler({str(path): {}}, FEED_EXPORT_ENCODING=None)), [{"a": "é"}])

    assert path.read_bytes() == b'{"a":"\\u00e9"}\n'


def test_two_names_of_one_file_are_refused_as_one(tmp_path: Path, crawler: MakeCrawler) -> None:
    (tmp_path / "x.jsonl").touch()
    (tmp_path / "y.jsonl").symlink_to("x.jsonl")

    with pytest.raises(SettingsError, match=r"y.jsonl'\] and FEEDS\['.*x.jsonl'\] are the same file"):
        build_feeds(crawler({str(tmp_path / name): {} for name in ("x.jsonl", "y.jsonl")}))
