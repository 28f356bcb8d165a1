from __future__ import annotations

import pytest

from framework.cli.outputs import feeds_of
from framework.exceptions import UsageError
from framework.settings import Settings


@pytest.mark.parametrize(
    ("output", "uri", "format_name"),
    [
        ("items.json", "items.json", "json"),
        ("items.JSONL", "items.JSONL", "jsonl"),
        ("items:csv", "items:csv".removesuffix(":csv"), "csv"),
        ("a:xml", "a", "xml"),
        (r"C:\items.json", r"C:\items.json", "json"),
        ("file:///tmp/items.csv", "file:///tmp/items.csv", "csv"),
        ("file:///tmp/items:json", "file:///tmp/items", "json"),
        ("out/%(time)s.jl", "out/%(time)s.jl", "jl"),
        ("-", "stdout:", "jsonl"),
        ("-:json", "stdout:", "json"),
        ("stdout:", "stdout:", "jsonl"),
        ("stdout:csv", "stdout:", "csv"),
    ],
)
def test_an_output_is_a_file_and_a_format(output, uri, format_name):
    assert feeds_of([output], [], Settings()) == {uri: {"format": format_name, "overwrite": False}}


@pytest.mark.parametrize(
    ("output", "uri", "format_name", "plugin"),
    [
        ("items.jsonl.gz", "items.jsonl.gz", "jsonl", "GzipPlugin"),
        ("items.csv.BZ2", "items.csv.BZ2", "csv", "Bz2Plugin"),
        ("items.xz:xml", "items.xz", "xml", "LZMAPlugin"),
        ("file:///tmp/%(time)s.json.gz", "file:///tmp/%(time)s.json.gz", "json", "GzipPlugin"),
    ],
)
def test_the_ending_of_a_compressed_file_compresses_it(output, uri, format_name, plugin):
    plugins = [f"framework.extensions.postprocessing.{plugin}"]

    assert feeds_of([output], [], Settings()) == {
        uri: {"format": format_name, "overwrite": False, "postprocessing": plugins}
    }


def test_a_format_of_the_users_own_wins_over_compression():
    settings = Settings({"FEED_EXPORTERS": {"gz": "mine.Exporter"}})

    assert feeds_of(["items.gz"], [], settings) == {"items.gz": {"format": "gz", "overwrite": False}}


def test_the_upper_case_option_overwrites():
    feeds = feeds_of(["a.json"], ["b.json"], Settings())

    assert {uri: feed["overwrite"] for uri, feed in feeds.items()} == {"a.json": False, "b.json": True}


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["items.jsno"], "-o items.jsno: there is no format 'jsno'; did you mean 'json'?"),
        (["items.parquet"], "there is no format 'parquet'; write FILE:FORMAT with one of csv,"),
        (["items"], "the file's name has no ending; write FILE:FORMAT"),
        (["items.gz"], "the file's name has no ending; write FILE:FORMAT"),
        (["a.json", "./a.json"], "named twice"),
        (["-", "-:json"], "named twice"),
    ],
)
def test_an_output_that_cannot_be_is_refused(outputs, said):
    with pytest.raises(UsageError) as caught:
        feeds_of(outputs, [], Settings())

    assert said in str(caught.value)


def test_formats_of_the_users_own_count_and_those_switched_off_do_not():
    settings = Settings({"FEED_EXPORTERS": {"geo-json": "mine.GeoExporter", "xml": None}})

    assert feeds_of(["map:geo-json"], [], settings)["map"]["format"] == "geo-json"
    with pytest.raises(UsageError):
        feeds_of(["items.xml"], [], settings)
