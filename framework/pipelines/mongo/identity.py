"""Who wrote a document: the job's name in it, and the ``_id`` of one item of one job.

The name of a job is unique among one user's jobs, but the database may be shared with others. So the name that goes
into documents has a random end. It is kept in the job's folder until the first checkpoint has stored it in the cut: a
run that died before that finds it again, and so the documents to remove.

Place in the flow: pure but for one small file; used by ``pipeline``.
"""

from __future__ import annotations

import json
import secrets
import struct
from hashlib import blake2b
from pathlib import Path

from framework.jobfiles import DATABASE_KEY
from framework.wholefile import write_whole

JOB_FIELD = "_job"
CHECKPOINT_FIELD = "_checkpoint"

_SIGNED_64 = struct.Struct("<qQ")
_WRAP = 1 << 64


def document_ids(job_key: str) -> _Ids:
    """Return a function from (identity of a request, position in its output) to the ``_id`` of that item."""
    return _Ids(job_key)


class _Ids:
    """Hashes with the job's part done once."""

    __slots__ = ("_begun",)

    def __init__(self, job_key: str) -> None:
        self._begun = blake2b(job_key.encode() + b"\0", digest_size=16)

    def __call__(self, identity: int, position: int) -> str:
        begun = self._begun.copy()
        wrapped = (identity + (_WRAP >> 1)) % _WRAP - (_WRAP >> 1)
        begun.update(_SIGNED_64.pack(wrapped, position))
        return begun.hexdigest()


def new_job_key(name: str) -> str:
    """Return the name of a job that goes into its documents; no other job has it, on this machine or another."""
    return f"{name}/{secrets.token_hex(6)}"


def claim_job_key(folder: Path, name: str) -> tuple[str, bool]:
    """Return the key of a job that has no checkpoint yet, and whether an earlier run has already used it.

    The key is on disk before a document that bears it can be in the database.
    """
    path = folder / DATABASE_KEY
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["name"] == name and isinstance(kept["key"], str):
            return kept["key"], True
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass  # none, or one that was cut off by a crash: no document bears it
    key = new_job_key(name)
    write_whole(path, json.dumps({"name": name, "key": key}).encode())
    return key, False


def forget_job_key(folder: Path) -> None:
    """Remove the file of ``claim_job_key``: the key is in the cut of a checkpoint now."""
    (folder / DATABASE_KEY).unlink(missing_ok=True)
