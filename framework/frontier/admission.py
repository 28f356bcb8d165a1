"""What is new: the identity of each offered request, and whether it was offered before.

Place in the flow: ``offer`` asks here for a page's requests at once. Nearly all are answered by the seen-set alone;
what it is not sure of is asked of the store, in one question a page.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from random import getrandbits
from typing import Any

from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import Lease, Refusal

from .identity import ROOT_IDENTITY, derived, identity_of
from .riders import Riders
from .seen import NEW, SEEN, SeenSet
from .seen.own import OwnDupeFilter

logger = logging.getLogger(__name__)

Known = Callable[[Sequence[int]], Awaitable[set[int]]]


class Admission:
    """Says what of an offer is new.

    Args:
        fingerprinter: says which requests are the same one.
        seen: the identities that were offered.
        riders: say whether one more request that cannot be stored is allowed.
        known: asks the store which of some identities it has.
        own: a filter of the user's (``DUPEFILTER_CLASS``), asked instead about requests without ``dont_filter``.

    Attributes:
        identity: gives a request's own identity.
        own: the filter of the user's, or ``None``.
        start: the visit of ``start()``, whose output is the same in every run; other requests without a page come from
            components.
    """

    def __init__(
        self, fingerprinter: Any, seen: SeenSet, riders: Riders, known: Known, own: OwnDupeFilter | None = None
    ) -> None:
        self.identity = identity_of(fingerprinter)
        self._seen = seen
        self._riders = riders
        self._known = known
        self.own = own
        self.start: Lease | None = None

    def stats(self) -> dict[str, Any]:
        """Return the numbers of the seen-set."""
        return self._seen.stats()

    def is_known(self, request: Request) -> bool:
        """Say whether the request was surely offered before."""
        if self.own is not None:
            return False
        try:
            return self._seen.check(self.identity(request)) == SEEN
        except Exception:
            return False  # the offer will say what is wrong

    async def admit(self, origin: Lease, batch: Sequence[Request]) -> tuple[list[Refusal | None], list[Request]]:
        """Return for each request why it is refused, or ``None``; and those that are not, in their order."""
        answers: list[Refusal | None] = []
        fresh: list[Request] = []
        unsure: list[tuple[int, int, int]] = []
        seen, is_ours, identity_of_request = self._seen, self.own is None, self.identity
        for request in batch:
            try:
                if request._row is None and request.priority.__class__ is int and not request.dont_filter and is_ours:
                    named, identity = request, identity_of_request(request)  # nearly all
                    named._identity = identity
                else:
                    named = self._named(origin, request)
                    identity = named._identity or 0
                verdict = seen.check(identity)
                # Of a parent that is crawled again a child may be known: it was let pass before, whatever is said now.
                # Asked all the same, the user's filter learns it: a crash left it with an older snapshot.
                is_refused = not is_ours and self._own_refuses(named)
            except Exception as error:
                logger.error("%r cannot be queued, and is lost: %s", request, error, exc_info=error)
                answers.append("broken")
                continue
            if verdict == SEEN or is_refused:
                answers.append("duplicate")
            elif named._row == RIDES and not self._riders.may_ride(origin):
                answers.append("unstorable")
            else:
                if verdict == NEW:
                    seen.add(identity)
                else:
                    unsure.append((identity, len(answers), len(fresh)))
                answers.append(None)
                fresh.append(named)
        if unsure:
            await self._ask(unsure, answers, fresh)
        return answers, fresh

    def _named(self, origin: Lease, request: Request) -> Request:
        """Return the request with its identity; a copy where the same object may have been offered before."""
        check_priority(request)
        if request._row is not None and request._row != RIDES:
            request = request.copy()  # the same object is pending or in flight
        if not request.dont_filter and self.own is None:
            request._identity = self.identity(request)
            return request
        if request._identity is not None:
            row, again = request._row, request.copy()
            again._row = RIDES if row == RIDES else None
            request = again
        request._retry = None  # a callback may yield what was made for a retry: here it is a request like others
        fingerprint = self.identity(request)
        if origin.identity == ROOT_IDENTITY and origin is not self.start:
            # Nobody will offer it again after a crash; and what some component wants again and again is new each time.
            request._identity = derived(ROOT_IDENTITY, fingerprint, getrandbits(62))
            return request
        repeats = origin.repeats
        if repeats is None:
            repeats = origin.repeats = {}
        nth = repeats.get(fingerprint, origin.first_repeat)
        repeats[fingerprint] = nth + 1
        request._identity = derived(origin.identity, fingerprint, nth)
        return request

    def _own_refuses(self, request: Request) -> bool:
        return not request.dont_filter and self.own is not None and self.own.refuses(request)

    async def _ask(
        self, unsure: list[tuple[int, int, int]], answers: list[Refusal | None], fresh: list[Request]
    ) -> None:
        """Decide what the seen-set was not sure of; asked once more afterwards, as others have been offered since."""
        seen = self._seen
        known = await self._known([identity for identity, _, _ in unsure])
        refused = set()
        for identity, answer_at, fresh_at in unsure:
            if identity in known:
                seen.confirm(identity)
            elif seen.check(identity) != SEEN:
                seen.add(identity)
                continue
            answers[answer_at] = "duplicate"
            refused.add(fresh_at)
        fresh[:] = [request for at, request in enumerate(fresh) if at not in refused]


def check_priority(request: Request) -> None:
    """Refuse, before anything has changed, what could not be compared with others later on.

    Raises:
        TypeError: its priority is no ``int``.
    """
    if request.priority.__class__ is not int and not isinstance(request.priority, int):
        msg = f"its priority must be an int, not {request.priority!r}"  # type: ignore[unreachable]
        raise TypeError(msg)
