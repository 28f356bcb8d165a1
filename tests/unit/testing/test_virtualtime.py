"""The loop whose clock jumps."""

import asyncio

import pytest

from framework.testing.virtualtime import DeadlockError, run_virtual, virtual_now


def test_waiting_takes_no_time_and_counts():
    async def case():
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        return virtual_now()

    assert run_virtual(case()) == 7200


def test_timers_come_in_their_order():
    async def case():
        order = []

        async def nap(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*map(nap, (3, 1, 2)))
        return order

    assert run_virtual(case()) == [1, 2, 3]


def test_waiting_for_nothing_is_an_error():
    async def case():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError, match="every task waits"):
        run_virtual(case())
