"""How much may be going on at once, and who is woken when."""

import asyncio
from contextlib import suppress

import pytest

from framework.engine.limits import Limits, LiveTransfer
from framework.http import Request
from framework.protocols import Landing, Permit
from framework.testing.virtualtime import virtual_now


class Told:
    """A frontier that notes what it is told of turns."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda permit, *rest: self.calls.append(name)


def limits_with(**settings):
    defaults = {"concurrency": 2, "sockets_max": 100, "stall_after_s": 1.0, "active_size_max": 10_000}
    return Limits(**(defaults | settings), clock=virtual_now)


def begin(limits, frontier=None):
    return LiveTransfer(frontier or Told(), limits, Permit(None, "a"), Request("http://a/"), None)


async def is_woken(waiting):
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return waiting.done()


def test_room_is_what_the_total_leaves(run):
    async def case():
        limits = limits_with(concurrency=3)
        assert limits.room() == 3
        transfers = [begin(limits) for _ in range(3)]
        assert (limits.room(), limits.in_flight) == (0, 3)

        transfers[0].landed(Landing.ANSWERED)

        assert (limits.room(), limits.in_flight) == (1, 2)

    run(case())


def test_the_end_of_a_transfer_counts_once(run):
    async def case():
        limits, frontier = limits_with(), Told()
        transfer = begin(limits, frontier)

        transfer.landed(Landing.ANSWERED)
        transfer.landed(Landing.SILENT)
        transfer.settle()

        assert limits.in_flight == 0
        assert frontier.calls == ["landed"]

    run(case())


def test_a_transfer_without_a_first_byte_leaves_the_total(run):
    async def case():
        limits, frontier = limits_with(), Told()
        silent, answered = begin(limits, frontier), begin(limits, frontier)
        answered.answered()
        answered.answered()
        assert limits.room() == 0

        await limits.changed()

        assert 1.0 <= virtual_now() < 1.01
        assert limits.room() == 1
        assert silent.is_stalled
        assert not answered.is_stalled
        assert frontier.calls == ["stalled"]

    run(case())


@pytest.mark.parametrize("end", ["landed", "settled", "lent"])
def test_the_end_of_a_stalled_transfer_leaves_the_count_right(run, end):
    async def case():
        limits = limits_with(concurrency=1)
        transfer = begin(limits)
        await asyncio.sleep(2)
        assert limits.room() == 1

        if end == "landed":
            transfer.landed(Landing.SILENT)
        elif end == "settled":
            transfer.settle()
        else:
            transfer.lend()
            transfer.end_loan()
            transfer.regain(Permit(None, "a"))
            assert (limits.in_flight, limits.room()) == (1, 0)
            transfer.settle()

        assert (limits.in_flight, limits._stalled, limits.room()) == (0, 0, 1)

    run(case())


def test_sockets_are_bounded_all_the_same(run):
    async def case():
        limits = limits_with(concurrency=1, sockets_max=3)
        for expected in (1, 1, 1, 0):
            await asyncio.sleep(2)
            assert limits.room() == expected
            if expected:
                begin(limits)

    run(case())


def test_nobody_polls_while_something_else_than_the_total_is_full(run):
    """A transfer that could stall sets a timer only where its leaving the total would help."""

    async def case():
        limits = limits_with(active_size_max=100)
        begin(limits)
        limits.parse_begins(1000)
        await asyncio.sleep(5)
        wakes = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                while limits.room() <= 0:
                    await limits.changed()
                    wakes += 1

        assert (wakes, virtual_now()) == (0, 65.0)

    run(case())


def test_a_transfer_that_begins_while_somebody_waits_may_stall_too(run):
    async def case():
        limits = limits_with(concurrency=1, active_size_max=100)
        limits.parse_begins(1000)
        waiting = asyncio.ensure_future(limits.changed())
        await asyncio.sleep(5)
        begin(limits)

        await waiting

        assert 6.0 <= virtual_now() < 6.01

    run(case())


def test_bytes_being_parsed_leave_no_room_until_they_are_gone(run):
    async def case():
        limits = limits_with(active_size_max=5000)
        limits.parse_begins(5000)
        assert limits.room() == 2
        limits.parse_begins(10)  # counts as much as its objects, not as its body
        assert (limits.room(), limits.active_size) == (0, 6024)
        waiting = asyncio.ensure_future(limits.changed())
        await asyncio.sleep(1)

        limits.parse_ends(10)

        assert await is_woken(waiting)
        assert limits.room() == 2

    run(case())


def test_a_notification_that_nobody_waits_for_is_no_error(run):
    async def case():
        limits = limits_with()
        limits.notify()
        waiting = asyncio.ensure_future(limits.changed())
        await asyncio.sleep(0)
        limits.notify()
        limits.notify()

        assert await is_woken(waiting)

    run(case())


def test_nested_fetches_begin_one_behind_the_other_and_before_leases(run):
    async def case():
        limits = limits_with(concurrency=1)
        first = begin(limits)
        began = []

        async def nested(name):
            await limits.nested_room()
            began.append((name, limits.in_flight))
            return begin(limits)

        waits = [asyncio.ensure_future(nested(name)) for name in "xyz"]
        await asyncio.sleep(0)
        leasing = asyncio.ensure_future(limits.changed())
        await asyncio.sleep(0)

        first.landed(Landing.ANSWERED)
        assert limits.room() == 0  # the nested ones go first
        for wait in waits:
            (await wait).landed(Landing.ANSWERED)
        assert await is_woken(leasing)

        assert began == [("x", 0), ("y", 0), ("z", 0)]
        assert limits.room() == 1

    run(case())


def test_room_for_several_is_given_to_several(run):
    async def case():
        limits = limits_with(concurrency=3)
        transfers = [begin(limits) for _ in range(3)]

        async def nested():
            await limits.nested_room()
            return begin(limits)

        waits = [asyncio.ensure_future(nested()) for _ in range(3)]
        await asyncio.sleep(0.1)
        for transfer in transfers:
            transfer.landed(Landing.ANSWERED)
        await asyncio.gather(*waits)

        assert virtual_now() < 0.2
        assert limits.in_flight == 3

    run(case())


def test_who_gives_up_its_place_in_the_line_holds_up_nobody(run):
    async def case():
        limits = limits_with(concurrency=1)
        first = begin(limits)
        waits = [asyncio.ensure_future(limits.nested_room()) for _ in range(3)]
        await asyncio.sleep(0.1)

        first.landed(Landing.ANSWERED)
        waits[0].cancel()  # its turn has come in this very moment
        waits[1].cancel()
        await waits[2]

        assert limits.room() == 1

    run(case())


def test_nested_fetches_wait_out_stalled_transfers(run):
    async def case():
        limits = limits_with(concurrency=1)
        begin(limits)

        await limits.nested_room()

        assert 1.0 <= virtual_now() < 1.01

    run(case())


def test_lending_and_regaining_keep_the_counts(run):
    async def case():
        limits, frontier = limits_with(), Told()
        transfer = begin(limits, frontier)

        transfer.lend()
        transfer.lend()
        assert limits.in_flight == 0
        transfer.end_loan()
        assert not transfer.needs_turn
        transfer.end_loan()
        assert transfer.needs_turn
        transfer.regain(Permit(None, "a"))
        assert (limits.in_flight, transfer.needs_turn) == (1, False)
        transfer.regain(Permit(None, "a"))  # one too many is given back
        transfer.landed(Landing.ANSWERED)

        assert limits.in_flight == 0
        assert frontier.calls == ["unsent", "landed", "unsent", "landed"]

    run(case())


def test_a_transfer_that_ends_while_it_is_lent_needs_nothing_back(run):
    async def case():
        limits = limits_with()
        transfer = begin(limits)
        transfer.lend()
        transfer.landed(Landing.ANSWERED)
        transfer.end_loan()

        assert not transfer.needs_turn
        assert limits.in_flight == 0

    run(case())
