"""What the frontier keeps beside a request: who found it and when, its tries; and all of it as a row of the store.

Place in the flow: a request becomes a ``Row`` when it is leased for the first time, sealed or spilled, and comes back
from its row when its turn is near or when a job is resumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from typing import Any

import msgspec

from framework.exceptions import StoredError
from framework.http import Request
from framework.http.stored import StoredForm

from .hostkey import host_key
from .store.rows import FateRow, Row

_NOT_BEFORE_MAX_S = 86_400.0
"""No row waits longer than this from the moment it is read."""

Try = tuple[float, str]
"""When a try failed (``time.time()``), and why."""


class Origin:
    """Who found a request, and when: one object for all links of a page."""

    __slots__ = ("found_at", "identity")

    def __init__(self, identity: int, found_at: float) -> None:
        self.identity = identity
        self.found_at = found_at


@dataclass(slots=True)
class Tried:
    """What earlier attempts of a request left.

    Attributes:
        attempt: the number of the next one.
        delivered: how many items of its output were delivered.
        tries: those that failed.
        first: the stored form of the request as it was offered; ``None`` where that is not known.
        items: how many items came through the pipelines before it was failed and tried again.
    """

    attempt: int = 1
    delivered: int = 0
    tries: list[Try] = field(default_factory=list)
    first: bytes | None = None
    items: int = 0


class Envelope(msgspec.Struct, array_like=True, omit_defaults=True):
    """What a row's data is.

    Attributes:
        form: the request's stored form.
        parent: the identity of the request that led to it, 0 for ``start()``.
        found_at: when it was found, seconds since 1970.
        not_before_at: it waits at least until then.
        attempt: the number of its next try.
        tries: those that failed.
        first: of one that was tried, its stored form as it was offered.
        items: of one that had failed, how many items it had given all the same.
    """

    form: bytes
    parent: int
    found_at: float
    not_before_at: float | None = None
    attempt: int = 1
    tries: list[Try] = []
    first: bytes | None = None
    items: int = 0


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Envelope).decode
_first_64_bits = Struct(">q").unpack_from


def digest_of(key: str) -> int:
    """Return the name of a host as a signed 64-bit number."""
    digest: int = _first_64_bits(blake2b(key.encode("utf-8", "surrogatepass")).digest())[0]
    return digest


def open_envelope(row: Row) -> Envelope:
    """Return what a row holds.

    Raises:
        StoredError: it is damaged.
    """
    try:
        return _decode(row.data)
    except msgspec.MsgspecError as error:
        msg = f"the stored request {row.identity} cannot be read: {error}"
        raise StoredError(msg) from error


def _not_before(envelope: Envelope, now_at: float) -> float | None:
    """Return until when a request waits: from now on, no longer than it was to wait when its last try failed.

    The clock may have been set since; how much of the wait has passed is not known then.
    """
    if envelope.not_before_at is None:
        return None
    wait_s = _NOT_BEFORE_MAX_S
    if envelope.tries:
        wait_s = min(envelope.not_before_at - envelope.tries[-1][0], wait_s)
    return min(envelope.not_before_at, now_at + wait_s)


def with_tries(fate: FateRow) -> bytes:
    """Return what a failed request's row holds when it is tried again: the request, and what became of it until now.

    One that cannot be read stays as it is: whoever loads it will say so.
    """
    data = fate.data or b""
    try:
        envelope = open_envelope(Row(0, fate.identity, 0, 0, data))
    except StoredError:
        return data
    envelope.tries = [*fate.tries, (fate.ended_at, fate.reason)]
    envelope.attempt = len(envelope.tries) + 1
    envelope.first = envelope.form
    envelope.items = fate.items
    return _encode(envelope)


class Records:
    """Makes rows of requests, and requests of rows.

    Args:
        form: the stored form of a request.

    Attributes:
        samples: for each callback and errback met, the stored form of one request that names it, so that a resumed job
            can tell at once, and not in a week, that one of them is there no longer.
    """

    def __init__(self, form: StoredForm) -> None:
        self._form = form
        self.samples: list[bytes] = []
        self._sampled: set[tuple[Any, Any]] = set()

    def row(self, request: Request, tried: Tried | None, digest: int | None = None) -> Row:
        """Return the row of a request that has its identity and number.

        Args:
            request: what is pending.
            tried: what earlier attempts left.
            digest: the number of the request's host, where the caller knows it.

        Raises:
            UnstorableError: something in it has no stored form.
        """
        form = self._form.dump(request)
        if request.callback is not None or request.errback is not None:
            self._sample(request, form)
        origin: Any = request._origin
        parent, found_at = (0, 0.0) if origin is None else (origin.identity, origin.found_at)
        not_before_at = request._not_before_at
        delivered = 0
        if tried is None and not_before_at is None:
            data = _encode((form, parent, found_at))
        else:
            tried = tried or Tried()
            delivered = tried.delivered
            rest = (tried.attempt, tried.tries, tried.first, tried.items)
            data = _encode((form, parent, found_at, not_before_at, *rest))
        if digest is None:
            digest = digest_of(host_key(request))
        return Row(request._row or 0, request._identity or 0, digest, int(request.priority), data, delivered)

    def _sample(self, request: Request, form: bytes) -> None:
        callback, errback = request.callback, request.errback
        names = getattr(callback, "__func__", callback), getattr(errback, "__func__", errback)
        if names not in self._sampled:
            self._sampled.add(names)
            self.samples.append(form)

    def request(self, row: Row, now_at: float) -> tuple[Request, Tried | None]:
        """Return the request of a row, and what earlier attempts of it left.

        Args:
            row: as the store gave it.
            now_at: the wall clock's time.

        Raises:
            StoredError: it is damaged, or its callback or class is not there.
        """
        envelope = open_envelope(row)
        request = self._form.load(envelope.form)
        request._identity = row.identity
        request._row = row.number
        request._origin = Origin(envelope.parent, envelope.found_at)
        request._not_before_at = _not_before(envelope, now_at)
        if envelope.attempt == 1 and not row.delivered:
            return request, None
        return request, Tried(envelope.attempt, row.delivered, envelope.tries, envelope.first, envelope.items)

    def renewed(self, request: Request, first: bytes) -> Row:
        """Return a row for another try of a request from its beginning.

        Args:
            request: as its tries have left it.
            first: its stored form as it was offered.

        Raises:
            StoredError: its callback or class is not there.
        """
        again = self._form.load(first)
        again._identity, again._row, again._origin = request._identity, request._row, request._origin
        return self.row(again, None)

    def check(self, sample: bytes) -> None:
        """Read a stored form. Raises ``StoredError`` when what it names is not there."""
        self._form.load(sample)
