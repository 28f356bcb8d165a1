"""Items that are too many for memory come back as they were, in their order."""

from __future__ import annotations

import errno
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.engine.spool import ItemSpool

LIVE = object()


def entries(count: int = 5000) -> list[tuple[int, Any]]:
    """Give items of many kinds; now and then one that has no stored form."""
    kinds: list[Any] = [
        {"n": 1, "text": "x" * 300}, {"t": (1, {2, 3}), "d": Decimal("1.10")}, {}, {"live": LIVE},
        {"b": b"\xff" * 70_000},
    ]  # fmt: skip
    weights = [60, 30, 5, 4, 1]
    return [
        (n, next(kind for kind, upto in zip(kinds, _sums(weights), strict=True) if n % 100 < upto))
        for n in range(count)
    ]


def _sums(weights: list[int]) -> list[int]:
    return [sum(weights[: index + 1]) for index in range(len(weights))]


@pytest.mark.parametrize("in_folder", [True, False])
def test_items_come_back_in_their_order_and_of_their_types(tmp_path: Path, in_folder: bool) -> None:
    spool = ItemSpool(tmp_path if in_folder else None, entries(3))
    for entry in entries()[3:]:
        spool.append(entry)

    assert list(spool) == entries()
    assert list(spool) == entries(), "it can be read again"
    assert len(spool) == 5000
    assert spool
    assert type(spool[70][1]["t"]) is tuple
    assert spool[98][1]["live"] is LIVE
    assert "5000 items" in repr(spool)
    assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_items_can_be_asked_for_one_by_one_as_of_a_list() -> None:
    wanted = entries(300)
    spool = ItemSpool(None, wanted)

    assert [spool[index] for index in range(300)] == wanted
    assert spool[-1] == wanted[-1]
    assert spool[5:9] == wanted[5:9]
    assert spool[::-50] == wanted[::-50]
    with pytest.raises(IndexError):
        spool[300]


def test_few_items_touch_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", None)

    assert list(ItemSpool(None, entries(50))) == entries(50)
    assert list(ItemSpool(None).empty()) == []
    assert not ItemSpool(None)


@pytest.mark.parametrize("full_for", [1, 3, 10**6])
def test_a_full_disk_keeps_items_in_memory_until_there_is_room(monkeypatch: pytest.MonkeyPatch, full_for: int) -> None:
    write, tries = os.pwrite, []

    def full(descriptor: int, data: Any, offset: int) -> int:
        tries.append(len(data))
        if len(tries) % 2:
            return write(descriptor, data[:1000], offset)  # some of it
        if len(tries) <= full_for * 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data, offset)

    monkeypatch.setattr("os.pwrite", full)

    spool = ItemSpool(None, entries())

    assert list(spool) == entries()
    assert [spool[index] for index in range(0, 5000, 7)] == entries()[::7]


def test_a_folder_that_is_gone_keeps_items_in_memory(tmp_path: Path) -> None:
    assert list(ItemSpool(tmp_path / "gone", entries())) == entries()
