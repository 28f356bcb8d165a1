"""MongoDB's own errors, played by a scripted server: what is retried, what is refused, and what is told."""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.testing.mongo import FakeMongo, Fault


async def checkpoint(sink: Any) -> dict[str, Any]:
    cut: dict[str, Any] = sink.seal()
    await sink.write(cut)
    return cut


def letters_of(sink: Any) -> list[dict[str, Any]]:
    path = sink.dead_letters.path
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def numbers(mongo: FakeMongo) -> list[int]:
    return sorted(document["n"] for document in mongo.collections.get("books", {}).values())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(189, "primary steps down"),
        Fault(10107, "not the writable primary", is_applied=True),
        Fault(11600, "interrupted at shutdown"),
        Fault(91, "shutting down", is_applied=True),
        Fault(50, "took too long"),
        Fault(14031, "no space left"),
        Fault(13, "not allowed any more"),
        Fault(64, "waiting for replication timed out", is_concern=True),
        Fault(cut_after=0),
        Fault(cut_after=0, is_applied=True),
        Fault(cut_after=7, is_applied=True),
        Fault(cut_after=30, is_applied=True),
    ],
    ids=lambda fault: f"{fault.code or 'cut'}-{fault.is_applied}-{fault.cut_after}",
)
def test_what_may_pass_is_sent_again_and_stored_once(run_real: Any, make: Any, crawler: Any, fault: Fault) -> None:
    async def crawl() -> None:
        async with FakeMongo() as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            mongo.script.append(fault)
            sink.hand(1, [(n, {"n": n}) for n in range(10)])
            await checkpoint(sink)
            assert numbers(mongo) == list(range(10))
            assert not letters_of(sink)
            await sink.close()

    run_real(crawl())

    assert crawler.stats.get_value("mongodb/retries") == 1


@pytest.mark.parametrize(
    ("code", "words"), [(11000, "E11000 duplicate key"), (121, "validation"), (17280, "too large")]
)
def test_a_refused_document_is_a_dead_letter_and_its_neighbours_are_stored(
    run_real: Any, make: Any, code: int, words: str
) -> None:
    async def crawl() -> list[dict[str, Any]]:
        async with FakeMongo(refuse=lambda doc: (code, words) if doc["n"] % 4 == 3 else None) as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            sink.hand(5, [(n, {"n": n}) for n in range(10)])
            await checkpoint(sink)
            assert numbers(mongo) == [0, 1, 2, 4, 5, 6, 8, 9]
            await sink.close()
            return letters_of(sink)

    letters = run_real(crawl())

    assert [(letter["identity"], letter["position"], letter["item"]) for letter in letters] == [
        (5, 3, {"n": 3}),
        (5, 7, {"n": 7}),
    ]
    assert all(words in letter["reason"] and str(code) in letter["reason"] for letter in letters)


@pytest.mark.parametrize("code", [2, 10334, 9])
def test_a_bulk_that_is_refused_as_a_whole_is_halved_until_the_document_is_found(
    run_real: Any, make: Any, code: int
) -> None:
    class Whole(FakeMongo):
        def _update(self, command: dict[str, Any]) -> dict[str, Any]:
            if any(change["u"]["$set"].get("n") == 6 for change in command["updates"]):
                return {"ok": 0, "code": code, "errmsg": "one of them is wrong"}
            return super()._update(command)

    async def crawl() -> list[dict[str, Any]]:
        async with Whole() as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            sink.hand(1, [(n, {"n": n}) for n in range(20)])
            await checkpoint(sink)
            assert numbers(mongo) == [n for n in range(20) if n != 6]
            assert mongo.commands.count("update") < 12
            await sink.close()
            return letters_of(sink)

    letters = run_real(crawl())

    assert [letter["item"] for letter in letters] == [{"n": 6}]


def test_an_upsert_that_met_another_of_the_same_key_is_sent_once_more(run_real: Any, make: Any) -> None:
    refused: set[int] = set()

    def refuse(document: dict[str, Any]) -> tuple[int, str] | None:
        if document["n"] == 3 and 3 not in refused:
            refused.add(3)
            return 11000, "E11000 duplicate key"
        return None

    async def crawl() -> None:
        async with FakeMongo(refuse=refuse) as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            sink.hand(1, [(n, {"n": n}) for n in range(5)])
            await checkpoint(sink)
            assert numbers(mongo) == [0, 1, 2, 3, 4]
            assert not letters_of(sink)
            await sink.close()

    run_real(crawl())


def test_dead_letters_are_written_once_whatever_is_crawled_again(run_real: Any, make: Any) -> None:
    async def crawl() -> list[dict[str, Any]]:
        async with FakeMongo(refuse=lambda doc: (121, "no") if doc["n"] < 0 else None) as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            sink.hand(1, [(0, {"n": -1}), (1, {"n": 1})])
            cut = await checkpoint(sink)
            sink.hand(2, [(0, {"n": -2}), (1, {"odd": object()})])
            await checkpoint(sink)
            await sink.close()
            assert len(letters_of(sink)) == 3
            again = make(mongo.uri)
            await again.open(cut)
            again.hand(2, [(0, {"n": -2}), (1, {"odd": object()})])
            again.hand(3, [(0, {"n": -3})])
            await checkpoint(again)
            await again.close()
            return letters_of(again)

    letters = run_real(crawl())

    assert sorted((letter["identity"], letter["position"]) for letter in letters) == [(1, 0), (2, 0), (2, 1), (3, 0)]


