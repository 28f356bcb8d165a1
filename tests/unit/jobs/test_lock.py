from __future__ import annotations

import os

import pytest

from framework.jobs import JobBusyError, JobError
from framework.jobs.lock import holder_of, is_marked, take_lock


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


def test_who_may_only_read_the_job_of_another_user_sees_who_holds_it(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    lock = take_lock(path, "books-1")
    opened = []
    real = os.open
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(os, "open", lambda path, flags: opened.append(flags) or real(path, flags))

    assert holder_of(path) == os.getpid()
    lock.release()
    assert holder_of(path) is None
    assert opened == [os.O_RDONLY] * 2


def test_the_mark_of_a_job_that_has_ended_stays_until_somebody_is_done(tmp_path):
    path = tmp_path / "lock"
    assert not is_marked(path)

    take_lock(path, "books-1").release(is_done=False)
    assert not is_marked(path)

    lock = take_lock(path, "books-1")
    lock.mark()
    assert is_marked(path)
    assert holder_of(path) == os.getpid()
    lock.release(is_done=False)
    lock.mark()
    assert is_marked(path)

    take_lock(path, "books-1").release(is_done=False)
    assert is_marked(path)

    take_lock(path, "books-1").release()
    assert not is_marked(path)


def test_the_mark_is_on_the_disk_before_anything_else_tells_of_the_end(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(is_marked(path)))

    lock = take_lock(path, "books-1")
    lock.mark()

    assert synced == [True]
    lock.release()


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


def test_on_a_full_disk_a_lock_is_taken_all_the_same(tmp_path, full_disk):
    path = tmp_path / "lock"
    full_disk("pwrite")

    held = take_lock(path, "books-1")

    assert holder_of(path) == 0
    with pytest.raises(JobBusyError, match="by another process"):
        take_lock(path, "books-1", 0)
    held.release()
