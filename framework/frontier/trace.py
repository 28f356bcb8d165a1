"""Everything that a job's file knows of one URL.

Place in the flow: ``fwk why`` asks for a ``Trace`` and puts it into words. A plain GET is found by its identity; other
methods, bodies and ``dont_filter`` requests, which have identities of their own, are found by their URL.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from framework.exceptions import StoredError
from framework.http.fingerprint import canonical_url
from framework.http.stored import Glance, glance

from .records import Envelope, open_envelope
from .store import EndKind, FateRow, Row, StoreSearch

_PARENTS_LOOKED_FOR: Final = 5
_SUCCESSORS: Final = 3
_CANDIDATES: Final = 2000
_NEAR: Final = 3
_SURE = re.compile(r"https?://[A-Za-z0-9.:\-]+(?:/[A-Za-z0-9\-._~/]*)?")


@dataclass(slots=True)
class Waiting:
    """A request that was pending at the last checkpoint, or in flight.

    Attributes:
        row: as it is stored.
        envelope: who found it, its tries, and when it goes on at the earliest.
        form: what it asks for; ``None`` where that cannot be read.
    """

    row: Row
    envelope: Envelope
    form: Glance | None


@dataclass(slots=True)
class Trace:
    """What is known of one URL.

    Attributes:
        fates: how its requests ended and which rules refused some, earliest first.
        waiting: its requests that have not ended.
        urls: of the requests that led to these, by identity.
        successors: what a replaced request led to, by its identity.
        is_seen: a plain GET of it was accepted; ``None`` where nobody can tell.
    """

    fates: list[FateRow] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    urls: dict[int, str] = field(default_factory=dict)
    successors: dict[int, list[str]] = field(default_factory=dict)
    is_seen: bool | None = False

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.fates or self.waiting or self.is_seen)


def trace(reader: StoreSearch, url: str, identity: int) -> Trace:
    """Return what a job knows of a URL.

    Args:
        reader: the job's file.
        url: as a request has it.
        identity: of a GET of this URL.

    Raises:
        DamagedJob: something in the file is not what was written.
        StoreError: the file cannot be read.
    """
    found = Trace(is_seen=reader.is_seen(identity))
    wanted = canonical_url(url)
    found.fates = reader.fates_of(_sure_part(wanted), canonical_url, wanted)
    # With a fingerprinter of one's own another spelling may be the same request.
    known = {(fate.identity, fate.kind == EndKind.REFUSED) for fate in found.fates}
    own = reader.fate(identity)
    if own is not None and (identity, False) not in known:
        found.fates.append(own)
    if (identity, True) not in known:
        found.fates += reader.refusals(identity)
    found.fates.sort(key=lambda fate: fate.found_at)
    waiting = [_waiting(row) for row in reader.waiting(identity, {url, wanted})]
    found.waiting = [one for one in waiting if one.row.identity == identity or _is_of(one, wanted)]
    _name_others(found, reader)
    return found


def near_misses(reader: StoreSearch, url: str) -> list[str]:
    """Return a few URLs of the job that are much like one that it does not know: of the same folder, else host."""
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}/"
    folder = f"{url.partition('?')[0].rpartition('/')[0]}/"
    for prefix in dict.fromkeys((folder if folder.startswith(host) else host, host)):
        candidates = reader.urls_below(prefix, _CANDIDATES)
        if candidates:
            return difflib.get_close_matches(url, candidates, n=_NEAR, cutoff=0.0)
    return []


def _sure_part(url: str) -> str:
    """Return the beginning that all spellings of a canonical URL have."""
    match = _SURE.match(url)
    return "" if match is None else match[0].rstrip("/")


def _waiting(row: Row) -> Waiting:
    envelope = open_envelope(row)
    try:
        return Waiting(row, envelope, glance(envelope.form))
    except StoredError:
        return Waiting(row, envelope, None)


def _is_of(one: Waiting, wanted: str) -> bool:
    try:
        return one.form is not None and canonical_url(one.form.url) == wanted
    except ValueError:
        return False


def _name_others(found: Trace, reader: StoreSearch) -> None:
    parents = {fate.parent for fate in found.fates} | {one.envelope.parent for one in found.waiting}
    found.urls = reader.urls_of(parents)
    for parent in [parent for parent in parents if parent not in found.urls and parent][:_PARENTS_LOOKED_FOR]:
        # A page may have children in the file before it has a fate itself.
        rows = reader.waiting(parent, ())
        form = _waiting(rows[0]).form if rows else None
        if form is not None:
            found.urls[parent] = form.url
    for fate in found.fates:
        if fate.kind == EndKind.REPLACED:
            found.successors[fate.identity] = reader.urls_found_by(fate.identity, _SUCCESSORS)
