from __future__ import annotations

import os
import stat

import pytest

from framework.wholefile import sync_folder, write_whole


@pytest.fixture
def synced(monkeypatch):
    """The inodes that were synced, in order."""
    inodes = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: inodes.append(os.fstat(descriptor).st_ino))
    return inodes


def test_the_file_holds_all_pieces_for_its_owner_alone(tmp_path):
    mask = os.umask(0o777)
    try:
        write_whole(tmp_path / "file", b"ab", b"", b"c")
    finally:
        os.umask(mask)

    assert (tmp_path / "file").read_bytes() == b"abc"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_content_is_synced_and_then_its_name(tmp_path, synced):
    write_whole(tmp_path / "file", b"abc")

    assert synced == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]


def test_what_need_not_be_durable_is_not_synced(tmp_path, synced):
    write_whole(tmp_path / "file", b"abc", durable=False)

    assert (tmp_path / "file").read_bytes() == b"abc"
    assert synced == []


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_content_and_nothing_beside_it(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(*arguments, **options):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_broken_rest_of_an_earlier_write_is_no_obstacle(tmp_path):
    (tmp_path / "file.new").write_bytes(b"half of something longer")

    write_whole(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"


def test_only_a_folder_is_synced_as_one(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(NotADirectoryError):
        sync_folder(tmp_path / "file")
