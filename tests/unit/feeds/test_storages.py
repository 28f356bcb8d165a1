from __future__ import annotations

import errno
import fcntl
import io
import sys
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


def test_a_file_that_another_crawl_writes_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    first = FileFeedStorage(str(path))
    file = first.open(None)

    with pytest.raises(OSError, match="another crawl is writing it"):
        FileFeedStorage(str(path)).open(None)
    first.store(file)

    FileFeedStorage(str(path)).open(None).close()


def test_a_device_takes_many_writers() -> None:
    files = [FileFeedStorage("/dev/null").open(None) for _ in range(2)]

    for file in files:
        file.write(b"x")
        file.close()


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", without_locks)

    FileFeedStorage(str(tmp_path / "a.jsonl")).open(None).close()


def test_a_closed_standard_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)

    with pytest.raises(OSError, match="it is closed"):
        StdoutFeedStorage().open(None)
