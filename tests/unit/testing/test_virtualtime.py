"""The loop whose clock jumps."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

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


def test_the_clock_stands_still_while_a_pool_works_and_jumps_when_it_is_idle():
    begun, go_on = threading.Event(), threading.Event()

    def work():
        begun.set()
        assert go_on.wait(10)

    async def case(pool):
        loop = asyncio.get_running_loop()
        at_work = [loop.run_in_executor(pool, work), loop.run_in_executor(pool, work)]
        hour = asyncio.ensure_future(asyncio.sleep(3600))
        assert begun.wait(10)
        for _ in range(3):
            await asyncio.sleep(0)
        threading.Timer(0.1, go_on.set).start()
        await asyncio.gather(*at_work)
        worked_until = virtual_now()
        await hour
        return worked_until, virtual_now()

    with ThreadPoolExecutor(1) as pool:
        assert run_virtual(case(pool)) == (0, 3600)


def test_a_pool_that_calls_and_returns_all_the_time_is_looked_at_safely():
    def deep(levels):
        return deep(levels - 1) if levels else levels

    def work(until):
        while time.monotonic() < until:
            deep(40)

    async def case(pool):
        loop = asyncio.get_running_loop()
        until = time.monotonic() + 0.3
        await asyncio.gather(*(loop.run_in_executor(pool, work, until) for _ in range(4)))
        return virtual_now()

    with ThreadPoolExecutor(4) as pool:
        assert run_virtual(case(pool)) == 0
