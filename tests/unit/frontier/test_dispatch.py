"""Suspects, riders and gates at the lease, beyond the contract of all frontiers."""

import asyncio

import pytest

from framework.frontier.suspects import DEATHS_MAX, Deaths, Suspects
from framework.http.request import RIDES
from framework.protocols import DONE, Fate, FateKind, HostPolicy, Wait
from framework.testing.virtualtime import virtual_now


class Gate:
    """Refuses what it is told to."""

    def __init__(self, answer=None):
        self.answer = answer

    def ask(self, request):
        return self.answer

    def connect_waker(self, wake):
        self.wake = wake


async def suspected(jobs, crawl, *, alone=0, **arguments):
    """Give a frontier with a suspect, "bad", and two others, "1" and "2"."""
    frontier = jobs.disk()
    await frontier.open(crawl.job)
    bad, *_ = requests = crawl.pages("bad", "1", "2")
    await frontier.offer(frontier.root(), requests)
    await crawl.checkpoint(frontier)
    await frontier.close(clean=False)
    for number in range(DEATHS_MAX + alone):
        suspects = Suspects(jobs.folder / "inflight")
        suspects.open(has_died=number > 0)
        suspects.enter(bad._identity)
        suspects.close(clean=False)
    frontier = jobs.disk(**arguments)
    await frontier.open(crawl.job)
    return frontier


def names(leases):
    return [lease.request.url.rpartition("/")[2] for lease in leases]


def test_a_suspect_is_leased_when_nothing_else_is_in_flight_and_nothing_with_it(run, jobs, crawl, caplog):
    async def case():
        frontier = await suspected(jobs, crawl)
        leases = await frontier.lease(9)
        assert names(leases) == ["1", "2"]
        waiting = asyncio.ensure_future(frontier.lease(9))
        await asyncio.sleep(1)
        frontier.finish(leases[0], DONE, 0)
        await asyncio.sleep(1)
        assert not waiting.done()

        frontier.finish(leases[1], DONE, 0)
        (alone,) = await waiting
        assert names([alone]) == ["bad"]
        await frontier.offer(alone, crawl.pages("child"))
        waiting = asyncio.ensure_future(frontier.lease(9))
        await asyncio.sleep(1)
        assert not waiting.done()
        frontier.finish(alone, DONE, 0)

        assert names(await waiting) == ["child"]
        await frontier.close(clean=True)

    run(case())
    assert "bad> was in flight each of the last 3 times that the process died" in caplog.text


def test_who_was_alone_at_three_deaths_is_failed(run, jobs, crawl, caplog):
    async def case():
        frontier = await suspected(jobs, crawl, alone=DEATHS_MAX)
        assert await crawl.work_off(frontier, most=2) == ["1", "2"]

        (guilty,) = await frontier.lease(9)

        assert names([guilty]) == ["bad"]
        assert guilty.permit.state == "over"
        frontier.finish(guilty, guilty.fate, 0)
        assert frontier.view().failed == 1
        await crawl.checkpoint(frontier)
        assert (await frontier.balance()).missing == 0
        await frontier.close(clean=True)

    run(case())
    assert "bad> is given up (suspect)" in caplog.text


def test_who_is_to_be_failed_may_be_put_back_and_is_to_be_failed_again(run, jobs, crawl):
    async def case():
        frontier = await suspected(jobs, crawl, alone=DEATHS_MAX)
        await crawl.work_off(frontier, most=2)
        await frontier.release(await frontier.lease(9))
        assert frontier.pending == 1

        (guilty,) = await frontier.lease(9)

        assert guilty.fate == Fate(FateKind.FAILED, "suspect")
        await frontier.release([guilty])
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("alone", [0, DEATHS_MAX])
def test_a_suspect_waits_for_a_later_run_when_only_riders_go(run, jobs, crawl, alone):
    async def case():
        frontier = await suspected(jobs, crawl, alone=alone)
        one, two = await frontier.lease(9)
        rider, late = crawl.pages("rider", "late", host="held.example")
        rider._row = late._row = RIDES
        frontier.set_host("held.example", HostPolicy(hold_until_at=virtual_now() + 9))
        await frontier.offer(one, [rider, late])
        frontier.finish(two, DONE, 0)
        frontier.stop_leasing()

        riding = await frontier.lease(9)

        assert sorted(names(riding)) == ["late", "rider"]
        assert frontier.pending == 1
        for lease in riding:
            frontier.finish(lease, DONE, 0)
        frontier.finish(one, DONE, 0)
        assert list(await frontier.lease(9)) == []
        await crawl.checkpoint(frontier)
        balance = await frontier.balance()
        assert (balance.pending, balance.missing) == (1, 0)
        assert frontier._dispatch.counted() == 1
        await frontier.close(clean=True)

    run(case())


