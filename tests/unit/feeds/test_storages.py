from __future__ import annotations

import io
from pathlib import Path

import pytest

from framework.feeds import FileFeedStorage, StdoutFeedStorage


def test_the_folders_of_a_file_are_made(tmp_path: Path) -> None:
    storage = FileFeedStorage(str(tmp_path / "a" / "b" / "c.jsonl"))

    storage.store(storage.open(None))

    assert storage.path.read_bytes() == b""


def test_opening_a_file_changes_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"old")
    storage = FileFeedStorage(path.as_uri())

    file = storage.open(None)
    storage.store(file)

    assert file.closed
    assert path.read_bytes() == b"old"


def test_standard_output_is_flushed_and_stays_open() -> None:
    raw = io.BytesIO()
    stdout = io.BufferedWriter(raw)
    storage = StdoutFeedStorage("-", stdout)

    storage.open(None).write(b"x")
    storage.store(stdout)

    assert raw.getvalue() == b"x"
    assert not stdout.closed


def test_standard_output_is_the_process_own_by_default(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    storage = StdoutFeedStorage()

    file = storage.open(None)
    file.write(b"x\n")
    storage.store(file)

    assert capfdbinary.readouterr().out == b"x\n"
