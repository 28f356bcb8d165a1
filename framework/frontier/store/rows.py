"""What goes into the store and comes out of it: plain records, opaque to the store where it need not look inside.

Those that each page needs are ``msgspec.Struct``, which is made four times as fast as a dataclass.

Place in the flow: the frontier fills a ``Changes`` at a spill or a checkpoint and hands it to ``Store.add`` or
``Store.commit``; at a resume it gets an ``Opened`` and reads ``Row`` by ``Row``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from msgspec import Struct

SeenMode = Literal["exact", "log"]
"""How identities are kept: in a table that can be asked, or in a log that only a filter's restart reads."""


class EndKind(IntEnum):
    """How a request ended, as a number in the file."""

    DONE = 1
    REPLACED = 2
    DROPPED = 3
    FAILED = 4
    REFUSED = 5


class Row(Struct):
    """One pending request.

    Attributes:
        number: its key, signed 64 bits; among requests of one host and priority it gives the order.
        identity: the request's identity, signed 64 bits.
        host: the hash of its host's key, signed 64 bits.
        priority: the request's priority, signed 64 bits.
        data: its stored form; the store never looks into it.
        delivered: items that earlier attempts have delivered, which the next one skips.
    """

    number: int
    identity: int
    host: int
    priority: int
    data: bytes
    delivered: int = 0


class FateRow(Struct):
    """How one request ended.

    Attributes:
        identity: the request's identity.
        kind: an ``EndKind``. Of the kinds 1 to 4 there is one fate for an identity (a later one takes its place);
            refusals are kept once for each (identity, reason), beside it.
        reason: a short word: the rule that dropped it, the error's name; empty for ``DONE``.
        url: the request's URL.
        method: its HTTP method.
        parent: the identity of the request on whose page it was found.
        found_at: when it was found, seconds since 1970.
        ended_at: when it ended, seconds since 1970.
        items: how many items it gave.
        tries: each try that failed: its time in seconds since 1970, and the error in words.
        data: of a failed request its stored form, for another try by ``requeue_failed``; else ``None``.
        host: with ``data``: the hash of its host's key.
        priority: with ``data``: its priority.
        delivered: with ``data``: the items that it has delivered all the same.
        row: the number of a stored row, which goes in the same transaction: ``data``, ``host`` and ``priority`` are
            taken from it.
    """

    identity: int
    kind: int
    reason: str
    url: str
    method: str
    parent: int
    found_at: float
    ended_at: float
    items: int
    tries: Sequence[tuple[float, str]]
    data: bytes | None = None
    host: int = 0
    priority: int = 0
    delivered: int = 0
    row: int | None = None


@dataclass(slots=True)
class StoredFilter:
    """A seen-filter that is written to a file of its own, beside the store's, and made valid by the transaction.

    Attributes:
        data: the file's content; the store adds a checksum and looks no further.
        upto: ``Store.log_end`` at the moment of the dump: everything that had been handed to ``add`` or ``commit`` by
            then is in it, and leaves the log.
    """

    data: bytes
    upto: int


@dataclass(slots=True)
class Changes:
    """One transaction. Every field may be empty.

    Attributes:
        rows: requests that become pending.
        gone: numbers of rows that go away; each must exist (those of ``rows`` do).
        seen: identities that are now known; those that were known already do no harm in the mode ``exact``.
        fates: requests that have ended, or were refused.
        stored_filter: in the mode ``log``: the filter that takes the place of the log so far.
    """

    rows: list[Row] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    fates: list[FateRow] = field(default_factory=list)
    stored_filter: StoredFilter | None = None


@dataclass(slots=True)
class Totals:
    """What the tables hold, counted there.

    Attributes:
        rows: pending requests.
        seen: known identities (in the mode ``log``: those since the stored filter).
        fates: how many of each ``EndKind``, where there are any.
    """

    rows: int = 0
    seen: int = 0
    fates: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Opened:
    """What a store held when it was opened.

    Attributes:
        is_new: there was nothing.
        checkpoint: the number of the last checkpoint, 0 at a new store.
        meta: the values of the last checkpoint, by name.
        counts: the counts of the last checkpoint, by name.
        pending_rows: how many rows there are.
        lowest: the lowest row number, 0 where there is none above.
        highest: the highest row number, 0 where there is none below.
        seen: how many identities ``each_seen`` gives.
        stored_filter: the content of the filter that holds those that are not in the log any more, or ``None``.
        clean: the store was closed by ``close(clean=True)``, and nothing has been written since.
    """

    is_new: bool = True
    checkpoint: int = 0
    meta: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    pending_rows: int = 0
    lowest: int = 0
    highest: int = 0
    seen: int = 0
    stored_filter: bytes | None = None
    clean: bool = True
