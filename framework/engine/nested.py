"""A fetch inside a visit (or of a component): ``await crawler.engine.download_async(request)``.

Place in the flow: step 5, "nested fetch". It has the politeness of its host's turn, is not stored and not filtered; it
goes before new leases. A hook that awaits one lends its own turn and its place in the total for the time being: nobody
waits while holding what another one needs.
"""

from __future__ import annotations

import asyncio
import time

from framework.http import Request, Response
from framework.protocols import Lease

from .limits import LiveTransfer
from .parts import Parts
from .visit import Visit


async def fetch_nested(parts: Parts, request: Request, visit: Visit | None) -> Response:
    """Fetch a request, following what hooks make of it (redirects, retries), and return the response.

    Raises:
        DownloadError: it got no usable response.
        IgnoreRequest: a hook dropped it.
    """
    if visit is None or visit.transfer.is_over:
        return await _follow(parts, request, visit.lease if visit else None)
    visit.transfer.lend()
    try:
        return await _follow(parts, request, visit.lease)
    finally:
        assert visit.lease.request is not None  # noqa: S101 - the root has no transfer
        permit = await parts.frontier.permit(visit.lease.request, visit.lease)
        visit.lease.permit = permit
        visit.transfer.regain(permit)


async def _follow(parts: Parts, request: Request, lease: Lease | None) -> Response:
    while True:
        outcome = await _fetch_once(parts, request, lease)
        if isinstance(outcome, Response):
            return outcome
        if not isinstance(outcome, Request):
            raise outcome
        request = outcome
        if request._retry is not None:
            request._retry = None
            not_before_at, request._not_before_at = request._not_before_at, None
            if not_before_at is not None:
                await asyncio.sleep(max(0.0, not_before_at - time.time()))


async def _fetch_once(parts: Parts, request: Request, lease: Lease | None) -> Response | Request | Exception:
    await parts.limits.nested_room()
    permit = await parts.frontier.permit(request, lease)
    transfer = LiveTransfer(parts.frontier, parts.limits, permit)
    try:
        return await parts.downloader.fetch(request, transfer)
    finally:
        transfer.settle()
