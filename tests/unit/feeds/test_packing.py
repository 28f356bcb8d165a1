from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from framework.exceptions import ExportError
from framework.extensions.postprocessing import Bz2Plugin, GzipPlugin, LZMAPlugin
from framework.feeds.outputs import FileOutput
from framework.feeds.packing import MemberPacker, StreamPacker, packer_for


class Counting:
    """A plugin of the user's own: counts what passed at the end."""

    def __init__(self, file: Any, feed_options: dict[str, Any]) -> None:
        self.file = file
        self.end = feed_options.get("end", b"!")
        self.count = 0

    def write(self, data: bytes) -> int:
        self.count += len(data)
        return int(self.file.write(data))

    def close(self) -> None:
        self.file.write(b"%d%s" % (self.count, self.end))


def pack_all(packer: Any, *pieces: bytes) -> list[bytes]:
    return [packer.pack(piece, is_last=piece is pieces[-1]) for piece in pieces]


def written(tmp_path: Path, data: bytes) -> FileOutput:
    path = tmp_path / "out"
    path.write_bytes(data)
    return FileOutput(io.FileIO(path, "r+"), "out")


def test_without_plugins_nothing_is_packed() -> None:
    assert packer_for([], {}) is None


@pytest.mark.parametrize(
    "plugins", [[GzipPlugin], [Bz2Plugin], [LZMAPlugin], [GzipPlugin, Bz2Plugin, LZMAPlugin]], ids=len
)
def test_the_end_of_each_piece_is_found_by_counting(plugins: list[Any], tmp_path: Path) -> None:
    packer = packer_for(plugins, {})
    assert isinstance(packer, MemberPacker)
    pieces = pack_all(packer, b"a" * 100_000, b"b", b"", bytes(range(256)) * 1000)
    assert pieces[2] == b""
    output = written(tmp_path, b"".join([b"before", *pieces, b"garbage"]))

    ends = [packer.end_of(output, len(b"before"), count) for count in range(4)]
    output.file.close()

    lengths = [len(piece) for piece in pieces if piece]
    assert ends == [6 + sum(lengths[:count]) for count in range(4)]
    assert packer.unpack(b"".join(pieces))[:100_001] == b"a" * 100_000 + b"b"


@pytest.mark.parametrize(
    ("kept", "message"), [(10, "has 10 bytes, but more were written to it before"), (None, "damaged behind byte")]
)
def test_a_short_or_damaged_file_is_refused_by_name(kept: int | None, message: str, tmp_path: Path) -> None:
    packer = MemberPacker([GzipPlugin], {})
    data = packer.pack(b"items", is_last=False)
    output = written(tmp_path, data[:kept] if kept else data[:-8] + b"x" * 8)

    with pytest.raises(ExportError, match=f"out is not what this job wrote: it .*{message}"):
        packer.end_of(output, 0, 1)
    output.file.close()


def test_what_is_not_compressed_cannot_be_unpacked() -> None:
    with pytest.raises(ValueError, match="header"):
        MemberPacker([GzipPlugin], {}).unpack(b"title,price\n")


def test_a_plugin_of_the_users_own_sees_the_file_as_one_stream() -> None:
    packer = packer_for([Counting, GzipPlugin], {"end": b"?"})
    assert isinstance(packer, StreamPacker)

    data = b"".join(pack_all(packer, b"abc", b"de", b""))

    assert gzip.decompress(data) == b"abcde5?"


def test_options_that_a_plugin_does_not_take_are_found_at_once() -> None:
    with pytest.raises(ValueError, match="compresslevel"):
        packer_for([Bz2Plugin], {"bz2_compresslevel": 10})
