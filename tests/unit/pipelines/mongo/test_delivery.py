"""Sending on a clock that costs nothing: when batches go, in which order, and how often."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure

from framework.pipelines.mongo.batches import Batches
from framework.pipelines.mongo.delivery import Delivery
from framework.pipelines.mongo.entry import Entry
from framework.pipelines.mongo.outage import Outage


class FakeDriver:
    """Notes what is sent and when; raises what its script says."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str, list[Any]]] = []
        self.script: list[Exception | None] = []
        self.refuses: Callable[[Any], bool] = lambda _: False

    async def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        keys = [entry.filter["_id"] for entry in entries]
        self.sent.append((asyncio.get_running_loop().time(), collection, keys))
        error = self.script.pop(0) if self.script else None
        if error is None and any(self.refuses(key) for key in keys):
            error = OperationFailure("one of them", 2)
        if error is not None:
            raise error


class Desk:
    """A delivery with a fake driver, and what came of it."""

    def __init__(self, size: int = 3, interval_s: float = 1.0) -> None:
        self.batches = Batches(size)
        self.driver = FakeDriver()
        self.refused: list[tuple[Any, str]] = []
        self.prepared: list[str] = []
        self.revived = 0
        self.counts: dict[str, int] = {}
        self.delivery = Delivery(
            self.batches,
            Outage("db", 5.0, 10.0),
            interval_s=interval_s,
            refuse=lambda entry, reason: self.refused.append((entry.filter["_id"], reason)),
            prepare=self.prepare,
            revive=self.revive,
            count=self.count,
        )
        self.delivery.driver = self.driver  # type: ignore[assignment]

    async def prepare(self, _driver: Any, collection: str) -> None:
        self.prepared.append(collection)

    async def revive(self) -> Any:
        self.revived += 1
        return self.driver

    def count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def add(self, *keys: Any, collection: str = "books") -> None:
        for key in keys:
            self.batches.add(Entry(1, collection, {"_id": key}, b"x", None, 1, 0))
        self.delivery.wake()

    async def run_for(self, seconds: float, *steps: tuple[float, Callable[[], None]]) -> None:
        task = asyncio.create_task(self.delivery.run())
        begun_at = asyncio.get_running_loop().time()
        for at, step in (*steps, (seconds, lambda: None)):
            await asyncio.sleep(at - (asyncio.get_running_loop().time() - begun_at))
            step()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is not None:
            raise task.exception()  # type: ignore[misc]


def test_a_full_batch_goes_at_once_and_the_rest_after_the_interval(run: Any) -> None:
    desk = Desk()

    run(desk.run_for(10.0, (1.0, lambda: desk.add(1, 2, 3, 4))))

    assert [keys for _, _, keys in desk.driver.sent] == [[1, 2, 3], [4]]
    times = [at for at, _, _ in desk.driver.sent]
    assert times[1] - times[0] == pytest.approx(1.0)
    assert desk.counts == {"documents": 4, "batches": 2}
    assert not desk.batches
    assert "Batches" in repr(desk.delivery)


def test_a_checkpoint_does_not_wait_for_a_full_batch(run: Any) -> None:
    desk = Desk(interval_s=100.0)

    run(desk.run_for(10.0, (1.0, lambda: desk.add(1)), (2.0, lambda: desk.delivery.wake(urgent=True))))

    assert [keys for _, _, keys in desk.driver.sent] == [[1]]


def test_each_collection_is_prepared_once(run: Any) -> None:
    desk = Desk()

    run(desk.run_for(10.0, (0.0, lambda: desk.add(1, 2)), (1.0, lambda: desk.add(1, collection="authors")),
                     (5.0, lambda: desk.add(3))))  # fmt: skip

    assert sorted(desk.prepared) == ["authors", "books"]


def test_a_batch_is_sent_again_until_the_server_is_back(run: Any) -> None:
    desk = Desk()
    desk.driver.script = [AutoReconnect("gone")] * 4

    run(desk.run_for(20.0, (0.0, lambda: desk.add(1, 2, 3))))

    assert [keys for _, _, keys in desk.driver.sent] == [[1, 2, 3]] * 5
    times = [at for at, _, _ in desk.driver.sent]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert desk.revived == 4
    assert desk.counts == {"retries": 4, "documents": 3, "batches": 1}


def test_a_refusal_without_an_index_is_found_by_halving(run: Any) -> None:
    desk = Desk(size=16)
    desk.driver.refuses = lambda key: key in (5, 11)

    run(desk.run_for(5.0, (0.0, lambda: desk.add(*range(16)))))

    assert [key for key, _ in desk.refused] == [5, 11]
    assert desk.counts["documents"] == 14
    assert not desk.batches


def test_what_is_refused_while_the_server_goes_away_is_refused_once(run: Any) -> None:
    desk = Desk()
    errors = [{"index": 0, "code": 121, "errmsg": "no"}, {"index": 1, "code": 11600, "errmsg": "shutdown"}]
    desk.driver.script = [BulkWriteError({"writeErrors": errors}), None]

    run(desk.run_for(5.0, (0.0, lambda: desk.add(1, 2, 3))))

    assert [keys for _, _, keys in desk.driver.sent] == [[1, 2, 3], [2, 3]]
    assert [key for key, _ in desk.refused] == [1]


def test_a_duplicate_is_tried_twice_and_then_refused(run: Any) -> None:
    desk = Desk()
    first = BulkWriteError({"writeErrors": [{"index": 1, "code": 11000, "errmsg": "E11000"}]})
    second = BulkWriteError({"writeErrors": [{"index": 0, "code": 11000, "errmsg": "E11000"}]})
    desk.driver.script = [first, second]

    run(desk.run_for(5.0, (0.0, lambda: desk.add(1, 2, 3))))

    assert [keys for _, _, keys in desk.driver.sent] == [[1, 2, 3], [2]]
    assert [key for key, _ in desk.refused] == [2]
    assert desk.counts["documents"] == 2


def test_a_defect_ends_the_sending(run: Any) -> None:
    desk = Desk()
    desk.driver.script = [KeyError("ours")]

    with pytest.raises(KeyError):
        run(desk.run_for(5.0, (0.0, lambda: desk.add(1))))

    assert len(desk.batches) == 1
