"""What becomes of visits: fates, groups, the balance.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

from framework.protocols import DONE, REPLACED, Fate, FateKind, Snapshot

from .desk import FrontierSuite, on_its_loop, requests


class Endings(FrontierSuite):
    """What becomes of visits: fates, groups, the balance."""

    @on_its_loop
    async def test_every_accepted_request_is_in_the_balance(self) -> None:
        desk = await self._desk(concurrency=100)
        await desk.offer(requests(*"123456"))
        leases = await desk.lease(5)
        fates = (DONE, REPLACED, Fate(FateKind.DROPPED, "offsite"), Fate(FateKind.FAILED, "timeout"))
        for lease, fate in zip(leases[:4], fates, strict=True):
            desk.finish([lease], fate)
        await desk.frontier.release(leases[4:])
        desk.frontier.finish(desk.root, DONE, 0)

        view = desk.frontier.view()
        assert (view.done, view.replaced, view.dropped, view.failed) == (1, 1, 1, 1)
        assert (view.offered, view.pending, view.leased) == (6, 2, 0)

    @on_its_loop
    async def test_finished_visits_leave_in_groups_and_each_once(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1", "2"))
        leases = await desk.lease()
        desk.finish(leases[:1])
        assert desk.frontier.unsealed == 1

        first = desk.frontier.seal()
        assert [lease.identity for lease, _, _ in first.visits] == [leases[0].identity]
        assert list(await desk.frontier.prepare(first)) == []
        desk.finish(leases[1:])
        await desk.frontier.persist(first, Snapshot())
        assert desk.frontier.unsealed == 1

        second = desk.frontier.seal()
        assert second.number == first.number + 1
        assert [lease.identity for lease, _, _ in second.visits] == [leases[1].identity]
        await desk.frontier.persist(second, Snapshot())
        assert desk.frontier.unsealed == 0

    @on_its_loop
    async def test_leases_of_one_worker_are_not_lost(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1"))

        assert list(await desk.frontier.renew(await desk.lease())) == []

    @on_its_loop
    async def test_a_closed_frontier_leases_nothing(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1"))

        await desk.frontier.close(clean=True)

        assert list(await desk.frontier.lease(1)) == []

    @on_its_loop
    async def test_the_view_names_the_hosts_where_most_is_waiting(self) -> None:
        desk = await self._desk(delay_s=3.0)
        await desk.offer(requests("1"))
        await desk.offer(requests("1", "2", "3", host="b.example"))

        view = desk.frontier.view()

        assert [(host.key, host.pending) for host in view.busiest] == [("b.example", 3), ("a.example", 1)]
        assert view.hosts == 2