def test_a_suspect_that_rides_goes_alone_while_the_crawl_drains(run, jobs, crawl):
    async def case():
        frontier = await suspected(jobs, crawl)
        one, two = await frontier.lease(9)
        rider, other = crawl.pages("rider", "other")
        rider._row = other._row = RIDES
        await frontier.offer(one, [rider, other])
        frontier._dispatch.suspects.known[rider._identity] = Deaths(DEATHS_MAX)
        (leased,) = await frontier.lease(9)
        assert names([leased]) == ["other"]
        frontier.finish(two, DONE, 0)
        frontier.stop_leasing()
        waiting = asyncio.ensure_future(frontier.lease(9))
        await asyncio.sleep(1)
        assert not waiting.done()

        frontier.finish(leased, DONE, 0)

        assert names(await waiting) == ["rider"]
        await frontier.close(clean=False)

    run(case())


def test_what_is_loaded_when_the_crawl_begins_to_drain_waits_for_a_later_run(run, jobs, crawl):
    async def case():
        frontier = jobs.disk()
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages("1", "2"))
        await crawl.checkpoint(frontier)
        await frontier.close(clean=True)
        frontier = jobs.disk()
        await frontier.open(crawl.job)
        waiting = asyncio.ensure_future(frontier.lease(9))
        await asyncio.sleep(0)
        frontier.stop_leasing()

        assert list(await waiting) == []
        assert frontier.pending == 2
        await frontier.close(clean=True)

    run(case())


def test_a_suspect_waits_for_its_hosts_turn_too(run, jobs, crawl):
    async def case():
        frontier = await suspected(jobs, crawl, delay_s=10.0, randomize=False)
        worked = await crawl.work_off(frontier)

        assert worked == ["1", "2", "bad"]
        assert virtual_now() >= 20
        await frontier.close(clean=True)

    run(case())


def test_a_suspect_waits_for_an_event_at_its_host_too(run, jobs, crawl):
    async def case():
        frontier = await suspected(jobs, crawl, concurrency=1)
        await crawl.work_off(frontier, most=2)
        (request,) = crawl.pages("nested")
        permit = await frontier.permit(request, None)
        waiting = asyncio.ensure_future(frontier.lease(1))
        await asyncio.sleep(5)
        assert not waiting.done()
        frontier.unsent(permit)

        assert names(await waiting) == ["bad"]
        await frontier.close(clean=True)

    run(case())


def test_a_suspect_passes_the_gates_too(run, jobs, crawl):
    async def case():
        gate = Gate()
        frontier = await suspected(jobs, crawl, gates=[gate])
        await crawl.work_off(frontier, most=2)
        gate.answer = Wait("token")
        waiting = asyncio.ensure_future(frontier.lease(1))
        await asyncio.sleep(5)
        assert not waiting.done()
        gate.answer = None
        gate.wake("token")

        assert names(await waiting) == ["bad"]
        await frontier.close(clean=True)

    run(case())


def test_a_visit_that_waits_for_its_riders_is_not_suspected(run, jobs, crawl):
    async def case():
        frontier = jobs.disk()
        await frontier.open(crawl.job)
        await frontier.offer(frontier.root(), crawl.pages("page"))
        (page,) = await frontier.lease(1)
        (rider,) = crawl.pages("rider")
        rider._row = RIDES
        await frontier.offer(page, [rider])

        assert frontier._dispatch.suspects.in_flight == 0
        assert names(await frontier.lease(1)) == ["rider"]
        assert frontier._dispatch.suspects.in_flight == 1
        await frontier.close(clean=True)

    run(case())


def test_while_draining_what_a_gate_lets_go_stays_where_it_is(run, jobs, crawl):
    async def case():
        gate = Gate(Wait("token"))
        frontier = jobs.disk(gates=[gate])
        await frontier.open(crawl.job)
        root = frontier.root()
        await frontier.offer(root, crawl.pages("parked"))
        gate.answer = None
        await frontier.offer(root, crawl.pages("page"))
        gate.answer = Wait("token")
        waiting = asyncio.ensure_future(frontier.lease(2))
        await asyncio.sleep(1)
        gate.answer = None
        gate.wake("token", 1)
        (page,) = await waiting
        (rider,) = crawl.pages("rider", host="held.example")
        rider._row = RIDES
        frontier.set_host("held.example", HostPolicy(hold_until_at=virtual_now() + 9))
        await frontier.offer(page, [rider])
        frontier.stop_leasing()
        waiting = asyncio.ensure_future(frontier.lease(9))
        await asyncio.sleep(1)
        gate.wake("token")

        (riding,) = await waiting

        assert names([riding]) == ["rider"]
        assert frontier.pending == 1
        frontier.finish(riding, DONE, 0)
        await crawl.checkpoint(frontier)
        assert list(await frontier.lease(1)) == []
        await frontier.close(clean=True)

    run(case())


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_the_balance_finds_what_waits_wherever_it_is(run, jobs, crawl, kind):
    async def case():
        gate = Gate()
        frontier = getattr(jobs, kind)(gates=[gate])
        await frontier.open(crawl.job)
        root = frontier.root()
        (later,) = crawl.pages("later")
        later._not_before_at = 100.0
        await frontier.offer(root, [later, *crawl.pages("parked", "1", "2")])
        gate.answer = Wait("token")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await frontier.lease(1)
        await crawl.checkpoint(frontier)

        balance = await frontier.balance()

        assert (balance.offered, balance.pending, balance.missing) == (4, 4, 0)
        await frontier.close(clean=True)

    run(case())
