"""A fetch inside a visit (or of a component): ``await crawler.engine.download_async(request)``.

Place in the flow: step 5, "nested fetch". It has the politeness of its host's turn, is not stored and not filtered; it
goes before new leases. A hook that awaits one lends its own turn and its place in the total for the time being: nobody
waits while holding what another one needs.
"""

from __future__ import annotations

import asyncio

from framework.http import Request, Response
from framework.protocols import Lease, Permit

from .limits import LiveTransfer, current_transfer
from .parts import Parts


async def fetch_nested(parts: Parts, request: Request) -> Response:
    """Fetch a request, following what hooks make of it (redirects, retries), and return the response.

    Raises:
        DownloadError: it got no usable response.
        IgnoreRequest: a hook dropped it.
    """
    lender = current_transfer.get()
    lease = lender.lease if lender is not None else None
    if lender is None or lender.is_over:
        return await _follow(parts, request, lease)
    lender.lend()
    try:
        return await _follow(parts, request, lease)
    finally:
        lender.end_loan()
        await _take_back(parts, lender)


async def _take_back(parts: Parts, lender: LiveTransfer) -> None:
    """Get the lender a new turn; of several fetches that end meanwhile one waits for the turn, the others for that."""
    while lender.needs_turn:
        if lender.regaining is not None:
            await asyncio.shield(lender.regaining)
            continue
        regaining = lender.regaining = asyncio.get_running_loop().create_future()
        try:
            lender.regain(await _turn(parts, lender.request, lender.lease))
        finally:
            lender.regaining = None
            regaining.set_result(None)


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
                await asyncio.sleep(max(0.0, not_before_at - parts.wall_clock()))


async def _fetch_once(parts: Parts, request: Request, lease: Lease | None) -> Response | Request | Exception:
    permit = await _turn(parts, request, lease)
    transfer = LiveTransfer(parts.frontier, parts.limits, permit, request, lease)
    # Its hooks may await a nested fetch in their turn, and lend what this one has.
    outer = current_transfer.set(transfer)
    try:
        return await parts.downloader.fetch(request, transfer)
    finally:
        current_transfer.reset(outer)
        transfer.settle()


async def _turn(parts: Parts, request: Request, lease: Lease | None) -> Permit:
    """Wait for a place in the total and a turn of the request's host."""
    await parts.limits.nested_room()
    permit = await parts.frontier.permit(request, lease)
    try:
        # The place may have gone while the host's turn was awaited. Nobody who has a place waits for a turn, so this
        # wait ends.
        await parts.limits.nested_room()
    except BaseException:
        parts.frontier.unsent(permit)
        raise
    return permit
