"""The queue of documents, and how a batch is split."""

from __future__ import annotations

import contextlib
import datetime
import io
import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from framework.pipelines.mongo.batches import Batches, waves
from framework.pipelines.mongo.entry import Entry


def entry(key: Any = 1, *, checkpoint: int = 1, collection: str = "books", size: int = 10) -> Entry:
    return Entry(checkpoint, collection, {"_id": key}, b"x" * size, None, 7, 0)


def test_documents_leave_in_the_order_they_came() -> None:
    batches = Batches(3)
    for n in range(5):
        batches.add(entry(n, checkpoint=1 + n // 4))

    assert batches.is_full
    assert [e.filter["_id"] for e in batches.head()] == [0, 1, 2]
    batches.remove(3)
    assert not batches.is_full
    assert [e.filter["_id"] for e in batches.head()] == [3, 4]
    assert (batches.checkpoint, len(batches), batches.size_bytes) == (1, 2, 20)
    batches.remove(2)
    assert (batches.checkpoint, len(batches), batches.size_bytes) == (None, 0, 0)


def test_a_batch_ends_before_it_is_too_many_bytes() -> None:
    batches = Batches(100)
    for n in range(3):
        batches.add(entry(n, size=5_000_000))

    assert batches.is_full
    assert len(batches.head()) == 1


def test_a_single_document_is_a_batch_whatever_its_size() -> None:
    batches = Batches(100)
    batches.add(entry(size=15_000_000))

    assert len(batches.head()) == 1


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=30))
def test_waves_keep_the_order_of_each_key_and_lose_nothing(marks: list[tuple[str, int]]) -> None:
    batch = [entry(key, collection=collection) for collection, key in marks]

    parts = waves(batch)

    for collection, entries in parts:
        keys = [e.filter["_id"] for e in entries]
        assert len(set(keys)) == len(keys)
        assert {e.collection for e in entries} <= {collection}
    sent = [e for _, entries in parts for e in entries]
    assert len(sent) == len(batch)
    for mark in set(marks):
        mine = [e for e in batch if (e.collection, e.filter["_id"]) == mark]
        assert [e for e in sent if (e.collection, e.filter["_id"]) == mark] == mine


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_documents_that_memory_has_no_room_for_come_back_in_their_order(steps: list[tuple[int, bool]]) -> None:
    batches = Batches(3, memory_bytes=200)
    with contextlib.closing(batches):
        added = sent = 0
        found_at = datetime.datetime(2026, 1, 2)
        for checkpoint, (count, is_sent) in enumerate(steps):
            for _ in range(count):
                body = bytes([added % 256]) * 70
                batches.add(Entry(checkpoint, "books", {"_id": added}, body, found_at, -added, 3))
                added += 1
            for entry in batches.head() if is_sent else ():
                assert (entry.filter, entry.body) == ({"_id": sent}, bytes([sent % 256]) * 70)
                assert (entry.identity, entry.position, entry.found_at) == (-sent, 3, found_at)
                assert batches.checkpoint == entry.checkpoint
                batches.remove(1)
                sent += 1
            assert len(batches) == added - sent
            assert batches.size_bytes <= 200 + 70
    assert not batches
    assert batches.checkpoint is None


def test_a_full_disk_keeps_documents_in_memory_and_in_their_order() -> None:
    batches = Batches(3, memory_bytes=20)
    for n in range(4):
        batches.add(entry(n, checkpoint=n))

    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            return 0

    file = batches._spool._file
    assert file is not None
    batches._spool._file = Full(os.dup(file.fileno()), "r+b")
    file.close()
    for n in range(4, 9):
        batches.add(entry(n, checkpoint=n))

    found = []
    while batches:
        assert batches.checkpoint == len(found)
        found.append(batches.head()[0].filter["_id"])
        batches.remove(1)

    assert found == list(range(9))


def test_things_say_what_they_are() -> None:
    assert "books" in repr(entry())
    assert repr(Batches(1)) == "<Batches: 0 documents, 0 bytes in memory>"
