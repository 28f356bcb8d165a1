from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from framework.exceptions import ExportError
from framework.feeds.outputs import FileOutput, StreamOutput, output_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.write_bytes(b"12345")
    return path


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    with io.FileIO(path, "r+") as opened:
        yield opened


class Failing:
    """Stands for a disk: takes some bytes, then refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, takes: int, code: int) -> None:
        self.takes = takes
        self.code = code
        self._write = os.pwrite
        monkeypatch.setattr(os, "pwrite", self)

    def __call__(self, descriptor: int, data: memoryview, offset: int) -> int:
        if not self.takes:
            raise OSError(self.code, os.strerror(self.code))
        written = self._write(descriptor, data[: self.takes], offset)
        self.takes -= written
        return written


def test_what_is_appended_follows_what_was_there(path: Path, file: BinaryIO) -> None:
    output = FileOutput(file, "out", durable=True)

    output.append(b"67")
    output.append(b"8")

    assert (path.read_bytes(), output.offset) == (b"12345678", 8)


def test_what_lay_behind_the_offset_is_gone_after_an_append(path: Path, file: BinaryIO) -> None:
    output = FileOutput(file, "out")
    output.offset = 2

    output.append(b"x")

    assert path.read_bytes() == b"12x"


def test_a_cut_shortens_the_file(path: Path, file: BinaryIO) -> None:
    output = FileOutput(file, "out", durable=True)

    output.cut(2)

    assert (path.read_bytes(), output.offset) == (b"12", 2)


def test_a_cut_behind_the_end_is_refused_by_name(file: BinaryIO) -> None:
    with pytest.raises(ExportError, match="the output out has 5 bytes, but 9 were written to it before"):
        FileOutput(file, "out").cut(9)


def test_a_write_in_parts_is_completed(path: Path, file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: real(fd, data[:1], offset))

    FileOutput(file, "out").append(b"678")

    assert path.read_bytes() == b"12345678"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "cannot write the output out: No space left on device; the disk is full; make room"),
        (errno.EIO, "cannot write the output out: Input/output error; check the path and the disk"),
    ],
)
def test_a_full_disk_leaves_the_file_as_it_was(
    code: int, message: str, path: Path, file: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Failing(monkeypatch, takes=2, code=code)
    output = FileOutput(file, "out")

    with pytest.raises(ExportError, match=message):
        output.append(b"678")

    assert (path.read_bytes(), output.offset) == (b"12345", 5)
    disk.takes = 100
    output.append(b"678")
    assert path.read_bytes() == b"12345678"


def test_a_file_that_cannot_be_cut_or_read_is_named(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(errno.EIO, "broken")

    output = FileOutput(file, "out")
    monkeypatch.setattr(os, "ftruncate", refuse)
    monkeypatch.setattr(os, "pread", refuse)

    with pytest.raises(ExportError, match="cannot cut back the output out: broken"):
        output.cut(1)
    with pytest.raises(ExportError, match="cannot read the output out: broken"):
        output.read(0, 1)


def test_a_stream_is_written_and_flushed() -> None:
    raw = io.BytesIO()
    output = StreamOutput(io.BufferedWriter(raw), "-")

    output.append(b"ab")

    assert (raw.getvalue(), output.offset) == (b"ab", 2)


def test_a_raw_stream_that_takes_little_gets_the_rest_again() -> None:
    class OneByte(io.BytesIO):
        def write(self, data: object) -> int:
            return super().write(bytes(data)[:1])  # type: ignore[call-overload]

    stream = OneByte()

    StreamOutput(stream, "-").append(b"abc")

    assert stream.getvalue() == b"abc"


def test_a_stream_whose_write_returns_nothing_has_taken_all() -> None:
    class Silent(io.BytesIO):
        def write(self, data: object) -> int:
            super().write(data)  # type: ignore[arg-type]
            return None  # type: ignore[return-value]

    stream = Silent()

    StreamOutput(stream, "-").append(b"abc")

    assert stream.getvalue() == b"abc"


def test_a_reader_that_went_away_is_told() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with io.FileIO(write_end, "w") as pipe, pytest.raises(ExportError, match="the reader of the output went away"):
        StreamOutput(pipe, "-").append(b"x")


def test_a_stream_cannot_be_cut_but_counts_on() -> None:
    output = StreamOutput(io.BytesIO(), "-")

    output.cut(7)

    assert output.offset == 7


def test_only_a_regular_file_that_can_be_read_is_cuttable(path: Path, file: BinaryIO) -> None:
    assert isinstance(output_for(file, "out", durable=False), FileOutput)
    assert isinstance(output_for(io.BytesIO(), "out", durable=False), StreamOutput)
    with io.FileIO("/dev/null", "r+") as null, io.FileIO(path, "a") as only_written:
        assert isinstance(output_for(null, "out", durable=False), StreamOutput)
        assert isinstance(output_for(only_written, "out", durable=False), StreamOutput)
