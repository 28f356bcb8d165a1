"""The contract between the engine and a frontier, wide enough for one process, many workers and Redis.

The verbs, in the order of a request's life: *offer* (is it new?), *lease* (its turn is now), *sent*, *landed* (the
body is read, the host's slot is free), then one of *finish*, *requeue* or *release*; finished visits leave in groups:
*seal*, *prepare*, *persist*. Politeness (*permit*) is asked for on its own by nested fetches.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from framework.http import Request

Refusal = str
"""Why an offer was refused: ``"duplicate"``, ``"offsite"``, ... ; ``None`` in its place means accepted."""


class FateKind(Enum):
    """How a request ended."""

    DONE = "done"
    REPLACED = "replaced"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fate:
    """How a request ended, and why."""

    kind: FateKind
    reason: str = ""


DONE = Fate(FateKind.DONE)
REPLACED = Fate(FateKind.REPLACED)


class Landing(Enum):
    """What the end of a transfer says about its host."""

    ANSWERED = "answered"
    SILENT = "silent"
    UNKNOWN = "unknown"


class Permit:
    """A host's turn: reserved, then either given back (*unsent*) or used (*sent*) and given back (*landed*).

    Attributes:
        host: the frontier's own record of the host; nobody else looks into it.
        key: the host's name, for messages.
        state: ``"reserved"``, ``"sent"`` or ``"over"``.
        sent_at: monotonic seconds of the sending, 0.0 before.
    """

    __slots__ = ("host", "key", "sent_at", "state")

    def __init__(self, host: Any, key: str) -> None:
        self.host = host
        self.key = key
        self.state: Literal["reserved", "sent", "over"] = "reserved"
        self.sent_at = 0.0

    def __repr__(self) -> str:
        return f"<Permit {self.key} {self.state}>"


class Lease:
    """One request whose turn has come, until it is finished, requeued or released.

    Attributes:
        request: what to fetch; ``None`` for the root, the visit of ``spider.start()``.
        identity: 64-bit identity of the request (its fingerprint's, or derived for ``dont_filter``).
        attempt: 1 for the first try, one more after each requeue.
        permit: the host's turn that came with the lease; ``None`` for the root.
        repeats: by request with ``dont_filter``, the number of the next one like it; the first is ``first_repeat``.
        delivered: how many items the visit's callback has delivered, in earlier attempts included: an attempt skips
            that many. What an errback or a recovery gave does not count.
        riders: requests of this visit that cannot be stored and have not ended; it is not finished before they are.
        rides_on: the visit that this one rides on, for a request that cannot be stored.
        fate: not to be fetched, but finished with this fate (a suspect); its permit is given back already.
        record: what the frontier itself keeps with the lease; nobody else looks into it.
    """

    __slots__ = (
        "attempt", "delivered", "fate", "first_repeat", "identity", "permit", "record", "repeats", "request", "riders",
        "rides_on"
    )  # fmt: skip

    def __init__(self, request: Request | None, identity: int, permit: Permit | None, attempt: int = 1) -> None:
        self.request = request
        self.identity = identity
        self.permit = permit
        self.attempt = attempt
        self.repeats: dict[int, int] | None = None
        self.first_repeat = self.delivered = self.riders = 0
        self.rides_on: Lease | None = None
        self.fate: Fate | None = None
        self.record: Any = None

    def __repr__(self) -> str:
        return f"<Lease {self.request!r} attempt {self.attempt}>" if self.request else "<Lease root>"


@dataclass(frozen=True, slots=True)
class Job:
    """One crawl that can be stopped and resumed.

    Attributes:
        name: unique among the user's jobs.
        spider: the spider's name.
        folder: where it is kept; ``None`` for a crawl that does not survive its process.
    """

    name: str
    spider: str
    folder: Path | None = None


@dataclass(slots=True)
class Resume:
    """What a frontier gives back at ``open``: everything that the last checkpoint of the job held.

    Attributes:
        is_resumed: ``False`` for a job that starts now.
        checkpoint: the number of the last checkpoint, 0 at a new job.
        has_started: ``spider.start()`` has come to its end in an earlier run, and is not to be run again.
        cuts: for each sink by name, where its durable output ends.
        state: ``spider.state``, each value as bytes of its stored form.
        components: what components with a ``snapshot`` kept (cookies, ...), by their dotted path.
    """

    is_resumed: bool = False
    checkpoint: int = 0
    has_started: bool = False
    cuts: dict[str, Any] = field(default_factory=dict)
    state: dict[str, bytes] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Snapshot:
    """What is stored with a group, in the same transaction. The fields are those of ``Resume``."""

    cuts: dict[str, Any] = field(default_factory=dict)
    state: dict[str, bytes] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """Finished visits that become durable together.

    Attributes:
        number: the checkpoint's number, growing by one.
        visits: the leases with their fates and how many items each delivered.
    """

    number: int
    visits: list[tuple[Lease, Fate, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """A change of one host's politeness; ``None`` leaves a value as it is.

    Attributes:
        delay_s: seconds between two sends.
        concurrency: transfers at the same time.
        hold_until_at: nothing is leased before this time (seconds on the wall clock, ``time.time()``).
    """

    delay_s: float | None = None
    concurrency: int | None = None
    hold_until_at: float | None = None


@dataclass(frozen=True, slots=True)
class HostView:
    """One host, as the progress display shows it."""

    key: str
    pending: int
    active: int
    delay_s: float
    failures: int


@dataclass(frozen=True, slots=True)
class FrontierView:
    """A frontier in numbers, at one moment. ``offered`` counts accepted requests only.

    At the close: offered = done + replaced + dropped + failed + pending.
    """

    offered: int
    refused: int
    pending: int
    leased: int
    done: int
    replaced: int
    dropped: int
    failed: int
    retried: int
    hosts: int
    busiest: tuple[HostView, ...] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of everything that was ever offered and accepted, counted from what is stored."""

    offered: int
    done: int
    replaced: int
    dropped: int
    failed: int
    pending: int

    @property
    def missing(self) -> int:
        """Return how many requests have no fate and are not pending: 0, or something was lost."""
        return self.offered - self.done - self.replaced - self.dropped - self.failed - self.pending


@dataclass(frozen=True, slots=True)
class Wait:
    """A gate's answer: not now; ask again when ``token`` is woken."""

    token: Hashable


@runtime_checkable
class Gate(Protocol):
    """A component that may hold requests back at the lease: robots.txt, a proxy pool, a rate rule.

    The frontier asks before it leases and knows nothing else of a gate.
    """

    def ask(self, request: Request) -> Wait | float | None:
        """Answer ``None`` (go), wall-clock seconds (not before), or a ``Wait`` (wake me later). Never blocks."""
        ...

    def connect_waker(self, wake: Waker) -> None:
        """Take the function that this gate calls when a token's requests may be asked about again."""
        ...


@runtime_checkable
class OfferFilter(Protocol):
    """A component that may refuse requests before they are stored: offsite, a user's own rule."""

    def refuse(self, request: Request) -> Refusal | None:
        """Return the reason for refusing the request (a short word, counted under it), or ``None``."""
        ...


class Waker(Protocol):
    """Wakes requests that wait for ``token``: all of them, or the ``count`` that waited longest."""

    def __call__(self, token: Hashable, count: int | None = None) -> None:
        """Wake the requests that wait for ``token``."""
        ...


class Frontier(Protocol):
    """What to fetch next, and when. See the module's docstring for the order of the verbs."""

    async def open(self, job: Job) -> Resume:
        """Take the job (refusing one that another process works on) and return its last checkpoint."""
        ...

    def root(self) -> Lease:
        """Return the lease of ``spider.start()``: the origin of every request that no page gave."""
        ...

    async def offer(self, origin: Lease, batch: Sequence[Request]) -> Sequence[Refusal | None]:
        """Take new requests, a page's worth in one call; answer for each why it was refused, or ``None``.

        Accepted requests are held in memory or spilled; never waits for requests to be crawled.
        """
        ...

    def is_known(self, request: Request) -> bool:
        """Say whether ``offer`` would surely refuse the request as a duplicate; ``False`` where that takes asking."""
        ...

    def refuse(self, origin: Lease, request: Request, reason: Refusal) -> None:
        """Note that a request was refused before it was offered (offsite, too deep, ...), for its fate to be known."""
        ...

    async def lease(self, limit: int) -> Sequence[Lease]:
        """Return up to ``limit`` requests whose turn is now; wait for one otherwise.

        Returns:
            Leases; empty only when everything offered has ended, here and at every other worker.
        """
        ...

    async def renew(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Prolong leases; return those that were lost to another worker.

        For frontiers whose leases expire. None of those built in is one, and the engine does not call this.
        """
        ...

    async def permit(self, request: Request, visit: Lease | None) -> Permit:
        """Wait for a host's turn for a nested fetch of ``visit``; it goes before new leases of that host."""
        ...

    def sent(self, permit: Permit) -> None:
        """Say that the request is on the wire now: delay and rate run from here."""
        ...

    def unsent(self, permit: Permit) -> None:
        """Give a turn back unused: a hook answered in the network's place."""
        ...

    def landed(self, permit: Permit, landing: Landing) -> None:
        """Free the host's slot: the body is read, or the transfer failed."""
        ...

    async def requeue(self, lease: Lease, request: Request, *, not_before_at: float | None, reason: str) -> None:
        """Put a retry back under the same identity, attempt + 1, not before ``not_before_at`` (``time.time()``)."""
        ...

    async def release(self, leases: Sequence[Lease]) -> None:
        """Put unworked leases back at the head, as if they had never been leased."""
        ...

    def deliver(self, lease: Lease, items: int) -> None:
        """Note that ``start()``, which goes on, has delivered items more: the open group has ``lease.delivered``."""
        ...

    def finish(self, lease: Lease, fate: Fate, items: int) -> None:
        """End a visit: it joins the open group with its fate and the number of items it delivered."""
        ...

    def seal(self) -> Group:
        """Close the open group; synchronous, called in one step with the sinks' seal."""
        ...

    async def prepare(self, group: Group) -> Sequence[Lease]:
        """Return visits of the group that were lost to another worker; awaited before the sinks write.

        Of the frontiers that are built in none loses any. No sink can take items back once they are sealed, so one
        visit returned here ends the crawl with a ``CrawlError``, and neither sinks nor frontier store the group.
        """
        ...

    async def persist(self, group: Group, snapshot: Snapshot) -> None:
        """Make a group durable, all or nothing; idempotent by its number."""
        ...

    def set_host(self, host: str, policy: HostPolicy) -> None:
        """Change one host's politeness: here at once, at other workers of the job as soon as they can know."""
        ...

    def stalled(self, permit: Permit) -> None:
        """Say that no first byte came for long: the host gets nothing more until something of it lands."""
        ...

    def stop_leasing(self) -> None:
        """Let ``lease`` return nothing from now on, at once: the crawl drains."""
        ...

    def host_key(self, request: Request) -> str:
        """Return the name of the host (the unit of politeness) that the request belongs to."""
        ...

    @property
    def pending(self) -> int:
        """Requests accepted and not leased."""
        ...

    @property
    def unsealed(self) -> int:
        """Finished visits that no checkpoint has stored yet."""
        ...

    def view(self) -> FrontierView:
        """Return the present numbers."""
        ...

    def stats(self) -> dict[str, Any]:
        """Return what the stats of the crawl tell of the frontier, by key; asked once, at the end."""
        ...

    async def balance(self) -> Balance:
        """Count what became of everything offered; from what is stored, where something is."""
        ...

    async def close(self, *, clean: bool) -> None:
        """Let the job go; ``clean`` when the crawl ended or was stopped by its user."""
        ...
