"""The identity of a request: what de-duplication, items and the stored form of a crawl go by.

An ordinary request is its fingerprint. A request with ``dont_filter`` is a hash of (identity of its parent,
fingerprint, n-th such child of this parent), so that it is never confused with another one, and still is the same
request when its parent is crawled again after a crash. Identities are signed 64-bit numbers, as SQLite stores them.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from framework.http import Request

ROOT_IDENTITY: Final = 0
"""The identity of ``spider.start()``."""


def derived(parent: int, fingerprint: int, nth: int) -> int:
    """Return the identity of a ``dont_filter`` request: the ``nth`` such child of ``parent`` (``Lease.repeats``)."""
    data = b"%d/%d/%d" % (parent, fingerprint, nth)
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def identity_of(fingerprinter: Any) -> Callable[[Request], int]:
    """Return the function that gives a request's own identity, from any fingerprinter of Scrapy's protocol.

    A fingerprinter with an ``identity`` method is asked directly; one that only has ``fingerprint(request) -> bytes``
    gives the hash of its bytes.
    """
    own = getattr(fingerprinter, "identity", None)
    if own is not None:
        return own  # type: ignore[no-any-return]
    fingerprint = fingerprinter.fingerprint

    def hashed(request: Request) -> int:
        return int.from_bytes(blake2b(fingerprint(request), digest_size=8).digest(), "big", signed=True)

    return hashed
