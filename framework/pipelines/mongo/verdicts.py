"""What an error of the driver means for a batch: the server is away, some documents are refused, or the bulk is.

Place in the flow: pure; ``delivery`` asks for each error. The numbers are those of MongoDB's ``error_codes.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson.errors import BSONError, InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

_AWAY_CODES = frozenset(
    {
        6, 7, 24, 50, 64, 79, 89, 91, 100, 112, 133, 134, 150, 189, 202, 234, 262, 317, 358,  # network, time, failover
        9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436, 63, 13297,
        8, 39, 14031,  # the server's own trouble: unknown, file, disk full
        13, 18, 8000,  # not allowed (any more): nothing is wrong with the documents, and rights can be given back
    }
)  # fmt: skip
_DUPLICATE = frozenset({11000, 11001, 12582})
_OWN_TROUBLE = re.compile(
    r"disk is full|disk I/O|database is locked|readonly database|unable to open|disk image|no space", re.IGNORECASE
)
"""How SQLite, under the embedded server, says that nothing is wrong with the documents."""

_TAIL = re.compile(r", full error: |, Topology Description: |, Timeout: \d| \(configured timeouts: ")


@dataclass(slots=True)
class Verdict:
    """What becomes of a batch.

    Attributes:
        is_away: nothing was refused; everything that is not in ``refused`` is to be sent again later.
        is_whole: the bulk was refused without saying for which document.
        refused: index in the batch to reason.
        duplicates: indexes of documents that another one is in the way of; once more may be enough.
        reason: the server's words.
    """

    is_away: bool = False
    is_whole: bool = False
    refused: dict[int, str] = field(default_factory=dict)
    duplicates: dict[int, str] = field(default_factory=dict)
    reason: str = ""


def judge(error: Exception) -> Verdict:
    """Say what an error means.

    Raises:
        Exception: ``error`` itself, where it is a defect of ours.
    """
    if isinstance(error, BulkWriteError):
        return _judge_bulk(error.details or {})
    if isinstance(error, DocumentTooLarge | InvalidDocument | BSONError):
        return Verdict(is_whole=True, reason=in_words(error))
    if isinstance(error, OperationFailure):
        is_away = _is_away(error.code, error.details or {}, str(error))
        return Verdict(is_away=is_away, is_whole=not is_away, reason=in_words(error))
    if isinstance(error, InvalidOperation):
        raise error
    if isinstance(error, ConnectionFailure | OSError | PyMongoError):
        return Verdict(is_away=True, reason=in_words(error))
    raise error


def is_unauthorized(error: Exception) -> bool:
    """Say whether the server does not let us in, which waiting does not change."""
    return isinstance(error, OperationFailure) and error.code in (13, 18, 8000)


def in_words(error: Exception) -> str:
    """Return an error's message without the driver's long tail (topology, full reply), in one line."""
    text = str(error) or type(error).__name__
    text = _TAIL.split(text, maxsplit=1)[0]
    text = " ".join(text.split())
    if isinstance(error, OperationFailure) and error.code is not None and f"{error.code}" not in text:
        text = f"{text} (code {error.code})"
    return text if len(text) <= 500 else f"{text[:497]}..."


def _judge_bulk(details: Mapping[str, Any]) -> Verdict:
    verdict = Verdict()
    for found in details.get("writeErrors", ()):
        code, words = found.get("code"), str(found.get("errmsg", ""))
        reason = f"{words[:500]} (code {code})" if code is not None else words[:500]
        if _is_away(code, found, words):
            verdict.is_away, verdict.reason = True, reason
        elif code in _DUPLICATE:
            verdict.duplicates[found["index"]] = reason
        else:
            verdict.refused[found["index"]] = reason
    for found in details.get("writeConcernErrors", ()):
        verdict.is_away = True
        verdict.reason = f"{found.get('errmsg', 'write concern error')} (code {found.get('code')})"
    return verdict


def _is_away(code: int | None, details: Mapping[str, Any], words: str) -> bool:
    labels = details.get("errorLabels") or ()
    if code in _AWAY_CODES or "RetryableWriteError" in labels:
        return True
    return code is None and bool(_OWN_TROUBLE.search(words))
