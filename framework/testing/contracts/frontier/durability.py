"""What a frontier that survives its process must do: nothing is lost and nothing comes twice, whenever it dies.

A test module derives from ``DurabilityContract`` beside ``FrontierContract`` and says how a frontier of a job is made::

    class TestMyFrontier(FrontierContract, DurabilityContract):
        def make_job_frontier(self, folder, politeness, gates, clock, wall_clock):
            return MyFrontier(...)

``crash`` is how one dies: by default the folder is copied as it is on disk at that moment, and the next frontier works
on the copy. One that keeps its data elsewhere overrides it.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from framework.frontier.hosts import Politeness
from framework.http import Request
from framework.http.request import RIDES
from framework.protocols import DONE, Fate, FateKind, Frontier, Gate, Snapshot, Wait

from .desk import FrontierSuite, OneGate, names, requests, wall_now
from .job import JobDesk, of_a_job

FAILED = Fate(FateKind.FAILED, "TimeoutError")


class DurabilityContract(FrontierSuite):
    """The suite of jobs. Derive from it in a test module and define ``make_job_frontier``."""

    def make_job_frontier(
        self,
        folder: Path,
        politeness: Politeness,
        gates: Sequence[Gate],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> Frontier:
        """Make the frontier of the job in ``folder``; called inside the running loop."""
        raise NotImplementedError

    async def crash(self, frontier: Frontier, folder: Path, deaths: int) -> Path:
        """Let the frontier die as it is, and return the folder of what is left."""
        left = folder.with_name(str(deaths))
        shutil.copytree(folder, left)
        await frontier.close(clean=False)
        return left

    @of_a_job()
    async def test_a_new_job_is_not_resumed(self, desk: JobDesk) -> None:
        assert desk.resume.is_resumed is False
        assert (desk.resume.checkpoint, desk.resume.has_started) == (0, False)

    @of_a_job()
    async def test_what_was_offered_and_committed_is_pending_after_a_crash_in_its_order(self, desk: JobDesk) -> None:
        page = await desk.page()
        await desk.offer(requests("start-1"))
        await desk.offer(requests("start-2"))
        await desk.offer(requests("1", "2", priority=5))
        await desk.offer(requests("3", "4"), origin=page)
        desk.finish([page])
        await desk.checkpoint()

        resume = await desk.crash()

        assert (resume.is_resumed, resume.checkpoint) == (True, 1)
        assert desk.frontier.pending == 6
        assert names(await desk.lease()) == ["1", "2", "3", "4", "start-1", "start-2"]

    @of_a_job(order="breadth")
    async def test_breadth_first_keeps_its_order_over_a_crash(self, desk: JobDesk) -> None:
        await desk.offer(requests("1", "2", "3"))
        (first,) = await desk.lease(1)
        await desk.offer(requests("4", "5"), origin=first)
        await desk.frontier.release([first])
        await desk.checkpoint()

        await desk.crash()

        assert names(await desk.lease()) == ["1", "2", "3", "4", "5"]

    @of_a_job()
    async def test_what_was_finished_and_committed_does_not_come_again(self, desk: JobDesk) -> None:
        await desk.offer(requests("1", "2", "3"))
        leases = await desk.lease()
        desk.work_off(leases[:1])
        await desk.checkpoint()
        desk.work_off(leases[1:2])

        await desk.crash()

        assert await desk.rest() == ["2", "3"]
        assert list(await desk.offer(requests("1", "2", "3", "4"))) == ["duplicate"] * 3 + [None]

    @of_a_job()
    async def test_what_was_offered_after_the_last_checkpoint_is_new_again_or_there(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        await desk.checkpoint()
        await desk.offer(requests("2"))

        await desk.crash()

        assert (await desk.offer(requests("1", "2")))[0] == "duplicate"
        assert sorted(await desk.rest()) == ["1", "2"]

    @of_a_job()
    async def test_a_sealed_group_that_was_not_stored_is_lost_whole(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        await desk.checkpoint()
        leases = await desk.lease()
        await desk.offer(requests("child"), origin=leases[0])
        desk.work_off(leases)
        desk.frontier.seal()

        await desk.crash()

        again = await desk.lease()
        assert leases[0].identity in [lease.identity for lease in again]
        await desk.offer(requests("child"), origin=again[0])
        assert sorted([*names(again), *await desk.rest()]) == ["1", "child"]

    @of_a_job()
    async def test_what_ends_between_seal_and_the_stored_checkpoint_belongs_to_the_next(self, desk: JobDesk) -> None:
        await desk.offer(requests("1", "2"))
        leases = await desk.lease()
        desk.work_off(leases[:1])
        group = desk.frontier.seal()
        desk.work_off(leases[1:])
        await desk.frontier.persist(group, Snapshot())

        await desk.crash()

        assert await desk.rest() == ["2"]
        await desk.checkpoint()
        assert await desk.is_balanced()

    @of_a_job()
    async def test_what_is_leased_parked_or_put_back_at_a_checkpoint_is_pending_after_a_crash(
        self, desk: JobDesk
    ) -> None:
        closed = [True]
        desk.gates = [OneGate(lambda r: Wait("t") if closed and r.url.endswith("parked") else None)]
        await desk.frontier.close(clean=True)
        await desk.open()
        await desk.offer(requests("leased", "parked", "released"))
        leases = await desk.lease()
        await desk.frontier.release([lease for lease in leases if names([lease]) == ["released"]])
        await desk.checkpoint()

        closed.clear()
        await desk.crash()

        assert desk.frontier.pending == 3
        assert sorted(await desk.rest()) == ["leased", "parked", "released"]

    @of_a_job()
    async def test_a_retry_keeps_identity_attempt_time_and_what_was_delivered(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        (lease,) = await desk.lease()
        assert lease.request is not None
        lease.delivered = 3
        changed = lease.request.replace(headers={"X-Try": "2"})
        await desk.frontier.requeue(lease, changed, not_before_at=wall_now() + 30, reason="503")
        await desk.checkpoint()

        await desk.crash()

        assert await desk.lease() == []
        (again,) = await desk.frontier.lease(1)
        assert (again.identity, again.attempt, again.delivered) == (lease.identity, 2, 3)
        assert again.request is not None
        assert again.request.headers["X-Try"] == b"2"

    @of_a_job()
    async def test_a_retry_that_was_not_committed_never_happened(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        await desk.checkpoint()
        (lease,) = await desk.lease()
        assert lease.request is not None
        await desk.frontier.requeue(
            lease, lease.request.replace(url="http://a.example/2"), not_before_at=None, reason=""
        )

        await desk.crash()

        (again,) = await desk.lease()
        assert (names([again]), again.attempt) == (["1"], 1)

    @of_a_job()
    async def test_what_hooks_do_to_a_leased_request_is_not_stored(self, desk: JobDesk) -> None:
        await desk.offer(requests("new"))
        await desk.checkpoint()
        await desk.offer(requests("newer"))
        for lease in await desk.lease():
            assert lease.request is not None
            lease.request.meta["download_slot"] = object()
        await desk.checkpoint()

        await desk.crash()

        leases = await desk.lease()
        assert len(leases) == 2
        assert all(lease.request is not None and not lease.request.meta for lease in leases)

    @of_a_job()
    async def test_what_a_checkpoint_was_given_comes_back(self, desk: JobDesk) -> None:
        await desk.checkpoint(cuts={"feed": {"offset": 7}}, state={"n": b"1"}, components={"cookies": b"2"})
        await desk.offer(requests("1"))

        resume = await desk.crash()

        assert resume.cuts == {"feed": {"offset": 7}}
        assert resume.state == {"n": b"1"}
        assert resume.components == {"cookies": b"2"}
        assert resume.has_started is False

    @of_a_job()
    async def test_the_end_of_start_is_remembered_when_it_was_committed(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        desk.frontier.finish(desk.root, DONE, 0)
        assert (await desk.crash()).has_started is False

        desk.frontier.finish(desk.root, DONE, 0)
        await desk.checkpoint()

        assert (await desk.crash()).has_started is True

    @of_a_job()
    async def test_numbers_go_on_counting(self, desk: JobDesk) -> None:
        await desk.offer(requests("1", "2", "3"))
        leases = await desk.lease()
        desk.finish(leases[:1])
        desk.finish(leases[1:2], FAILED)
        await desk.checkpoint()

        await desk.crash()
        await desk.offer(requests("4"))
        desk.work_off(await desk.lease())

        view = desk.frontier.view()
        assert (view.offered, view.done, view.failed, view.pending) == (4, 3, 1, 0)
        await desk.checkpoint()
        balance = await desk.frontier.balance()
        assert (balance.offered, balance.done, balance.failed, balance.pending) == (4, 3, 1, 0)
        assert balance.missing == 0

    @of_a_job()
    async def test_a_group_is_stored_once(self, desk: JobDesk) -> None:
        await desk.offer(requests("1"))
        group = desk.frontier.seal()
        await desk.frontier.persist(group, Snapshot())
        await desk.frontier.persist(group, Snapshot())

        await desk.stop()

        assert await desk.rest() == ["1"]

    @of_a_job()
    async def test_unfiltered_children_are_the_same_when_their_parent_is_crawled_again(self, desk: JobDesk) -> None:
        await desk.offer(requests("parent"))
        await desk.checkpoint()
        (parent,) = await desk.lease()
        again = requests("child", "child", dont_filter=True)
        await desk.offer(again, origin=parent)
        await desk.checkpoint()
        await desk.crash()

        leases = {names([lease])[0]: lease for lease in await desk.lease()}
        assert desk.frontier.view().pending == 0
        answers = await desk.offer(requests("child", "child", "child", dont_filter=True), origin=leases["parent"])

        assert list(answers) == ["duplicate", "duplicate", None]

    @of_a_job()
    async def test_a_rider_is_lost_with_its_process_and_comes_again_with_its_parent(self, desk: JobDesk) -> None:
        await desk.offer(requests("parent"))
        (parent,) = await desk.lease()
        rider, *_ = requests("rider", callback=lambda response: None)
        rider._row = RIDES
        assert list(await desk.offer([rider], origin=parent)) == [None]
        assert parent.riders == 1
        await desk.checkpoint()

        await desk.crash()

        (parent,) = await desk.lease()
        assert names([parent]) == ["parent"]
        rider = Request(rider.url)
        rider._row = RIDES
        assert list(await desk.offer([rider], origin=parent)) == [None]
        (riding,) = await desk.lease()
        assert riding.rides_on is parent
        desk.work_off([riding, parent])
        await desk.checkpoint()
        await desk.crash()

        assert desk.frontier.pending == 0
        assert list(await desk.offer(requests("parent", "rider"))) == ["duplicate", "duplicate"]
        assert await desk.is_balanced()

    @of_a_job()
    async def test_riders_are_leased_while_the_crawl_drains(self, desk: JobDesk) -> None:
        await desk.offer(requests("parent", "other"))
        (parent,) = await desk.lease(1)
        rider, *_ = requests("rider")
        rider._row = RIDES
        await desk.offer([rider, *requests("child")], origin=parent)

        desk.frontier.stop_leasing()

        (riding,) = await desk.lease()
        assert names([riding]) == ["rider"]
        desk.work_off([riding])
        assert list(await desk.frontier.lease(9)) == []
        desk.work_off([parent])
        await desk.checkpoint()
        await desk.stop()
        assert sorted(await desk.rest()) == ["child", "other"]

    @of_a_job()
    async def test_a_job_survives_many_crashes(self, desk: JobDesk) -> None:
        worked: list[str] = []
        for number in range(6):
            await desk.offer(requests(f"{number}-a", f"{number}-b", f"{number}-c"))
            leases = [lease for lease in await desk.lease(3) if names([lease]) != ["uncommitted"]][:2]
            worked += names(leases)
            desk.work_off(leases)
            await desk.checkpoint()
            await desk.offer(requests("uncommitted"))
            await desk.crash()

        worked += [name for name in await desk.rest() if name != "uncommitted"]

        assert sorted(worked) == sorted(f"{number}-{letter}" for number in range(6) for letter in "abc")
        await desk.checkpoint()
        assert await desk.is_balanced()
