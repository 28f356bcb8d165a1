from __future__ import annotations

import os

import pytest

from framework.jobs import JobBusyError, JobError
from framework.jobs.lock import holder_of, take_lock, was_left


def test_a_lock_is_held_once_and_names_its_process(tmp_path):
    path = tmp_path / "lock"
    lock = take_lock(path, "books-1")

    with pytest.raises(JobBusyError, match=f"job books-1 is being worked on by process {os.getpid()}") as caught:
        take_lock(path, "books-1", 0)
    assert caught.value.process == holder_of(path) == os.getpid()

    lock.release()
    lock.release()
    assert holder_of(path) is None
    take_lock(path, "books-1", 0).release()


def test_a_holder_that_is_not_known_is_another_process(tmp_path):
    path = tmp_path / "lock"
    lock = take_lock(path, "books-1")
    path.write_text("?")

    assert holder_of(path) == 0
    with pytest.raises(JobBusyError, match="by another process"):
        take_lock(path, "books-1", 0)
    lock.release()


def test_a_lock_tells_whether_it_was_left_by_who_was_not_done(tmp_path):
    path = tmp_path / "lock"
    assert not was_left(path)

    take_lock(path, "books-1").release(is_done=False)
    assert was_left(path)

    take_lock(path, "books-1").release()
    assert not was_left(path)


def test_whether_a_lock_was_left_is_on_the_disk_before_anything_is_done_and_when_all_is_done(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))

    lock = take_lock(path, "books-1")
    assert synced == [len(str(os.getpid()))]
    lock.release()
    assert synced[1:] == [0]

    take_lock(path, "folder", is_synced=False).release()
    assert len(synced) == 2


def test_a_long_number_of_a_process_before_leaves_nothing_behind(tmp_path):
    path = tmp_path / "lock"
    path.write_text("9" * 20)

    lock = take_lock(path, "books-1")

    assert holder_of(path) == os.getpid()
    lock.release()


def test_nobody_holds_what_is_not_there(tmp_path):
    assert holder_of(tmp_path / "lock") is None


def test_a_lock_whose_job_was_removed_meanwhile_is_not_taken(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    real = os.open

    def remove_after(*args):
        descriptor = real(*args)
        path.unlink()
        return descriptor

    monkeypatch.setattr(os, "open", remove_after)
    with pytest.raises(JobBusyError):
        take_lock(path, "books-1", 0)


def test_where_there_can_be_no_lock_there_is_no_job(tmp_path, monkeypatch):
    with pytest.raises(JobError, match=r"cannot lock .*: No such file or directory"):
        take_lock(tmp_path / "missing" / "lock", "books-1")

    from framework.jobs import lock

    def refuse(*args):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with pytest.raises(JobError, match="No locks available"):
        take_lock(tmp_path / "lock", "books-1")
    assert holder_of(tmp_path / "lock") is None
