"""Requests that a gate holds back are neither lost nor leased.

Part of the contract of all frontiers: see ``framework.testing.contracts.frontier``.
"""

# ruff: noqa: S101, D102 - these are tests: their names say what they assert

from __future__ import annotations

import asyncio
from typing import Any

from framework.http import Request
from framework.protocols import Wait
from framework.testing.virtualtime import virtual_now

from .desk import NAP_S, WALL_AT_0, FrontierSuite, OneGate, names, on_its_loop, requests


class Gates(FrontierSuite):
    """Requests that a gate holds back are neither lost nor leased."""

    @on_its_loop
    async def test_a_gate_that_says_wait_parks_the_request_until_it_wakes_its_token(self) -> None:
        closed = {"a.example"}
        gate = OneGate(lambda r: Wait("a.example") if r.url[7:16] in closed else None)
        desk = await self._desk(gate)
        await desk.offer(requests("1", "2", "3"))
        await desk.offer(requests("other", host="b.example"))

        assert names(await desk.lease()) == ["other"]
        assert desk.frontier.pending == 3
        asked = len(gate.asked)
        await asyncio.sleep(60)
        assert await desk.lease() == []
        assert len(gate.asked) == asked  # nobody polls

        closed.clear()
        gate.open("a.example")
        assert names(await desk.lease()) == ["1", "2", "3"]
        assert desk.frontier.pending == 0

    @on_its_loop
    async def test_a_gate_may_wake_one_at_a_time(self) -> None:
        tickets: list[int] = []
        gate = OneGate(lambda r: None if tickets and tickets.pop() else Wait("ticket"))
        desk = await self._desk(gate)
        await desk.offer(requests("1", "2", "3"))
        assert await desk.lease() == []

        tickets.append(1)
        gate.open("ticket", 1)
        assert names(await desk.lease()) == ["1"]
        tickets.extend([1, 1])
        gate.open("ticket", 5)
        gate.open("nobody waits for this one", 5)

        assert names(await desk.lease()) == ["2", "3"]

    @on_its_loop
    async def test_a_gate_that_names_a_time_is_asked_again_then(self) -> None:
        gate = OneGate(lambda r: None if virtual_now() >= 20 else WALL_AT_0 + 20)
        desk = await self._desk(gate)
        await desk.offer(requests("1", "2"))
        assert await desk.lease() == []

        assert names(await desk.frontier.lease(9)) == ["1", "2"]
        assert 20 <= virtual_now() < 20 + NAP_S

    @on_its_loop
    async def test_a_parked_request_uses_no_turn_of_its_host(self) -> None:
        gate = OneGate(lambda r: Wait("t") if r.url.endswith("parked") else None)
        desk = await self._desk(gate, concurrency=1, delay_s=5.0)
        await desk.offer(requests("parked", "2"))

        assert names(await desk.lease()) == ["2"]

    @on_its_loop
    async def test_every_gate_must_agree(self) -> None:
        answers: list[Any] = [Wait("one"), Wait("two")]
        first = OneGate(lambda r: answers[0])
        second = OneGate(lambda r: answers[1])
        desk = await self._desk(first, second)
        await desk.offer(requests("1"))
        assert await desk.lease() == []

        answers[0] = None
        first.open("one")
        assert await desk.lease() == []
        answers[1] = None
        second.open("two")

        assert names(await desk.lease()) == ["1"]

    @on_its_loop
    async def test_a_broken_gate_loses_nothing(self) -> None:
        def answer(request: Request) -> Any:
            if request.url.endswith("1"):
                raise LookupError(request.url)
            return "soon"  # no answer that a gate may give

        desk = await self._desk(OneGate(answer))
        await desk.offer(requests("1", "2"))

        assert names(await desk.lease()) == ["1", "2"]
