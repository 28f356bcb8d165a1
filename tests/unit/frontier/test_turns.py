"""The turns of nested fetches: who waits for one gets it, once, in time, and wakes nobody for nothing."""

import asyncio

from framework.frontier.hosts import Politeness, Schedule
from framework.frontier.turns import Turns
from framework.http import Request
from framework.protocols import HostPolicy, Landing
from framework.testing.virtualtime import virtual_now


def turns_with(**politeness):
    schedule = Schedule(Politeness(randomize=False, **politeness))
    changes = []
    turns = Turns(schedule, virtual_now, virtual_now, lambda: changes.append(virtual_now()))
    return turns, schedule, changes


def test_waiting_for_a_held_host_sets_one_timer_however_often_it_is_looked_at(run):
    async def case():
        turns, schedule, _ = turns_with(concurrency=9)
        turns.set_host("a", HostPolicy(hold_until_at=100.0))
        loop = asyncio.get_running_loop()
        waits = [asyncio.ensure_future(turns.wait("a")) for _ in range(3)]
        await asyncio.sleep(0)
        for _ in range(50):
            turns.set_host("a", HostPolicy())

        assert len([timer for timer in loop._scheduled if not timer.cancelled()]) == 1
        await asyncio.gather(*waits)
        assert 100.0 <= virtual_now() < 100.01
        assert schedule.host("a").active == 3

    run(case())


def test_a_turn_that_is_given_while_its_waiter_is_being_cancelled_goes_to_the_next(run):
    async def case():
        turns, schedule, _ = turns_with(concurrency=1)
        first = await turns.wait("a")
        cancelled, second = (asyncio.ensure_future(turns.wait("a")) for _ in range(2))
        await asyncio.sleep(0)

        cancelled.cancel()
        turns.unsent(first)  # before the cancelled one has run
        permit = await second

        assert permit.state == "reserved"
        assert cancelled.cancelled()
        assert schedule.host("a").active == 1

    run(case())


def test_a_turn_that_came_too_late_for_its_waiter_is_given_back(run):
    async def case():
        turns, schedule, _ = turns_with(concurrency=1)
        first = await turns.wait("a")
        late, other = (asyncio.ensure_future(turns.wait("a")) for _ in range(2))
        await asyncio.sleep(0)

        turns.unsent(first)
        late.cancel()  # it has the turn already and has not run yet
        permit = await other

        assert permit.state == "reserved"
        assert schedule.host("a").active == 1

    run(case())


def test_the_last_waiter_that_gives_up_lets_the_queue_go_on(run):
    async def case():
        turns, schedule, changes = turns_with(concurrency=1, delay_s=50.0)
        turns.sent(await turns.wait("a"))
        host = schedule.host("a")
        host.queue.push(Request("http://a/"))
        waiting = asyncio.ensure_future(turns.wait("a"))
        await asyncio.sleep(1)
        del changes[:]

        waiting.cancel()
        await asyncio.wait([waiting])

        assert changes
        assert not host.waiters

    run(case())


def test_ends_of_a_turn_count_once(run):
    async def case():
        turns, schedule, _ = turns_with(concurrency=5)
        permit = await turns.wait("a")
        host = schedule.host("a")

        turns.sent(permit)
        turns.sent(permit)
        turns.unsent(permit)
        assert (host.active, host.reserved) == (1, 0)
        for _ in range(2):
            turns.landed(permit, Landing.SILENT)

        assert (host.active, host.reserved, host.failures) == (0, 0, 1)

    run(case())


def test_a_stall_that_is_told_after_the_end_stalls_nobody(run):
    async def case():
        turns, schedule, _ = turns_with(concurrency=5)
        one, two = await turns.wait("a"), await turns.wait("a")
        turns.stalled(one)
        turns.unsent(two)  # says nothing of the one that stalls
        assert schedule.host("a").stalled is one
        turns.unsent(one)
        turns.stalled(one)

        assert schedule.host("a").stalled is None

    run(case())


def test_the_busiest_hosts_are_looked_up_only_now_and_then(run):
    async def case():
        turns, schedule, _ = turns_with()
        for number in range(200):
            schedule.host(f"h{number}")
        schedule.host("h1").queue.push(Request("http://h1/"))
        first = turns.busiest()
        assert first[0].key == "h1"

        assert turns.busiest() is first
        await asyncio.sleep(1)
        assert turns.busiest() is not first

    run(case())
