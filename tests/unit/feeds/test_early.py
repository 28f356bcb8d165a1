"""Very many items of one visit: some are in the file before their checkpoint, and a crash cuts them off again."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.feeds import build_feeds

Feed = Callable[..., Any]
MANY = [(n, {"n": n, "text": "x" * 2000}) for n in range(5_500)]
FIRST, LAST = [(0, {"n": -1, "text": ""})], [(0, {"n": -2, "text": ""})]
MEMORY_BYTES = 8 << 20


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.xml", "a.jsonl.gz"])
def test_a_kill_after_they_were_written_leaves_what_was_committed(name: str, feed: Feed) -> None:
    async def reference() -> Path:
        sink = feed("reference/" + name)
        await sink.open(None)
        for items in [FIRST, *([item] for item in MANY), LAST]:
            sink.hand(1, items)
        await sink.close()
        return Path(sink.path)

    async def killed() -> Path:
        sink = feed(name, durable=True)
        await sink.open(None)
        sink.hand(1, FIRST)
        before = sink.seal()
        await sink.write(before)
        size = sink.path.stat().st_size
        sink.hand(2, MANY)
        assert sink.path.stat().st_size > size
        assert sink._batch.buffer.tell() + sink._writer.size_bytes < MEMORY_BYTES
        sink._writer.abort(sink._batch)  # the process dies

        sink = feed(name, durable=True)
        await sink.open(json.loads(json.dumps(before)))
        assert sink.path.stat().st_size == size
        sink.hand(2, MANY)
        after = sink.seal()
        await sink.write(after)
        sink.hand(3, LAST)
        sink._writer.abort(sink._batch)

        sink = feed(name, durable=True)
        await sink.open(json.loads(json.dumps(after)))
        sink.hand(3, LAST)
        await sink.close()
        assert sink.item_count == len(MANY) + 2
        return Path(sink.path)

    def content(path: Path) -> bytes:
        data = path.read_bytes()
        return gzip.decompress(data) if name.endswith("gz") else data

    assert content(asyncio.run(killed())) == content(asyncio.run(reference()))


def test_a_kill_before_the_first_checkpoint_leaves_nothing_of_them(tmp_path: Path, crawler: Callable[..., Any]) -> None:
    def made() -> Any:
        folder = tmp_path / "job"
        folder.mkdir(exist_ok=True)
        (sink,) = build_feeds(crawler({str(tmp_path / "a.jsonl"): {}}), durable=True, folder=folder)
        return sink

    async def scenario() -> None:
        sink = made()
        await sink.open(None)
        sink.hand(2, MANY)
        assert sink.path.stat().st_size
        sink._writer.abort(sink._batch)

        sink = made()
        await sink.open(None)
        assert not sink.path.exists() or not sink.path.stat().st_size
        sink.hand(2, MANY)
        await sink.close()
        assert len(sink.path.read_bytes().splitlines()) == len(MANY)

    asyncio.run(scenario())


def test_they_wait_in_memory_while_the_disk_is_full(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def scenario() -> None:
        sink = feed("a.jsonl")
        await sink.open(None)
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            sink.hand(2, MANY)
            with pytest.raises(ExportError, match="No space left"):
                await sink.write(sink.seal())
        await sink.close()
        assert len(sink.path.read_bytes().splitlines()) == len(MANY)

    asyncio.run(scenario())


def test_those_of_batches_are_in_files_of_their_own(tmp_path: Path, feed: Feed) -> None:
    async def scenario() -> None:
        sink = feed("%(batch_id)d.jsonl", batch_item_count=5000)
        await sink.open(None)
        sink.hand(2, MANY)
        await sink.write(sink.seal())
        await sink.close()

    asyncio.run(scenario())
    assert [len((tmp_path / f"{n}.jsonl").read_bytes().splitlines()) for n in (1, 2)] == [5000, 500]


def test_those_for_standard_output_wait_for_their_checkpoint(feed: Feed, crawler: Callable[..., Any]) -> None:
    written = []

    class Storage:
        def __init__(self, uri: str, *, feed_options: Any = None) -> None:
            pass

        def open(self, spider: Any) -> Any:
            return Output()

        def store(self, file: Any) -> None:
            pass

    class Output:
        def write(self, data: bytes) -> int:
            written.append(len(data))
            return len(data)

        def flush(self) -> None:
            pass

    (sink,) = build_feeds(crawler({"odd://x": {"format": "jsonl"}}, FEED_STORAGES={"odd": Storage}))

    async def scenario() -> None:
        await sink.open(None)
        sink.hand(2, MANY)
        assert not written
        await sink.write(sink.seal())
        assert sum(written) > MEMORY_BYTES
        await sink.close()

    asyncio.run(scenario())
