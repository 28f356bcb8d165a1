"""Leasing, waiting for a lease, and putting requests back.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

import asyncio

from framework.protocols import DONE
from framework.testing.virtualtime import virtual_now

from .desk import NAP_S, FrontierSuite, names, on_its_loop, requests, wall_now


class Leases(FrontierSuite):
    """Leasing, waiting for a lease, and putting requests back."""

    @on_its_loop
    async def test_no_more_is_leased_than_asked_for(self) -> None:
        desk = await self._desk(concurrency=100)
        await desk.offer(requests("1", "2", "3"))

        assert len(await desk.lease(2)) == 2
        assert len(await desk.lease(2)) == 1

    @on_its_loop
    async def test_lease_waits_for_an_offer(self) -> None:
        desk = await self._desk()
        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        await asyncio.sleep(5)
        assert not waiting.done()

        await desk.offer(requests("1"))

        assert names(await waiting) == ["1"]

    @on_its_loop
    async def test_lease_returns_nothing_only_when_everything_has_ended(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1"))
        (lease,) = await desk.lease()
        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        desk.frontier.finish(desk.root, DONE, 0)
        await asyncio.sleep(5)
        assert not waiting.done()

        desk.work_off([lease])

        assert list(await waiting) == []
        assert list(await desk.frontier.lease(1)) == []

    @on_its_loop
    async def test_a_cancelled_lease_loses_nothing(self) -> None:
        desk = await self._desk()
        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        await asyncio.sleep(1)
        await desk.offer(requests("1"))
        waiting.cancel()
        await asyncio.wait([waiting])

        assert names(await desk.lease()) == ["1"]

    @on_its_loop
    async def test_stop_leasing_ends_the_wait_and_keeps_what_is_pending(self) -> None:
        desk = await self._desk(delay_s=100.0)
        await desk.offer(requests("1", "2"))
        desk.send(await desk.lease())
        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        await asyncio.sleep(1)

        desk.frontier.stop_leasing()

        assert list(await waiting) == []
        assert list(await desk.frontier.lease(1)) == []
        assert desk.frontier.pending == 1

    @on_its_loop
    async def test_released_leases_are_back_at_once_and_first(self) -> None:
        for order in ("depth", "breadth"):
            desk = await self._desk(order=order, concurrency=100)
            await desk.offer(requests("1", "2", "3", "4"))
            leases = await desk.lease(3)

            await desk.frontier.release(leases[1:])

            assert names(await desk.lease()) == ["2", "3", "4"]
            view = desk.frontier.view()
            assert (view.offered, view.pending, view.retried) == (4, 0, 0)

    @on_its_loop
    async def test_a_released_turn_was_not_used(self) -> None:
        desk = await self._desk(delay_s=10.0, concurrency=1)
        await desk.offer(requests("1"))

        await desk.frontier.release(await desk.lease())

        assert names(await desk.lease()) == ["1"]

    @on_its_loop
    async def test_a_requeued_request_keeps_its_identity_and_is_neither_filtered_nor_counted_again(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1"))
        (lease,) = await desk.lease()
        desk.send([lease])
        desk.land([lease])
        assert lease.attempt == 1
        assert lease.request is not None

        await desk.frontier.requeue(lease, lease.request.copy(), not_before_at=None, reason="503")
        (again,) = await desk.lease()

        assert (again.identity, again.attempt) == (lease.identity, 2)
        view = desk.frontier.view()
        assert (view.offered, view.refused, view.retried, view.pending) == (1, 0, 1, 0)

    @on_its_loop
    async def test_a_requeued_request_waits_for_its_time_and_holds_up_no_other_one(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1", "2"))
        (lease,) = await desk.lease(1)
        desk.send([lease])
        desk.land([lease])
        assert lease.request is not None

        await desk.frontier.requeue(lease, lease.request.copy(), not_before_at=wall_now() + 30, reason="503")

        assert names(await desk.lease()) == ["2"]
        assert names(await desk.frontier.lease(1)) == ["1"]
        assert 30 <= virtual_now() < 30 + NAP_S * 2
