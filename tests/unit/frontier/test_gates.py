"""Gates, as the lease and as a nested fetch ask them."""

import asyncio

import pytest

from framework.frontier.gates import Gates
from framework.http import Request
from framework.protocols import Wait
from framework.testing.virtualtime import run_virtual, virtual_now

REQUEST = Request("http://a.example/")


class Scripted:
    """A gate that gives one answer after the other, then lets everything go."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.wake = None

    def ask(self, request):
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect_waker(self, wake):
        self.wake = wake


def gates_of(*gates):
    return Gates(gates, lambda token, count=None: None, lambda: 0.0)


def test_the_first_gate_that_refuses_is_heard():
    gates = gates_of(Scripted(None), Scripted(Wait("first")), Scripted(Wait("second")))

    assert gates.answer(REQUEST) == Wait("first")


def test_a_gate_that_fails_or_talks_nonsense_is_told_of_and_passed(caplog):
    gates = gates_of(Scripted(ValueError("broken")), Scripted("soon"), Scripted(5.0))

    assert gates.answer(REQUEST) == 5.0
    assert caplog.text.count("which passes it") == 2


def test_each_gate_gets_the_waker():
    gate = Scripted()

    gates_of(gate)

    assert gate.wake is not None


def test_a_nested_fetch_waits_for_its_token_and_for_its_time():
    async def scenario():
        gates = Gates([Scripted(Wait("t"), 9.0)], lambda token, count=None: None, virtual_now)
        asyncio.get_running_loop().call_later(4.0, gates.wake_nested, "t", None)
        await gates.let_through(REQUEST)
        return virtual_now()

    assert run_virtual(scenario()) == pytest.approx(9.0)


def test_of_several_nested_fetches_as_many_are_woken_as_are_meant():
    async def scenario():
        gates = gates_of(Scripted(*[Wait("t")] * 4))
        waiting = [asyncio.ensure_future(gates.let_through(REQUEST)) for _ in range(4)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)

        left = gates.wake_nested("t", 2)
        await asyncio.sleep(1)
        done = [task.done() for task in waiting]
        rest = gates.wake_nested("t", 5), gates.wake_nested("t", None), gates.wake_nested("nobody's", 3)
        await asyncio.gather(*waiting, return_exceptions=True)
        return left, done, rest

    left, done, rest = run_virtual(scenario())
    assert left == 0
    assert done == [True, True, True, False]
    assert rest == (4, None, 3)
