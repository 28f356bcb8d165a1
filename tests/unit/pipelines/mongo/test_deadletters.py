"""The file of dead letters: each once, cut back to its checkpoint."""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.pipelines.mongo.deadletters import DeadLetters


def letter(checkpoint: int, n: Any = 0, job: str = "j") -> dict[str, Any]:
    return {"job": job, "checkpoint": checkpoint, "identity": 1, "position": 0, "reason": "no", "item": n}


def items(path: Path) -> list[Any]:
    return [json.loads(line)["item"] for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "letters.jsonl"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., DeadLetters]]:
    made: list[DeadLetters] = []

    def make(checkpoint: int = 0, offset: int | None = None, **options: Any) -> DeadLetters:
        letters = DeadLetters(path, **options)
        made.append(letters)
        letters.open("j", checkpoint, offset)
        return letters

    yield make
    for letters in made:
        letters.close()


def write(letters: DeadLetters, checkpoint: int) -> None:
    asyncio.run(letters.write(checkpoint))


def test_letters_are_written_with_their_checkpoint_and_not_before(opened: Any, path: Path) -> None:
    letters = opened()
    letters.add(letter(1, "a"))
    letters.add(letter(2, "b"))
    assert not path.exists()

    write(letters, 1)
    assert items(path) == ["a"]
    assert (len(letters), letters.count) == (1, 2)
    write(letters, 1)
    write(letters, 2)

    assert items(path) == ["a", "b"]
    assert letters.offset == path.stat().st_size
    assert path.stat().st_mode & 0o077 == 0


def test_a_resumed_job_keeps_what_its_checkpoint_holds_and_no_more(opened: Any, path: Path) -> None:
    first = opened()
    for number in (1, 2, 3):
        sealed_at = first.offset
        first.add(letter(number, number))
        write(first, number)
        if number == 2:
            offset = sealed_at
    first.close()
    with path.open("ab") as file:
        file.write(b'{"torn')

    again = opened(checkpoint=2, offset=offset)
    again.add(letter(3, "again"))
    write(again, 3)

    assert items(path) == [1, 2, "again"]


def test_a_job_without_a_checkpoint_drops_its_own_letters_and_keeps_those_of_others(opened: Any, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("".join(json.dumps(one) + "\n" for one in (letter(9, "other", "k"), letter(1, "ours"))) + "no")

    opened()

    assert items(path) == ["other"]


def test_lines_that_are_no_letters_stay(opened: Any, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no json\n[]\n")

    assert opened().offset == 11


def test_a_file_that_is_gone_or_too_short_is_refused_by_name(opened: Any, path: Path) -> None:
    with pytest.raises(ExportError, match=r"letters\.jsonl, are gone"):
        opened(checkpoint=1, offset=5)
    path.parent.mkdir()
    path.write_text("a\n")
    with pytest.raises(ExportError, match="have 2 bytes, but this job wrote 5"):
        opened(checkpoint=1, offset=5)


def test_a_place_that_cannot_be_written_is_told_and_the_letters_are_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    letters = DeadLetters(tmp_path / "file" / "letters.jsonl")
    with pytest.raises(ExportError, match="set MONGO_DEAD_LETTERS"):
        letters.open("j", 0, None)
    letters.add(letter(1))

    with pytest.raises(ExportError, match="cannot be written"):
        write(letters, 1)

    assert len(letters) == 1


def test_any_item_is_a_line_of_json(opened: Any, path: Path) -> None:
    circle: list[Any] = []
    circle.append(circle)
    item = {"d": Decimal("1.0"), "b": b"\xff", "s": {2, 1}, "t": datetime.date(2026, 1, 2), "o": object, "u": "\ud800"}
    letters = opened()
    letters.add(letter(1, item))
    letters.add(letter(1, circle))

    write(letters, 1)

    first, second = items(path)
    assert first == {"d": "1.0", "b": "/w==", "s": [1, 2], "t": "2026-01-02", "o": "<class 'object'>", "u": "\ud800"}
    assert second == "[[...]]"


def test_after_ten_letters_no_more_lines_are_logged(opened: Any, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    letters = opened()
    for n in range(15):
        letters.add(letter(1, n))

    assert len(caplog.records) == 11
    assert "15" in repr(letters)


def test_letters_that_come_while_others_are_written_are_neither_lost_nor_in_the_way(opened: Any, path: Path) -> None:
    letters = opened()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    async def crawl() -> None:
        for number in range(1, 40):
            letters.add(letter(number, [number, "seen late"]))
            writing = asyncio.create_task(letters.write(number - 1))
            for n in range(60):
                letters.add(letter(number, [number, n]))
                await asyncio.sleep(0)
            await writing
        await letters.write(40)

    try:
        asyncio.run(crawl())
    finally:
        sys.setswitchinterval(before)

    assert items(path) == [[number, n] for number in range(1, 40) for n in ["seen late", *range(60)]]
    assert not len(letters)


def test_letters_of_an_earlier_checkpoint_may_come_after_those_of_a_later_one(opened: Any, path: Path) -> None:
    letters = opened()
    letters.add(letter(2, "handed over"))
    letters.add(letter(1, "refused by the server"))

    write(letters, 1)
    assert items(path) == ["refused by the server"]
    write(letters, 2)

    assert items(path) == ["refused by the server", "handed over"]


def test_a_second_crawl_with_the_same_file_is_refused_by_name(opened: Any, path: Path) -> None:
    first, too_early = opened(), opened()
    first.add(letter(1, "mine"))
    write(first, 1)
    too_early.add(letter(1, "other"))

    with pytest.raises(ExportError, match=r"letters\.jsonl .*another crawl is writing them; set MONGO_DEAD_LETTERS"):
        write(too_early, 1)
    with pytest.raises(ExportError, match="another crawl is writing them"):
        opened()
    assert items(path) == ["mine"]

    first.close()
    assert opened().offset == path.stat().st_size


def test_a_crawl_without_a_job_takes_a_file_beside_one_that_is_in_use(opened: Any, path: Path) -> None:
    letters = [opened(steps_aside=True) for _ in range(3)]
    for n, one in enumerate(letters):
        one.add(letter(1, n))
        write(one, 1)

    names = [one.path.name for one in letters]
    assert names == ["letters.jsonl", "letters-2.jsonl", "letters-3.jsonl"]
    assert [items(one.path) for one in letters] == [[0], [1], [2]]


def test_a_file_that_another_crawl_made_and_left_is_gone_on_with(opened: Any, path: Path) -> None:
    first, second = opened(), opened()
    for one in (first, second):
        one.add(letter(1, "a"))
        write(one, 1)
        one.close()

    assert items(path) == ["a", "a"]


def test_a_file_that_is_taken_away_meanwhile_is_told(opened: Any, path: Path) -> None:
    letters = opened()
    letters.add(letter(1))
    write(letters, 1)
    path.unlink()
    letters.add(letter(2))

    with pytest.raises(ExportError, match="they were taken away"):
        write(letters, 2)

    assert len(letters) == 1


def test_a_file_system_without_locks_is_no_reason_to_stop(
    opened: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*arguments: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    letters = opened()
    letters.add(letter(1, "a"))
    write(letters, 1)

    assert items(path) == ["a"]
