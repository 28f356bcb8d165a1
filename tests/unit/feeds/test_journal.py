from __future__ import annotations

import os
from pathlib import Path

import pytest

from framework.exceptions import DamagedJob
from framework.feeds.journal import Beginning, Journal

FIRST = Beginning(1, "a-1.json", 7, existed=True, tail="\n]\x85\n")
SECOND = Beginning(2, "a-2.json", 0, existed=False)


def journal(tmp_path: Path, **options: bool) -> Journal:
    return Journal(tmp_path, "feed a", **options)


@pytest.mark.parametrize("durable", [False, True])
def test_what_was_noted_comes_back(durable: bool, tmp_path: Path) -> None:
    journal(tmp_path, durable=durable).add([FIRST])

    assert journal(tmp_path).load() == [FIRST]
    assert (tmp_path / "feeds").stat().st_mode & 0o077 == 0
    assert Journal(tmp_path, "feed b").load() == []


def test_what_may_be_uncommitted_stays_noted_and_the_rest_goes(tmp_path: Path) -> None:
    noting = journal(tmp_path)

    noting.add([FIRST])
    noting.add([SECOND])
    assert journal(tmp_path).load() == [FIRST, SECOND]

    noting.forget()
    noting.add([SECOND])
    assert journal(tmp_path).load() == [SECOND]


def test_the_same_is_noted_once(tmp_path: Path) -> None:
    noting = journal(tmp_path)
    noting.add([FIRST])
    assert noting.path is not None
    before = noting.path.stat().st_ino

    noting.add([FIRST])

    assert noting.path.stat().st_ino == before


def test_a_journal_without_a_folder_keeps_nothing() -> None:
    noting = Journal(None, "feed a")

    noting.add([FIRST])
    noting.clear()

    assert noting.load() == []


def test_a_cleared_journal_is_empty(tmp_path: Path) -> None:
    noting = journal(tmp_path)
    noting.add([FIRST])

    noting.clear()

    assert journal(tmp_path).load() == []


def test_a_damaged_journal_is_refused_by_name(tmp_path: Path) -> None:
    noting = journal(tmp_path)
    noting.add([FIRST, SECOND])
    assert noting.path is not None
    whole = noting.path.read_bytes()

    for damaged in [*(whole[:size] for size in range(len(whole))), whole.replace(b"a-2", b"a-3")]:
        noting.path.write_bytes(damaged)
        with pytest.raises(DamagedJob, match=r"feeds/\w+\.json \(feed a\) is damaged: its checksum is wrong; put"):
            noting.load()


def test_a_journal_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    noting = journal(tmp_path)
    assert noting.path is not None
    os.makedirs(noting.path)

    with pytest.raises(DamagedJob, match="is damaged: Is a directory"):
        noting.load()


def test_the_name_of_a_feed_may_be_any_that_a_file_system_takes(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.jsonl")

    Journal(tmp_path, name).add([Beginning(1, name, 0, existed=False)])

    assert Journal(tmp_path, name).load() == [Beginning(1, name, 0, existed=False)]
    assert Journal(tmp_path, os.fsdecode(b"\xfe.jsonl")).load() == []
