"""Nothing too early, nothing too much at once, dead hosts delay nobody.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

import asyncio

from framework.protocols import HostPolicy, Landing
from framework.testing.virtualtime import virtual_now

from .desk import NAP_S, FrontierSuite, names, on_its_loop, requests, wall_now


class PolitenessRules(FrontierSuite):
    """Nothing too early, nothing too much at once, dead hosts delay nobody."""

    @on_its_loop
    async def test_a_host_gets_no_more_turns_at_once_than_its_concurrency(self) -> None:
        desk = await self._desk(concurrency=2)
        await desk.offer(requests("1", "2", "3"))
        leases = await desk.lease()
        desk.send(leases)
        assert len(leases) == 2

        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        await asyncio.sleep(1)
        desk.land(leases[:1])

        assert names(await waiting) == ["3"]

    @on_its_loop
    async def test_the_delay_runs_from_the_sending(self) -> None:
        desk = await self._desk(delay_s=10.0, randomize=False)
        await desk.offer(requests("1", "2"))
        first = await desk.lease()
        await asyncio.sleep(60)
        assert await desk.lease() == []
        desk.send(first)
        sent_at = virtual_now()

        await desk.frontier.lease(1)

        assert 10.0 <= virtual_now() - sent_at < 10.0 + NAP_S

    @on_its_loop
    async def test_a_turn_given_back_unused_starts_no_delay(self) -> None:
        desk = await self._desk(delay_s=10.0, concurrency=1)
        await desk.offer(requests("1", "2"))
        (lease,) = await desk.lease()
        assert lease.permit is not None

        desk.frontier.unsent(lease.permit)
        desk.frontier.unsent(lease.permit)
        desk.frontier.landed(lease.permit, Landing.ANSWERED)
        desk.frontier.sent(lease.permit)

        assert names(await desk.lease()) == ["2"]

    @on_its_loop
    async def test_a_failure_before_the_sending_uses_the_turn_all_the_same(self) -> None:
        desk = await self._desk(delay_s=10.0, randomize=False)
        await desk.offer(requests("1", "2"))
        leases = await desk.lease()

        desk.land(leases, Landing.SILENT)
        desk.land(leases, Landing.SILENT)

        assert await desk.lease() == []
        assert names(await desk.frontier.lease(1)) == ["2"]
        assert 10.0 <= virtual_now() < 10.0 + 2 * NAP_S

    @on_its_loop
    async def test_download_slot_in_the_meta_names_another_host(self) -> None:
        desk = await self._desk(concurrency=1)
        await desk.offer([*requests("1", "2"), *requests("3", "4", meta={"download_slot": "other"})])

        assert sorted(names(await desk.lease())) in (["1", "3"], ["1", "4"])
        assert desk.frontier.host_key(requests("1", meta={"download_slot": "other"})[0]) == "other"
        assert desk.frontier.host_key(requests("1")[0]) == "a.example"

    @on_its_loop
    async def test_a_hold_stops_the_whole_host_and_no_other_one(self) -> None:
        desk = await self._desk(concurrency=4)
        await desk.offer(requests("1", "2", "3"))
        (lease,) = await desk.lease(1)
        desk.send([lease])
        desk.land([lease])
        await desk.offer(requests("other", host="b.example"))

        desk.frontier.set_host("a.example", HostPolicy(hold_until_at=wall_now() + 60))

        assert names(await desk.lease()) == ["other"]
        assert sorted(names(await desk.frontier.lease(9))) == ["2", "3"]
        assert 60 <= virtual_now() < 60 + 2 * NAP_S

    @on_its_loop
    async def test_delay_and_concurrency_of_one_host_can_be_changed(self) -> None:
        desk = await self._desk(concurrency=1)
        await desk.offer(requests("1", "2", "3"))
        waiting = asyncio.ensure_future(desk.frontier.lease(1))
        desk.send(await waiting)

        desk.frontier.set_host("a.example", HostPolicy(concurrency=3))
        assert len(await desk.lease()) == 2

        desk.frontier.set_host("a.example", HostPolicy(delay_s=5.0))
        assert desk.frontier.view().busiest[0].delay_s == 5.0

    @on_its_loop
    async def test_a_stalled_host_gets_nothing_until_something_of_it_lands(self) -> None:
        desk = await self._desk(concurrency=8)
        await desk.offer(requests("1", "2", "3", "4"))
        leases = await desk.lease(2)
        desk.send(leases)
        assert leases[0].permit is not None

        desk.frontier.stalled(leases[0].permit)
        assert await desk.lease() == []

        desk.land(leases[:1])
        assert len(await desk.lease()) == 2
        desk.frontier.stalled(leases[0].permit)  # it is over: nothing to say any more

    @on_its_loop
    async def test_a_stalled_turn_given_back_frees_its_host(self) -> None:
        desk = await self._desk(concurrency=8)
        await desk.offer(requests("1", "2", "3"))
        (lease,) = await desk.lease(1)
        assert lease.permit is not None

        desk.frontier.stalled(lease.permit)
        desk.frontier.unsent(lease.permit)

        assert len(await desk.lease()) == 2

    @on_its_loop
    async def test_a_host_that_stopped_answering_gets_one_probe_at_a_time(self) -> None:
        desk = await self._desk(concurrency=4, dead_after=2)
        await desk.offer(requests(*"123456789"))
        leases = await desk.lease(2)
        desk.send(leases)
        desk.land(leases, Landing.SILENT)

        (probe,) = await desk.lease()
        desk.send([probe])
        desk.land([probe], Landing.UNKNOWN)
        (probe,) = await desk.lease()
        desk.send([probe])
        desk.land([probe])

        assert len(await desk.lease()) == 4
