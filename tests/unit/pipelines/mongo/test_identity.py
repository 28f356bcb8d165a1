"""The key of a job and the ids of its items."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.pipelines.mongo.identity import claim_job_key, document_ids, forget_job_key, new_job_key

signed = st.integers(-(2**63), 2**63 - 1)


@given(signed, signed, st.integers(0, 1000), st.integers(0, 1000))
def test_an_id_is_of_one_item_of_one_job(identity: int, other: int, position: int, place: int) -> None:
    ids = document_ids("books/1")

    assert ids(identity, position) == document_ids("books/1")(identity, position)
    assert (ids(identity, position) == ids(other, place)) == ((identity, position) == (other, place))
    assert ids(identity, position) != document_ids("books/2")(identity, position)


def test_identities_may_be_unsigned_as_well() -> None:
    ids = document_ids("books/1")

    assert ids(2**64 - 1, 0) == ids(-1, 0)


def test_two_jobs_of_one_name_have_two_keys() -> None:
    assert new_job_key("books-1") != new_job_key("books-1")
    assert new_job_key("books-1").startswith("books-1/")


def test_a_key_is_found_again_until_it_is_forgotten(tmp_path: Path) -> None:
    key, was_used = claim_job_key(tmp_path, "books-1")
    assert not was_used
    assert claim_job_key(tmp_path, "books-1") == (key, True)
    assert (tmp_path / "mongo.job").stat().st_mode & 0o077 == 0

    forget_job_key(tmp_path)
    forget_job_key(tmp_path)

    assert claim_job_key(tmp_path, "books-1")[0] != key


def test_the_key_of_another_job_in_the_folder_is_not_taken(tmp_path: Path) -> None:
    key, _ = claim_job_key(tmp_path, "books-1")

    other, was_used = claim_job_key(tmp_path, "books-2")

    assert other != key
    assert not was_used


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "books-1"}', '{"name": "books-1", "key": 5}'])
def test_a_file_that_was_cut_off_gives_a_new_key(tmp_path: Path, text: str) -> None:
    (tmp_path / "mongo.job").write_text(text)

    assert not claim_job_key(tmp_path, "books-1")[1]
