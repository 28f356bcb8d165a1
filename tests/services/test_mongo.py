"""The MongoDB sink against servers over TCP: what is handed over is there, once, whatever happens to the server."""

from __future__ import annotations

import asyncio
import datetime
import json
from dataclasses import dataclass
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.item import Field, Item


async def checkpoint(sink: Any) -> dict[str, Any]:
    """Make what was handed over durable, as the engine does; return the cut."""
    cut: dict[str, Any] = sink.seal()
    await sink.write(cut)
    return cut


def letters_of(sink: Any) -> list[dict[str, Any]]:
    path = sink.dead_letters.path
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_each_item_is_a_document_with_its_job_checkpoint_and_times(
    run_real: Any, make: Any, server_uri: str, documents: Any
) -> None:
    @dataclass
    class Author:
        name: str

    class Book(Item):
        title = Field()
        author = Field()
        tags = Field()
        on = Field()

    async def crawl() -> None:
        sink = make(server_uri)
        await sink.open(None)
        book = Book(title="Emma", author=Author("Jane"), tags={"b", "a"}, on=datetime.date(1815, 12, 23))
        sink.hand(7, [(0, book), (2, {"title": "Persuasion", "pages": (249, None)})])
        await checkpoint(sink)
        sink.hand(8, [(0, {"title": "Sanditon"})])
        await checkpoint(sink)
        await sink.close()

    before = datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
    run_real(crawl())

    found = {document["title"]: document for document in documents(server_uri)}
    assert found["Emma"]["author"] == {"name": "Jane"}
    assert found["Emma"]["tags"] == ["a", "b"]
    assert found["Emma"]["on"] == datetime.datetime(1815, 12, 23)
    assert found["Persuasion"]["pages"] == [249, None]
    assert [found[title]["_checkpoint"] for title in ("Emma", "Persuasion", "Sanditon")] == [1, 1, 2]
    assert len({document["_job"] for document in found.values()}) == 1
    assert all(document["first_seen"] == document["last_seen"] >= before for document in found.values())


def test_a_resumed_job_removes_what_was_sent_and_not_committed(
    run_real: Any, make: Any, server_uri: str, documents: Any, crawler: Any
) -> None:
    async def crawl() -> None:
        sink = make(server_uri)
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1})])
        cut = await checkpoint(sink)
        sink.hand(2, [(0, {"n": 2, "try": "first"}), (1, {"n": 3, "try": "first"})])
        await checkpoint(sink)  # written, but its transaction never comes: the process dies here
        await sink.close()
        again = make(server_uri)
        await again.open(cut)
        again.hand(2, [(0, {"n": 2, "try": "second"})])
        await checkpoint(again)
        await again.close()

    run_real(crawl())

    found = sorted((doc["n"], doc.get("try"), doc["_checkpoint"]) for doc in documents(server_uri))
    assert found == [(1, None, 1), (2, "second", 2)]
    assert crawler.stats.get_value("mongodb/removed") == 2


def test_a_job_that_died_before_its_first_checkpoint_leaves_nothing_behind(
    run_real: Any, make: Any, server_uri: str, documents: Any
) -> None:
    async def crawl() -> None:
        sink = make(server_uri)
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1}), (1, {"n": 2}), (2, {"bad": object()})])
        await checkpoint(sink)
        await sink.close()
        again = make(server_uri)
        await again.open(None)
        again.hand(1, [(0, {"n": 1}), (2, {"bad": object()})])
        await checkpoint(again)
        assert len(letters_of(again)) == 1
        await again.close()

    run_real(crawl())

    assert [doc["n"] for doc in documents(server_uri)] == [1]


def test_a_new_job_in_the_same_folder_leaves_the_documents_of_the_old_one(
    run_real: Any, make: Any, server_uri: str, documents: Any
) -> None:
    async def crawl() -> None:
        for n in (1, 2):
            sink = make(server_uri)
            await sink.open(None)
            sink.hand(1, [(0, {"n": n})])
            await checkpoint(sink)
            await checkpoint(sink)
            await sink.close()

    run_real(crawl())

    assert sorted(doc["n"] for doc in documents(server_uri)) == [1, 2]


def test_items_with_the_same_key_are_one_document_and_the_last_one_wins(
    run_real: Any, make: Any, server_uri: str, documents: Any
) -> None:
    async def crawl() -> None:
        sink = make(server_uri, key=["isbn"], first_seen_field="found_at", last_seen_field="seen_at")
        await sink.open(None)
        sink.hand(1, [(n, {"isbn": n % 5, "price": n}) for n in range(20)])
        sink.hand(2, [(0, {"isbn": None, "price": 1}), (1, {"price": 2})])
        await checkpoint(sink)
        await asyncio.sleep(0.01)
        sink.hand(3, [(0, {"isbn": 0, "stock": 3})])
        await checkpoint(sink)
        assert [letter["item"]["price"] for letter in letters_of(sink)] == [1, 2]
        assert "isbn" in letters_of(sink)[0]["reason"]
        await sink.close()

    run_real(crawl())

    found = {document["isbn"]: document for document in documents(server_uri)}
    assert {isbn: document["price"] for isbn, document in found.items()} == {0: 15, 1: 16, 2: 17, 3: 18, 4: 19}
    assert found[0]["stock"] == 3
    assert str(found[0]["found_at"]) < str(found[0]["seen_at"])  # nx-27017 makes a text of a time that is updated


