"""The pipeline before it connects: what it needs, what it takes, what it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framework.exceptions import ExportError, NotConfigured, PluginError, SettingsError
from framework.pipelines import PipelineChain
from framework.pipelines.mongo import MongoPipeline
from framework.pipelines.mongo.embedded import EmbeddedServer
from framework.protocols import FrontierView, Job, Sink
from framework.settings import Settings
from framework.settings.declared import MongoOptions
from framework.statscollectors import StatsCollector
from framework.telemetry.summary import summary


def crawler_with(job: Job | None = None, **settings: Any) -> Any:
    spider = SimpleNamespace(name="books")
    given = Settings({"MONGO_URI": "mongodb://ann:hunter2@127.0.0.1:1/", **settings})
    return SimpleNamespace(spider=spider, stats=StatsCollector(), engine=None, job=job, settings=given)


def pipeline_with(job: Job | None = None, **settings: Any) -> MongoPipeline:
    return MongoPipeline.from_crawler(crawler_with(job, **settings))


def letters_of(pipeline: MongoPipeline) -> list[str]:
    waiting = pipeline.dead_letters._waiting
    return [data.decode() for lines in waiting.values() for data in lines]


def test_without_an_address_it_is_left_out_and_says_how_to_switch_it_on() -> None:
    with pytest.raises(NotConfigured, match=r"MONGO_URI: an address such as .*'embedded'"):
        pipeline_with(MONGO_URI=None)


def test_it_is_a_sink_and_no_item_passes_through_it() -> None:
    pipeline = pipeline_with()
    chain = PipelineChain([pipeline], None)

    assert isinstance(pipeline, Sink)
    assert chain.sinks == (pipeline,)
    assert chain.is_empty


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(pipeline_with())
    assert "hunter2" in pipeline_with().uri


def test_wrong_settings_are_told_before_anything_is_opened() -> None:
    with pytest.raises(SettingsError, match="MONGO_INDEXES"):
        pipeline_with(MONGO_INDEXES=[5])
    with pytest.raises(SettingsError, match="MONGO_DATABASE"):
        pipeline_with(MONGO_DATABASE="a b")


def test_the_embedded_server_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(PluginError, match=r"pip install 'neosqlite\[nx27017\]'"):
        pipeline_with(MONGO_URI="embedded")


def test_files_are_in_the_job_folder_and_else_in_one_of_the_spiders(tmp_path: Path) -> None:
    in_job = pipeline_with(Job("books-1", "books", tmp_path), MONGO_URI="embedded")
    without = pipeline_with(Job("books-1", "books"), MONGO_URI="embedded")
    elsewhere = pipeline_with(MONGO_DEAD_LETTERS="x/%(spider)s.jsonl")

    assert in_job.dead_letters.path == tmp_path / "dead-letters.jsonl"
    assert without.dead_letters.path == Path(".fwk/mongo/books/dead-letters.jsonl")
    assert elsewhere.dead_letters.path == Path("x/books.jsonl")
    for pipeline, folder in ((in_job, tmp_path / "mongo"), (without, Path(".fwk/mongo/books").absolute())):
        server = pipeline._connection.server
        assert isinstance(server, EmbeddedServer)
        assert server.folder == folder


def test_each_checkpoint_has_its_number() -> None:
    pipeline = pipeline_with()

    cuts = [pipeline.seal(), pipeline.seal()]

    assert [cut["checkpoint"] for cut in cuts] == [1, 2]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"_job": 1}, "field name '_job' is taken"),
        ({"last_seen": 1}, "field name 'last_seen' is taken"),
        ({"_id": 1}, "set MONGO_KEY = "),
        ({"a": object()}, "a is of the type object"),
    ],
)
def test_an_item_that_cannot_be_a_document_is_a_dead_letter(item: Any, said: str) -> None:
    pipeline = pipeline_with()

    pipeline.hand(7, [(3, item), (4, {"fine": 1})])

    assert said in letters_of(pipeline)[0]
    assert '"identity":7,"position":3' in letters_of(pipeline)[0]
    assert "1 documents wait" in repr(pipeline)
    assert pipeline._crawler.stats.get_value("mongodb/dead_letters") == 1


def test_an_item_that_raises_when_it_is_read_is_a_dead_letter() -> None:
    class Broken(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise RuntimeError("no values today")

    pipeline = pipeline_with()

    pipeline.hand(7, [(0, Broken(a=1))])

    assert "RuntimeError while it was read: no values today" in letters_of(pipeline)[0]


def test_times_and_their_names_are_the_users_choice() -> None:
    pipeline = pipeline_with(MONGO_FIRST_SEEN_FIELD="", MONGO_LAST_SEEN_FIELD="")

    pipeline.hand(1, [(0, {"first_seen": 1, "last_seen": 2})])

    assert not letters_of(pipeline)


@pytest.mark.parametrize("uri", ["mongodb://127.0.0.1:1/", "embedded"])
def test_a_write_concern_that_is_none_is_a_mistake_in_the_settings(uri: str) -> None:
    with pytest.raises(SettingsError, match="MONGO_WRITE_CONCERN"):
        pipeline_with(MONGO_URI=uri, MONGO_WRITE_CONCERN={"w": -5, "wrong": 1})


def test_documents_beyond_memory_are_in_the_folder_of_the_job(tmp_path: Path) -> None:
    pipeline = pipeline_with(Job("books-1", "books", tmp_path))

    assert pipeline._batches._spool._folder == tmp_path


def test_a_defect_in_the_sending_is_told_by_the_next_write(run: Any) -> None:
    pipeline = pipeline_with()

    async def crawl() -> None:
        async def broken() -> None:
            raise KeyError("ours")

        pipeline.hand(1, [(0, {"n": 1})])
        pipeline._delivery = object()  # type: ignore[assignment]
        pipeline._task = asyncio.create_task(broken())
        await asyncio.wait([pipeline._task])
        with pytest.raises(ExportError, match="documents cannot be sent"):
            await pipeline.write(pipeline.seal())

    run(crawl())


def test_a_write_after_the_close_has_nothing_to_wait_for(run: Any) -> None:
    pipeline = pipeline_with()

    run(pipeline.write(pipeline.seal()))


def test_the_end_tells_the_summary_of_what_is_stored_and_what_is_not(run: Any, tmp_path: Path) -> None:
    pipeline = pipeline_with(MONGO_DEAD_LETTERS=str(tmp_path / "letters.jsonl"), MONGO_DATABASE="library")

    async def crawl() -> None:
        pipeline._task = asyncio.create_task(asyncio.sleep(0))
        pipeline._count("documents", 2)
        pipeline.hand(7, [(0, {"_id": 1})])
        await pipeline.close()

    run(crawl())

    text = summary(pipeline._crawler.stats.get_stats(), FrontierView(0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    place = f"MongoDB library.books (2 documents, 1 more item could not be written, see {tmp_path / 'letters.jsonl'})"
    assert place in text


def test_options_have_the_defaults_of_the_reference() -> None:
    options = Settings().group(MongoOptions)

    assert (options.uri, options.driver, options.key) == (None, "motor", {})
