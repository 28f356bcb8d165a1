from __future__ import annotations

import stat

import pytest

from framework.jobs import JobError
from framework.jobs.checked import make_folder, read_checked, write_checked


def test_what_is_written_is_read_and_only_for_its_owner(tmp_path):
    path = tmp_path / "job.json"

    write_checked(path, {"name": "bücher-1", "odd": "\udcff"})

    assert read_checked(path) == {"name": "bücher-1", "odd": "\udcff"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["job.json"]


def test_the_names_of_a_new_folder_and_of_those_above_it_are_synced(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("framework.jobs.checked.sync_folder", synced.append)

    make_folder(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert set(synced) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b"}


def test_a_file_that_is_cut_anywhere_or_has_a_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "job.json"
    write_checked(path, {"name": "books-1", "runs": 3})
    whole = path.read_bytes()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(JobError, match=r"job.json is damaged"):
            read_checked(path)
    path.write_bytes(whole.replace(b"3", b"2"))
    with pytest.raises(JobError, match="damaged"):
        read_checked(path)


@pytest.mark.parametrize("text", [b"[]", b'{"content": 3}', b"\xff", b"[" * 100_000])
def test_what_is_no_such_file_is_refused(tmp_path, text):
    path = tmp_path / "job.json"
    path.write_bytes(text)

    with pytest.raises(JobError, match="damaged"):
        read_checked(path)


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_write_that_fails_leaves_the_old_content(tmp_path, full_disk, monkeypatch, call):
    path = tmp_path / "job.json"
    write_checked(path, {"runs": 1})

    full_disk(call)
    with pytest.raises(JobError, match=r"cannot write .*job.json: No space left on device"):
        write_checked(path, {"runs": 2})

    monkeypatch.undo()
    assert read_checked(path) == {"runs": 1}


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_checked(tmp_path / "job.json")
    with pytest.raises(JobError, match="cannot read"):
        read_checked(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        read_checked(tmp_path / "file" / "job.json")
