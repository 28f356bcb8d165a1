"""What is new and what is not, and in which order requests go.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

from framework.http import Request

from .desk import FrontierSuite, names, on_its_loop, requests


class Offers(FrontierSuite):
    """What is new and what is not, and in which order requests go."""

    @on_its_loop
    async def test_what_was_offered_before_is_a_duplicate(self) -> None:
        desk = await self._desk()

        assert list(await desk.offer(requests("1", "2", "1"))) == [None, None, "duplicate"]
        assert list(await desk.offer(requests("2", "3"))) == ["duplicate", None]

        view = desk.frontier.view()
        assert (view.offered, view.refused, view.pending) == (3, 2, 3)

    @on_its_loop
    async def test_a_finished_request_stays_known(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1"))
        desk.work_off(await desk.lease())

        assert list(await desk.offer(requests("1"))) == ["duplicate"]

    @on_its_loop
    async def test_dont_filter_makes_each_one_a_request_of_its_own(self) -> None:
        desk = await self._desk()
        again = Request("http://a.example/1", dont_filter=True)

        answers = await desk.offer([*requests("1"), again, again, Request("http://a.example/1", dont_filter=True)])
        leases = await desk.lease()

        assert list(answers) == [None] * 4
        assert len({lease.identity for lease in leases}) == 4

    @on_its_loop
    async def test_the_nth_unfiltered_child_of_a_parent_has_the_same_identity_in_every_run(self) -> None:
        async def identities() -> list[int]:
            desk = await self._desk()
            page = await desk.page()
            await desk.offer(requests("1", "1", "2", dont_filter=True), origin=page)
            await desk.offer(requests("1", dont_filter=True), origin=page)
            return sorted(lease.identity for lease in await desk.lease())

        first, second = await identities(), await identities()
        assert first == second
        assert len(set(first)) == 4

    @on_its_loop
    async def test_an_unfiltered_request_does_not_make_the_plain_one_a_duplicate(self) -> None:
        desk = await self._desk()
        await desk.offer(requests("1", dont_filter=True))

        assert list(await desk.offer(requests("1"))) == [None]

    @on_its_loop
    async def test_a_request_that_cannot_be_queued_costs_no_other_one(self) -> None:
        desk = await self._desk()
        broken = Request("http://a.example/broken")
        broken.priority = "high"  # type: ignore[assignment]  # as a user's middleware may do

        answers = list(await desk.offer([*requests("1"), broken, *requests("2")]))

        assert answers[0] is None
        assert answers[1] not in (None, "duplicate")
        assert answers[2] is None
        assert sorted(names(await desk.lease())) == ["1", "2"]

    @on_its_loop
    async def test_links_go_in_page_order_and_before_older_ones_when_depth_first(self) -> None:
        desk = await self._desk(order="depth", concurrency=100)
        page = await desk.page()
        await desk.offer(requests("start"))
        await desk.offer(requests("1", "2", "3"), origin=page)
        await desk.offer(requests("4", "5"), origin=page)

        assert names(await desk.lease()) == ["4", "5", "1", "2", "3", "start"]

    @on_its_loop
    async def test_links_go_in_page_order_and_after_older_ones_when_breadth_first(self) -> None:
        desk = await self._desk(order="breadth", concurrency=100)
        page = await desk.page()
        await desk.offer(requests("start"))
        await desk.offer(requests("1", "2", "3"), origin=page)
        await desk.offer(requests("4", "5"), origin=page)

        assert names(await desk.lease()) == ["start", "1", "2", "3", "4", "5"]

    @on_its_loop
    async def test_requests_of_start_keep_their_order(self) -> None:
        for order in ("depth", "breadth"):
            desk = await self._desk(order=order, concurrency=100)
            for name in "123":
                await desk.offer(requests(name))

            assert names(await desk.lease()) == ["1", "2", "3"]

    @on_its_loop
    async def test_the_higher_priority_goes_first_also_between_hosts(self) -> None:
        desk = await self._desk(concurrency=100)
        await desk.offer([*requests("low", priority=-5), *requests("plain"), *requests("high", priority=7)])
        await desk.offer(requests("highest", host="b.example", priority=9))

        assert names(await desk.lease()) == ["highest", "high", "plain", "low"]

    @on_its_loop
    async def test_hosts_take_turns(self) -> None:
        desk = await self._desk(concurrency=100)
        for host in ("a.example", "b.example"):
            await desk.offer(requests("1", "2", host=host))

        hosts = [lease.request.url[7] for lease in await desk.lease() if lease.request]
        assert hosts in (["a", "b", "a", "b"], ["b", "a", "b", "a"])
