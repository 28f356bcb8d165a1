"""What errors of the driver mean."""

from __future__ import annotations

from typing import Any

import pytest
from bson.errors import InvalidBSON
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    InvalidOperation,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from framework.pipelines.mongo.verdicts import in_words, is_unauthorized, judge


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("closed"),
        NetworkTimeout("slow"),
        ServerSelectionTimeoutError("none"),
        WaitQueueTimeoutError("many"),
        ConnectionResetError(),
        OperationFailure("stepping down", 189),
        OperationFailure("not allowed", 13),
        OperationFailure("odd", 4711, {"errorLabels": ["RetryableWriteError"]}),
        OperationFailure("database or disk is full"),
        OperationFailure("disk I/O error"),
    ],
)
def test_the_server_is_away(error: Exception) -> None:
    verdict = judge(error)

    assert verdict.is_away
    assert not verdict.is_whole
    assert verdict.reason


@pytest.mark.parametrize(
    "error",
    [OperationFailure("bad", 2), OperationFailure("Invalid JSON"), DocumentTooLarge("16 MB"), InvalidBSON("odd")],
)
def test_a_bulk_is_refused_without_saying_for_which_document(error: Exception) -> None:
    verdict = judge(error)

    assert verdict.is_whole
    assert not verdict.is_away


def bulk(*errors: dict[str, Any], concern: list[dict[str, Any]] | None = None) -> BulkWriteError:
    return BulkWriteError({"writeErrors": list(errors), "writeConcernErrors": concern or []})


def test_single_documents_are_refused_by_their_index() -> None:
    verdict = judge(
        bulk(
            {"index": 1, "code": 121, "errmsg": "validation"},
            {"index": 2, "code": 11000, "errmsg": "duplicate"},
            {"index": 3, "errmsg": "no code"},
        )
    )

    assert verdict.refused == {1: "validation (code 121)", 3: "no code"}
    assert verdict.duplicates == {2: "duplicate (code 11000)"}
    assert not verdict.is_away


def test_an_error_of_the_server_among_those_of_documents_is_no_documents_fault() -> None:
    verdict = judge(bulk({"index": 0, "code": 11600, "errmsg": "shutdown"}, {"index": 1, "code": 121, "errmsg": "no"}))

    assert verdict.is_away
    assert verdict.refused == {1: "no (code 121)"}


def test_a_write_concern_that_was_not_met_is_waited_for() -> None:
    verdict = judge(bulk(concern=[{"code": 64, "errmsg": "timed out"}]))

    assert verdict.is_away
    assert verdict.reason == "timed out (code 64)"


@pytest.mark.parametrize("error", [InvalidOperation("closed"), KeyError("ours")])
def test_a_defect_of_ours_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        judge(error)


def test_words_are_one_short_line() -> None:
    long = ServerSelectionTimeoutError("refused\n  here, Timeout: 3.0s, Topology Description: <lots>")

    assert in_words(long) == "refused here"
    assert in_words(OperationFailure("no", 13, {"a": 1})) == "no (code 13)"
    assert in_words(OSError()) == "OSError"
    assert len(in_words(OSError("x" * 1000))) == 500
    assert is_unauthorized(OperationFailure("no", 18))
    assert not is_unauthorized(OSError())
