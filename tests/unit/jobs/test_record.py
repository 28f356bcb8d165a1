from __future__ import annotations

import pytest

from framework.jobs import JobError, Record
from framework.jobs.checked import read_checked, write_checked
from framework.jobs.record import read_record


def changed(folder, **fields):
    path = folder / "job.json"
    write_checked(path, {**read_checked(path), **fields})


@pytest.fixture
def folder(tmp_path):
    Record(name="books-1", id="1", spider="books").save(tmp_path)
    return tmp_path


def test_a_record_comes_back(folder):
    assert read_record(folder) == Record(name="books-1", id="1", spider="books", home=str(folder))


@pytest.mark.parametrize("schema", [2, None, "1"])
def test_a_newer_form_is_refused_with_the_version_that_wrote_it(folder, schema):
    changed(folder, schema=schema, version="9.1")

    with pytest.raises(JobError, match=r"written by fwk 9.1 in a newer form"):
        read_record(folder)


def test_what_it_does_not_know_is_left_out_and_what_must_be_there_is_missed(folder):
    changed(folder, colour="blue")
    assert read_record(folder).name == "books-1"

    write_checked(folder / "job.json", {"schema": 1})
    with pytest.raises(JobError, match="damaged"):
        read_record(folder)


def test_paths_that_are_none_are_damage(folder):
    changed(folder, root="../..", outputs=["items.jsonl"])

    with pytest.raises(JobError, match=r"job.json is damaged"):
        read_record(folder)
