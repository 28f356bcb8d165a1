"""The file of dead letters: each once, cut back to its checkpoint."""

from __future__ import annotations

import datetime
import json
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


def opened(path: Path, checkpoint: int = 0, offset: int | None = None) -> DeadLetters:
    letters = DeadLetters(path)
    letters.open("j", checkpoint, offset)
    return letters


def test_letters_are_written_with_their_checkpoint_and_not_before(path: Path) -> None:
    letters = opened(path)
    letters.add(letter(1, "a"))
    letters.add(letter(2, "b"))
    assert not path.exists()

    letters.write(1)
    assert items(path) == ["a"]
    assert (len(letters), letters.count) == (1, 2)
    letters.write(1)
    letters.write(2)

    assert items(path) == ["a", "b"]
    assert letters.offset == path.stat().st_size
    assert path.stat().st_mode & 0o077 == 0


def test_a_resumed_job_keeps_what_its_checkpoint_holds_and_no_more(path: Path) -> None:
    first = opened(path)
    for number in (1, 2, 3):
        sealed_at = first.offset
        first.add(letter(number, number))
        first.write(number)
        if number == 2:
            offset = sealed_at
    with path.open("ab") as file:
        file.write(b'{"torn')

    again = opened(path, checkpoint=2, offset=offset)
    again.add(letter(3, "again"))
    again.write(3)

    assert items(path) == [1, 2, "again"]


def test_a_job_without_a_checkpoint_drops_its_own_letters_and_keeps_those_of_others(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("".join(json.dumps(one) + "\n" for one in (letter(9, "other", "k"), letter(1, "ours"))) + "no")

    opened(path)

    assert items(path) == ["other"]


def test_lines_that_are_no_letters_stay(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("no json\n[]\n")

    assert opened(path).offset == 11


def test_a_file_that_is_gone_or_too_short_is_refused_by_name(path: Path) -> None:
    with pytest.raises(ExportError, match=r"letters\.jsonl, are gone"):
        opened(path, checkpoint=1, offset=5)
    path.parent.mkdir()
    path.write_text("a\n")
    with pytest.raises(ExportError, match="have 2 bytes, but this job wrote 5"):
        opened(path, checkpoint=1, offset=5)


def test_a_place_that_cannot_be_written_is_told_and_the_letters_are_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    letters = DeadLetters(tmp_path / "file" / "letters.jsonl")
    with pytest.raises(ExportError, match="set MONGO_DEAD_LETTERS"):
        letters.open("j", 0, None)
    letters.add(letter(1))

    with pytest.raises(ExportError, match="cannot be written"):
        letters.write(1)

    assert len(letters) == 1


def test_any_item_is_a_line_of_json(path: Path) -> None:
    circle: list[Any] = []
    circle.append(circle)
    item = {"d": Decimal("1.0"), "b": b"\xff", "s": {2, 1}, "t": datetime.date(2026, 1, 2), "o": object, "u": "\ud800"}
    letters = opened(path)
    letters.add(letter(1, item))
    letters.add(letter(1, circle))

    letters.write(1)

    first, second = items(path)
    assert first == {"d": "1.0", "b": "/w==", "s": [1, 2], "t": "2026-01-02", "o": "<class 'object'>", "u": "\ud800"}
    assert second == "[[...]]"


def test_after_ten_letters_no_more_lines_are_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    letters = opened(path)
    for n in range(15):
        letters.add(letter(1, n))

    assert len(caplog.records) == 11
    assert "15" in repr(letters)
