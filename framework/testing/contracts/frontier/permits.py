"""The turns of nested fetches.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

import asyncio

from framework.protocols import HostPolicy, Landing
from framework.testing.virtualtime import virtual_now

from .desk import NAP_S, FrontierSuite, names, on_its_loop, requests, wall_now


class Permits(FrontierSuite):
    """The turns of nested fetches."""

    @on_its_loop
    async def test_a_permit_goes_before_the_hosts_queue(self) -> None:
        desk = await self._desk(concurrency=1)
        await desk.offer(requests("1", "2"))
        leases = await desk.lease()
        desk.send(leases)
        nested = asyncio.ensure_future(desk.frontier.permit(requests("n")[0], leases[0]))
        await asyncio.sleep(1)
        assert not nested.done()

        desk.land(leases)
        assert await desk.lease() == []
        permit = await nested
        assert await desk.lease() == []
        desk.frontier.sent(permit)
        desk.frontier.landed(permit, Landing.ANSWERED)

        assert names(await desk.lease()) == ["2"]

    @on_its_loop
    async def test_permits_come_in_the_order_of_asking_and_keep_the_delay(self) -> None:
        desk = await self._desk(delay_s=10.0, randomize=False)
        got: list[tuple[str, float]] = []

        async def fetch(name: str) -> None:
            permit = await desk.frontier.permit(requests(name)[0], None)
            got.append((name, virtual_now() // 1))
            desk.frontier.sent(permit)
            desk.frontier.landed(permit, Landing.ANSWERED)

        await asyncio.gather(*(fetch(name) for name in "123"))

        assert got == [("1", 0.0), ("2", 10.0), ("3", 20.0)]

    @on_its_loop
    async def test_a_hold_binds_permits_too(self) -> None:
        desk = await self._desk()
        desk.frontier.set_host("a.example", HostPolicy(hold_until_at=wall_now() + 30))
        nested = asyncio.ensure_future(desk.frontier.permit(requests("n")[0], None))
        await asyncio.sleep(1)
        desk.frontier.set_host("a.example", HostPolicy(hold_until_at=wall_now() + 60))

        await nested

        assert 61 <= virtual_now() < 61 + NAP_S

    @on_its_loop
    async def test_a_cancelled_wait_for_a_permit_leaves_no_trace(self) -> None:
        desk = await self._desk(concurrency=1)
        await desk.offer(requests("1", "2"))
        leases = await desk.lease()
        desk.send(leases)
        waits = [asyncio.ensure_future(desk.frontier.permit(requests(n)[0], None)) for n in "xy"]
        await asyncio.sleep(1)

        waits[0].cancel()
        await asyncio.sleep(1)
        desk.land(leases)
        waits[1].cancel()  # its turn has come in this very moment
        await asyncio.wait(waits)

        assert names(await desk.lease()) == ["2"]