def test_a_server_that_comes_back_gets_everything_and_the_pause_is_told(
    run_real: Any, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def crawl() -> None:
        mongo = FakeMongo()
        await mongo.open()
        sink = make(mongo.uri, pause_after_s=0.3, timeout_s=0.3)
        await sink.open(None)
        await mongo.close()
        for n in range(100):
            sink.hand(n, [(0, {"n": n})])
        writing = asyncio.ensure_future(checkpoint(sink))
        await asyncio.sleep(1.5)
        assert not writing.done()
        await mongo.open()
        await writing
        assert numbers(mongo) == list(range(100))
        await sink.close()
        await mongo.close()

    with caplog.at_level(logging.INFO):
        run_real(crawl())

    told = [record.getMessage() for record in caplog.records if record.name.startswith("framework.pipelines.mongo")]
    assert sum("trying again" in line for line in told) == 1
    assert any("The crawl is paused" in line and "100 documents wait" in line for line in told)
    assert any("is back" in line for line in told)


def test_a_crawl_that_is_stopped_at_once_does_not_wait_for_a_server_that_is_gone(
    run_real: Any, make: Any, crawler: Any
) -> None:
    async def crawl() -> None:
        mongo = FakeMongo()
        await mongo.open()
        crawler.engine = SimpleNamespace(is_cut_off=False)
        sink = make(mongo.uri, timeout_s=0.3)
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1})])
        cut = await checkpoint(sink)
        await mongo.close()
        sink.hand(2, [(0, {"n": 2})])
        writing = asyncio.ensure_future(checkpoint(sink))
        await asyncio.sleep(0.8)
        assert not writing.done()
        crawler.engine.is_cut_off = True
        with pytest.raises(ExportError, match="Nothing is lost"):
            await writing
        await sink.close()
        await mongo.open()
        again = make(mongo.uri)
        crawler.engine.is_cut_off = False
        await again.open(cut)
        again.hand(2, [(0, {"n": 2})])
        await checkpoint(again)
        assert numbers(mongo) == [1, 2]
        await again.close()
        await mongo.close()

    run_real(crawl())


def test_write_concern_and_indexes_reach_the_server(run_real: Any, make: Any) -> None:
    async def crawl() -> FakeMongo:
        async with FakeMongo() as mongo:
            indexes = ("title", {"keys": [["shop", 1], ["price", -1]], "unique": True, "name": "offers"})
            sink = make(mongo.uri, key=["isbn"], indexes=indexes)
            await sink.open(None)
            sink.hand(1, [(0, {"isbn": "1", "title": "Emma"})])
            await checkpoint(sink)
            await sink.close()
            return mongo

    mongo = run_real(crawl())

    assert mongo.concerns == [{"w": "majority", "j": True}]
    made = [(list(index["key"].items()), index.get("unique", False)) for index in mongo.indexes["books"]]
    assert made == [([("isbn", 1)], True), ([("title", 1)], False), ([("shop", 1), ("price", -1)], True)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(18, "Authentication failed.", command="ping"), "does not let the crawl begin.*check user and rights"),
        (
            Fault(85, "other options", command="createIndexes"),
            "the index .*_job.* of books cannot be made.*other",
        ),
        (Fault(189, "stepping down", command="createIndexes"), "makes no indexes"),
        (Fault(cut_after=3, command="createIndexes"), "makes no indexes"),
    ],
)
def test_a_server_that_does_not_let_us_begin_is_told_at_the_start(
    run_real: Any, make: Any, fault: Fault, said: str
) -> None:
    async def crawl() -> None:
        async with FakeMongo(script=type(FakeMongo().script)([fault])) as mongo:
            with pytest.raises(ExportError, match=said):
                await make(mongo.uri).open(None)

    run_real(crawl())


def test_an_index_of_a_later_collection_that_cannot_be_made_is_logged(
    run_real: Any, make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def crawl() -> None:
        async with FakeMongo() as mongo:
            sink = make(mongo.uri, collection="%(item_class)s", indexes=("title",))
            await sink.open(None)
            mongo.script.append(Fault(85, "other options", command="createIndexes"))
            sink.hand(1, [(0, {"n": 1})])
            await checkpoint(sink)
            assert len(mongo.collections["dict"]) == 1
            await sink.close()

    run_real(crawl())

    assert "other options" in caplog.text


def test_removing_that_fails_is_told_and_nothing_begins(run_real: Any, make: Any) -> None:
    async def crawl() -> None:
        async with FakeMongo() as mongo:
            sink = make(mongo.uri)
            await sink.open(None)
            cut = await checkpoint(sink)
            await sink.close()
            mongo.script.append(Fault(13, "not allowed", command="listCollections"))
            with pytest.raises(ExportError, match="does not remove the uncommitted documents"):
                await make(mongo.uri).open(cut)

    run_real(crawl())
