from __future__ import annotations

from typing import Any

import pytest

from framework.feeds.options import Feed, feed_from
from framework.settings import Settings
from framework.settings.declared import FeedOptions

FORMATS = ["csv", "json", "jsonl", "jsonlines", "xml"]


def resolve(uri: str, rules: dict[str, Any], **settings: Any) -> tuple[Feed | None, list[str]]:
    problems: list[str] = []
    options = Settings({"FEEDS": {uri: rules}, **settings}).group(FeedOptions)
    return feed_from(uri, options.feeds[uri], options, FORMATS, problems), problems


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("a.jsonl", "jsonlines"),
        ("a.JL", "jsonlines"),
        ("a.ndjson", "jsonlines"),
        ("a.json", "json"),
        ("dir.d/a.csv", "csv"),
        ("file:///a.xml", "xml"),
        ("-", "jsonlines"),
        ("stdout:", "jsonlines"),
    ],
)
def test_the_format_is_told_by_the_extension(uri: str, name: str) -> None:
    feed, problems = resolve(uri, {})

    assert not problems
    assert feed is not None
    assert feed.format == name


def test_the_format_given_wins_over_the_extension() -> None:
    feed, _ = resolve("a.json", {"format": "csv"})

    assert feed is not None
    assert feed.format == "csv"


@pytest.mark.parametrize(
    ("uri", "rules", "message"),
    [
        ("a.txt", {}, "FEEDS['a.txt'] needs a format: the extension '.txt' is no known format; give the entry"),
        ("a", {}, "FEEDS['a'] needs a format: the name has no extension; give the entry a 'format', or write -o a:"),
        ("a", {"format": "jsom"}, "FEEDS['a']: there is no format 'jsom'; did you mean 'json'? (known formats: csv,"),
        ("a", {"format": "qqq"}, "FEEDS['a']: there is no format 'qqq' (known formats: csv, json, jsonl, jsonlines"),
    ],
)
def test_an_unknown_format_is_told_with_the_known_ones(uri: str, rules: dict[str, Any], message: str) -> None:
    feed, problems = resolve(uri, rules)

    assert feed is None
    assert problems[0].startswith(message)


def test_the_general_settings_stand_for_what_an_entry_leaves_out() -> None:
    feed, _ = resolve(
        "a.json",
        {},
        FEED_EXPORT_FIELDS=["x"],
        FEED_EXPORT_ENCODING="latin-1",
        FEED_EXPORT_INDENT=4,
        FEED_STORE_EMPTY=False,
        FEED_URI_PARAMS="a.b",
    )

    assert feed is not None
    assert (tuple(feed.fields or ()), feed.encoding, feed.indent) == (("x",), "latin-1", 4)
    assert (feed.store_empty, feed.uri_params, feed.overwrite) == (False, "a.b", False)


def test_an_entry_wins_over_the_general_settings() -> None:
    rules = {"fields": {"x": "X"}, "encoding": "utf-8", "indent": 0, "store_empty": True, "overwrite": True}

    feed, _ = resolve("a.json", rules, FEED_EXPORT_FIELDS=["y"], FEED_EXPORT_INDENT=4, FEED_STORE_EMPTY=False)

    assert feed is not None
    assert feed.as_dict() == {
        "format": "json",
        "fields": {"x": "X"},
        "item_classes": (),
        "item_filter": None,
        "encoding": "utf-8",
        "indent": 0,
        "overwrite": True,
        "store_empty": True,
        "uri_params": None,
        "item_export_kwargs": {},
        "batch_item_count": 0,
        "postprocessing": (),
    }