def test_documents_of_a_users_key_stay_when_a_job_is_resumed(
    run_real: Any, make: Any, server_uri: str, documents: Any
) -> None:
    async def crawl() -> None:
        sink = make(server_uri, key=["_id"])
        await sink.open(None)
        sink.hand(1, [(0, {"_id": "a", "n": 1})])
        cut = await checkpoint(sink)
        sink.hand(2, [(0, {"_id": "a", "n": 2})])
        await checkpoint(sink)
        await sink.close()
        again = make(server_uri, key=["_id"])
        await again.open(cut)
        await again.close()

    run_real(crawl())

    assert [(doc["_id"], doc["n"]) for doc in documents(server_uri)] == [("a", 2)]


def test_one_collection_for_each_item_class(
    run_real: Any, make: Any, server_uri: str, documents: Any, crawler: Any
) -> None:
    @dataclass
    class Book:
        title: str

    async def crawl() -> None:
        options = {"collection": "%(spider)s_%(item_class)s", "indexes": ("title",)}
        sink = make(server_uri, **options)
        await sink.open(None)
        sink.hand(1, [(0, Book("Emma")), (1, {"plain": True})])
        cut = await checkpoint(sink)
        sink.hand(2, [(0, Book("Sanditon"))])
        await checkpoint(sink)
        await sink.close()
        again = make(server_uri, **options)
        await again.open(cut)
        await again.close()

    run_real(crawl())

    assert [doc["title"] for doc in documents(server_uri, "books_Book")] == ["Emma"]
    assert len(documents(server_uri, "books_dict")) == 1


def test_a_refused_document_is_found_and_the_others_are_stored(
    run_real: Any, make: Any, server_uri: str, documents: Any, crawler: Any
) -> None:
    async def crawl() -> Any:
        sink = make(server_uri, indexes=({"keys": "code", "unique": True},))
        await sink.open(None)
        sink.hand(1, [(n, {"code": 17 if n == 31 else n}) for n in range(45)])
        cut = await checkpoint(sink)
        letters = letters_of(sink)
        await sink.close()
        again = make(server_uri, indexes=({"keys": "code", "unique": True},))
        await again.open(cut)
        assert letters_of(again) == letters
        await again.close()
        return letters

    letters = run_real(crawl())

    # Which of the two is refused is the server's choice: a bulk has no order.
    assert [letter["item"] for letter in letters] == [{"code": 17}]
    assert letters[0]["position"] in (17, 31)
    assert len(documents(server_uri)) == 44
    assert crawler.stats.get_value("mongodb/dead_letters") == 1


def test_documents_are_sent_between_checkpoints_too(run_real: Any, make: Any, server_uri: str, documents: Any) -> None:
    async def crawl() -> int:
        sink = make(server_uri)
        await sink.open(None)
        sink.hand(1, [(0, {"n": 1})])
        give_up_at = asyncio.get_running_loop().time() + 5
        while not (found := documents(server_uri)) and asyncio.get_running_loop().time() < give_up_at:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await sink.close()
        return len(found)

    assert run_real(crawl()) == 1


@pytest.mark.timeout(120)
def test_a_server_that_is_killed_ten_times_gets_every_document_once(
    run_real: Any, make: Any, nx: Any, documents: Any, crawler: Any
) -> None:
    async def crawl() -> None:
        sink = make(nx.uri, batch_size=20)
        await sink.open(None)
        number = 0
        for kill in range(10):
            for _ in range(60):
                sink.hand(number, [(0, {"n": number}), (1, {"n": -number - 1})])
                number += 1
                if number % 20 == kill:
                    await asyncio.sleep(0.005)
            nx.kill()
            sink.hand(number, [(0, {"n": number}), (1, {"n": -number - 1})])
            number += 1
            writing = asyncio.ensure_future(checkpoint(sink))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(nx.start)
            await writing
        await checkpoint(sink)
        await sink.close()

    run_real(crawl())

    found = sorted(document["n"] for document in documents(nx.uri))
    assert found == list(range(-610, 610))
    assert crawler.stats.get_value("mongodb/retries") >= 1


def test_a_server_that_is_not_there_is_told_at_the_start(run_real: Any, make: Any, nx: Any) -> None:
    nx.kill()

    async def crawl() -> None:
        await make(nx.uri.replace("//", "//ann:hunter2@"), timeout_s=0.5).open(None)

    with pytest.raises(ExportError, match=r"does not let the crawl begin.*start it") as told:
        run_real(crawl())

    assert "hunter2" not in str(told.value)
    assert "***@127.0.0.1" in str(told.value)
