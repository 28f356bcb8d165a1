from __future__ import annotations

import os

import pytest

from framework.jobs import Key, Output, feed_outputs, mongo_outputs, stored_arguments, without_secrets
from framework.pipelines.mongo import MongoPipeline
from framework.settings import Settings


def outputs(feeds, spider="books", **arguments):
    return feed_outputs(Settings({"FEEDS": feeds}), spider, arguments)


@pytest.mark.parametrize("uri", ["items.jsonl", "./items.jsonl", "sub/../items.jsonl", "file://{here}/items.jsonl"])
def test_one_file_is_one_place_however_it_is_written(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)

    found = outputs({uri.format(here=tmp_path): {"overwrite": True}})

    place = os.path.realpath(tmp_path / "items.jsonl")
    assert list(found) == [place]
    assert found[place].file == place
    assert (found[place].format, found[place].overwrite) == ("jsonlines", True)


def test_a_link_is_the_file_that_it_leads_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real.csv").touch()
    (tmp_path / "link.csv").symlink_to("real.csv")

    assert outputs({"link.csv": {}}).keys() == outputs({"real.csv": {}}).keys()


@pytest.mark.parametrize("uri", ["stdout:", "/dev/null", "s3://bucket/items.jsonl"])
def test_what_is_no_file_may_be_written_by_many_jobs(uri):
    (output,) = outputs({uri: {"format": "jsonlines"}}).values()

    assert output.file == ""


def test_passwords_of_uris_are_not_kept():
    found = outputs({"ftp://ann:secret@host/items.jsonl": {}})

    assert "secret" not in repr(found)


def test_entries_that_are_wrong_are_left_to_who_opens_them():
    assert outputs({"items.xyz": {}}) == {}


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        (("a/%(name)s.csv", "books"), ("a/%(name)s.csv", "books"), True),
        (("a/%(name)s.csv", "books"), ("a/%(name)s.csv", "poems"), False),
        (("a/%(name)s.csv", "books"), ("a/books.csv", "poems"), True),
        (("%(batch_id)d.csv", "books"), ("%(batch_id)d.csv", "poems"), True),
        (("%(time)s.csv", "books"), ("%(time)s.csv", "books"), False),
        (("%(batch_time)s.csv", "books"), ("%(batch_time)s.csv", "books"), False),
        (("%(shelf)s.csv", "books"), ("%(shelf)s.csv", "books"), True),
        (("%(shelf)s.csv", "books"), ("%(shelf)s.csv", "poems"), False),
    ],
)
def test_placeholders_tell_whether_two_jobs_write_one_file(one, other, is_shared):
    first, second = (Key(spider, outputs=outputs({uri: {}}, spider)).files().keys() for uri, spider in (one, other))

    assert bool(first & second) is is_shared


def test_an_argument_fills_its_placeholder():
    (output,) = outputs({"%(category)s.csv": {}}, category="poetry").values()

    assert output.file == os.path.realpath("poetry.csv")


@pytest.mark.parametrize("uri", ["%(token)s.csv", "%(other)s.csv", "%(feed)s.csv"])
def test_secret_arguments_are_not_kept_with_an_output(uri):
    secrets = {"token": "sesame", "feed": "https://ann:sesame@host/"}

    (output,) = outputs({uri: {}}, shelf="poetry", **secrets).values()

    assert "sesame" not in repr(output)


def test_what_a_function_puts_into_the_name_depends_on_the_spider():
    feeds = {"items.csv": {"uri_params": "os.path.join"}}

    assert outputs(feeds, "books") != outputs(feeds, "poems")


def test_secrets_are_not_in_the_key_and_other_arguments_are_texts():
    assert stored_arguments({"category": "poetry", "pages": 3, "api_key": "s3cret"}) == {
        "category": "poetry",
        "pages": "3",
        "api_key": "***",
    }


def test_secret_settings_are_told_from_the_others():
    pairs = ["LOG_LEVEL=INFO", "SHOP_API_KEY=abc", "MONGO_URI=mongodb://ann:secret@host/", "SHOP_TOKEN="]

    assert without_secrets(pairs) == (["LOG_LEVEL=INFO", "SHOP_TOKEN="], ["SHOP_API_KEY", "MONGO_URI"])


def test_a_sink_that_is_no_feed_has_a_place_of_its_own():
    key = Key("books", outputs={"mongodb://host/shop.books": Output("mongodb://host/shop.books")})

    assert key.files() == {}
    assert list(key.stored_outputs) == ["mongodb://host/shop.books"]


class OwnPipeline(MongoPipeline):
    """The user's own kind of ours, under a name of its own."""


@pytest.mark.parametrize(
    ("pipeline", "is_output"),
    [
        ("framework.pipelines.mongo.MongoPipeline", True),
        (OwnPipeline, True),
        ("collections.Counter", False),
        ("nowhere.MongoPipeline", False),
    ],
)
def test_a_database_is_an_output_where_a_pipeline_writes_to_it(pipeline, is_output):
    settings = Settings({"MONGO_URI": "mongodb://ann:pw@db/", "MONGO_DATABASE": "x", "ITEM_PIPELINES": {pipeline: 1}})

    found = mongo_outputs(settings)

    assert list(found) == (["mongodb"] if is_output else [])
    assert "pw" not in str(found)
