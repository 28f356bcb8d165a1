"""The files of stored seen-filters: each beside the store, written whole before the transaction that makes it valid.

Place in the flow: with ``SEEN = bloom`` the store keeps a log of identities; a checkpoint may bring a filter that takes
the place of the log so far. The file is written aside, synced and renamed; then the transaction names it and empties
the log; then its predecessor is deleted. Whenever the process dies, the named file is there and is never newer than the
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from framework.wholefile import write_whole

from .connection import beside, damaged, named_errors

_MARK = b"fwk seen-filter 1\n"
_DIGEST_BYTES = 32


def write_filter(path: Path, number: int, data: bytes) -> str:
    """Write the filter of checkpoint ``number`` beside the store at ``path`` and return the file's name."""
    target = beside(path, f".seen-{number}")
    write_whole(target, _MARK, blake2b(data, digest_size=_DIGEST_BYTES).digest(), data)
    return target.name


def read_filter(path: Path, name: str) -> bytes | None:
    """Return the content of the filter that the store at ``path`` names; ``None`` when it names none.

    Raises:
        DamagedJob: the file is missing, cut or altered.
    """
    if not name:
        return None
    file = path.with_name(name)
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        raise damaged(file, "the file of the seen-filter is missing") from error
    start = len(_MARK) + _DIGEST_BYTES
    data = content[start:]
    if content[:start] != _MARK + blake2b(data, digest_size=_DIGEST_BYTES).digest():
        raise damaged(file, "the file of the seen-filter is cut or altered")
    return data


def filter_starts(path: Path, size_bytes: int) -> Iterator[bytes]:
    """Yield how each filter beside the store at ``path`` begins, unchecked, before the store is opened.

    Raises:
        StoreError: a file cannot be read.
    """
    for file in path.parent.glob(f"{path.name}.seen-*"):
        with named_errors(file), file.open("rb") as opened:
            opened.seek(len(_MARK) + _DIGEST_BYTES)
            start = opened.read(size_bytes)
        yield start


def remove_other_filters(path: Path, name: str) -> None:
    """Delete the filters beside the store at ``path`` that it does not name."""
    for file in path.parent.glob(f"{path.name}.seen-*"):
        if file.name != name:
            file.unlink(missing_ok=True)
