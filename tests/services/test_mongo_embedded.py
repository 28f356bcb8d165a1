"""The embedded server: started with the crawl, ended with it however it ends, and what it acknowledged is kept."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from framework.exceptions import ExportError
from framework.pipelines.mongo.embedded import EmbeddedServer, end_leftover, is_server
from framework.pipelines.mongo.server import durable_handler, serve, watch_end

_PATIENCE_S = 15.0


async def checkpoint(sink: Any) -> dict[str, Any]:
    cut: dict[str, Any] = sink.seal()
    await sink.write(cut)
    return cut


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def wait_until_gone(pid: int) -> bool:
    give_up_at = time.monotonic() + _PATIENCE_S
    while is_alive(pid) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return not is_alive(pid)


def test_the_server_lives_in_the_job_folder_and_ends_with_the_crawl(
    run_real: Any, make: Any, crawler: Any, documents: Any
) -> None:
    async def crawl() -> tuple[list[Any], int]:
        sink = make("embedded")
        await sink.open(None)
        sink.hand(1, [(0, {"price": Decimal("1.10"), "nan": float("nan")}), (1, {"price": Decimal("1.10")})])
        await checkpoint(sink)
        found = documents(sink.uri)
        pid = int((crawler.job.folder / "mongo" / "pid").read_text())
        await sink.close()
        return found, pid

    found, pid = run_real(crawl())

    assert [document["price"] for document in found] == ["1.10"]
    assert not is_alive(pid)
    files = crawler.job.folder / "mongo"
    assert not (files / "pid").exists()
    assert (files / "data.sqlite").stat().st_mode & 0o077 == 0
    assert "nan" in (crawler.job.folder / "dead-letters.jsonl").read_text()


@pytest.mark.timeout(120)
def test_a_server_that_dies_is_started_again_and_gets_every_document_once(
    run_real: Any, make: Any, documents: Any, crawler: Any
) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)

    async def crawl() -> list[Any]:
        sink = make("embedded", batch_size=20)
        await sink.open(None)
        number = 0
        for _ in range(10):
            for _ in range(40):
                sink.hand(number, [(0, {"n": number, "at": when})])
                number += 1
            await asyncio.sleep(0.01)
            os.kill(int((crawler.job.folder / "mongo" / "pid").read_text()), signal.SIGKILL)
            sink.hand(number, [(0, {"n": number, "at": when})])
            number += 1
            await checkpoint(sink)
        found: list[Any] = documents(sink.uri)
        await sink.close()
        return found

    found = run_real(crawl())

    assert sorted(document["n"] for document in found) == list(range(410))
    assert {document["at"] for document in found} == {when}
    assert all(isinstance(document["last_seen"], datetime.datetime) for document in found)


def test_a_refused_document_is_found_in_the_embedded_server_too(run_real: Any, make: Any, documents: Any) -> None:
    async def crawl() -> int:
        sink = make("embedded", indexes=({"keys": ["code"], "unique": True},))
        await sink.open(None)
        sink.hand(1, [(n, {"code": 17 if n == 31 else n}) for n in range(45)])
        await checkpoint(sink)
        assert sink.dead_letters.count == 1
        stored = len(documents(sink.uri))
        await sink.close()
        return stored

    assert run_real(crawl()) == 44


_CRAWL = """
import asyncio, sys
from pathlib import Path
from framework.pipelines.mongo.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def start_crawl(folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", _CRAWL, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def test_no_server_outlives_a_crawl_that_is_killed(tmp_path: Path) -> None:
    process, pid = start_crawl(tmp_path / "mongo")
    assert is_server(pid, tmp_path / "mongo")

    kill(process)

    assert wait_until_gone(pid)
    assert not (tmp_path / "mongo" / "pid").exists()


def test_a_server_that_hangs_when_its_crawl_dies_is_ended_by_the_next_one(run_real: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mongo"
    process, pid = start_crawl(folder)
    os.kill(pid, signal.SIGSTOP)
    kill(process)
    assert is_alive(pid)

    async def crawl() -> None:
        server = EmbeddedServer(folder)
        await server.start()
        await server.stop()

    run_real(crawl())

    assert wait_until_gone(pid)


def test_another_process_with_the_number_in_the_pid_file_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (tmp_path / "pid").write_text(str(other.pid))

    assert not end_leftover(tmp_path)

    assert other.poll() is None
    other.kill()
    other.wait()
    assert not (tmp_path / "pid").exists()


def test_two_crawls_do_not_share_one_embedded_server(run_real: Any, tmp_path: Path) -> None:
    async def crawl() -> None:
        first, second = EmbeddedServer(tmp_path), EmbeddedServer(tmp_path)
        await first.start()
        with pytest.raises(ExportError, match="another crawl uses the embedded MongoDB"):
            await second.start()
        await first.stop()

    run_real(crawl())


def test_a_damaged_database_is_told_by_name(run_real: Any, tmp_path: Path) -> None:
    (tmp_path / "data.sqlite").write_bytes(b"this is no database at all, and long enough to be looked at" * 20)

    async def crawl() -> None:
        await EmbeddedServer(tmp_path).start()

    with pytest.raises(ExportError, match=r"does not start: .*not a database.*log"):
        run_real(crawl())


def test_a_folder_that_cannot_be_made_is_told_by_name(run_real: Any, tmp_path: Path) -> None:
    (tmp_path / "mongo").write_text("a file")

    async def crawl() -> None:
        await EmbeddedServer(tmp_path / "mongo").start()

    with pytest.raises(ExportError, match="cannot be used"):
        run_real(crawl())


def test_writes_are_synced_before_they_are_acknowledged(tmp_path: Path) -> None:
    handler = durable_handler(tmp_path / "data.sqlite")
    try:
        assert handler.conn.db.execute("PRAGMA synchronous").fetchone() == (2,)
        update = {"q": {"_id": "a"}, "u": {"$set": {"n": 1}}, "upsert": True}
        broken = {"q": {"_id": "b"}, "u": {"$set": {"n": float("nan")}}, "upsert": True}
        body = {"update": "books", "$db": "x", "updates": [update, broken]}
        assert handler.handle_command({"request_id": 1, "sections": [("body", body)]})[1]["code"] == 2
        with contextlib.closing(sqlite3.connect(tmp_path / "data.sqlite")) as reader:
            assert reader.execute("SELECT count(*) FROM books").fetchone() == (0,)  # all or nothing
            body = {"update": "books", "$db": "x", "updates": [update]}
            assert handler.handle_command({"request_id": 2, "sections": [("body", body)]})[1]["ok"] == 1
            assert reader.execute("SELECT count(*) FROM books").fetchone() == (1,)
    finally:
        handler.conn.close()


def test_the_server_answers_like_mongodb_and_keeps_types(run_real: Any, tmp_path: Path) -> None:
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)

    async def crawl() -> None:
        told: list[dict[str, Any]] = []
        stopped = asyncio.Event()
        serving = asyncio.create_task(serve(tmp_path, 0, told.append, stopped))
        while not told:  # noqa: ASYNC110 - it has no event for us
            await asyncio.sleep(0.01)
        assert (tmp_path / "pid").read_text() == f"{os.getpid()}\n"
        async with pymongo.AsyncMongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{told[0]['port']}/") as client:
            books = client["fwk"]["books"]
            await books.insert_one({"_id": "a", "n": 1})
            await books.update_one({"_id": "a"}, {"$set": {"at": when}})
            await books.create_index("n", unique=True)
            assert await books.find_one({"_id": "a"}) == {"_id": "a", "n": 1, "at": when}
            with pytest.raises(OperationFailure) as duplicate:
                await books.update_one({"_id": "b"}, {"$set": {"n": 1}}, upsert=True)
            assert duplicate.value.code == 11000
            with pytest.raises(OperationFailure) as unknown:
                await client.fwk.command("find", 5)
            assert unknown.value.code == 2
            assert (await books.delete_many({"n": {"$gt": 0}})).deleted_count == 1
        stopped.set()
        await serving
        assert not (tmp_path / "pid").exists()

    run_real(crawl())


@pytest.mark.parametrize(
    ("words", "code"),
    [("database or disk is full", 14031), ("disk I/O error", 8), ("malformed JSON", 2), ("UNIQUE constraint", 11000)],
)
def test_the_servers_own_trouble_is_told_from_a_documents(tmp_path: Path, words: str, code: int) -> None:
    handler = durable_handler(tmp_path / "data.sqlite")
    kind = sqlite3.IntegrityError if code == 11000 else sqlite3.OperationalError

    def broken(*_: Any, **__: Any) -> Any:
        raise kind(words)

    handler.get_database = broken
    body = {"update": "books", "$db": "x", "updates": []}
    try:
        answer = handler.handle_command({"request_id": 1, "sections": [("body", body)]})[1]
    finally:
        handler.conn.close()

    assert (answer["ok"], answer["code"], answer["errmsg"]) == (0, code, words)


def test_the_end_of_a_pipe_is_noticed() -> None:
    reading, writing = os.pipe()
    noticed = threading.Event()
    watch_end(reading, noticed.set)

    os.write(writing, b"x")
    assert not noticed.wait(0.05)
    os.close(writing)

    assert noticed.wait(5)
    os.close(reading)
