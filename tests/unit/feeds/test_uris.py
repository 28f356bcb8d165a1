from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import SettingsError
from framework.feeds.uris import fill, path_of, placeholders, scheme_of, time_text

NOW = datetime.datetime(2026, 11, 21, 9, 30, 5, 123456, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


class Spider:
    name = "books"
    pages = 3
    _hidden = "x"

    def __init__(self) -> None:
        self.city = "Rome"

    @property
    def season(self) -> str:
        return "spring"


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [
        ("books.jsonl", "file"),
        ("/tmp/a:b.jsonl", "file"),
        ("file:///tmp/x.json", "file"),
        ("-", "stdout"),
        ("stdout:", "stdout"),
        ("S3://bucket/x", "s3"),
    ],
)
def test_the_scheme_is_told(uri: str, scheme: str) -> None:
    assert scheme_of(uri) == scheme


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("out/a b.json", "out/a b.json"),
        ("file:///tmp/a%20b.json", "/tmp/a b.json"),
        ("file://localhost/tmp/a.json", "/tmp/a.json"),
    ],
)
def test_the_path_is_told(uri: str, path: str) -> None:
    assert path_of(uri) == Path(path)


def test_a_file_on_another_machine_is_refused() -> None:
    with pytest.raises(SettingsError, match="names the host 'tmp'; write three slashes"):
        path_of("file://tmp/a.json")


def test_the_time_is_in_utc_and_fit_for_a_file_name() -> None:
    assert time_text(NOW) == "2026-11-21T08-30-05"


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("%(name)s-%(time)s.json", "books-2026-11-21T08-30-05.json"),
        ("%(city)s/%(pages)03d.csv", "Rome/003.csv"),
        ("%(season)s", "spring"),
        ("100%%.json", "100%.json"),
        ("file:///a%20b.json", "file:///a%20b.json"),
        ("plain", "plain"),
    ],
)
def test_placeholders_are_filled(template: str, uri: str) -> None:
    spider = Spider()

    assert fill(template, placeholders(spider, NOW), spider) == uri


def test_private_attributes_are_no_placeholders() -> None:
    assert set(placeholders(Spider(), NOW)) == {"name", "pages", "city", "time"}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("%(batch_id)s.json", r"nothing is called 'batch_id'; placeholders are %\(name\)s"),
        ("%(city)d.json", r"the placeholder %\(city\)d does not fit 'Rome' .*; use %\(city\)s"),
    ],
)
def test_a_placeholder_that_does_not_fit_is_named(template: str, message: str) -> None:
    values: dict[str, Any] = {"city": "Rome"}

    with pytest.raises(SettingsError, match=message):
        fill(template, values)
