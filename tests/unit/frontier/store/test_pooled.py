"""Questions that come while one is on its way go together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from framework.frontier.store.pooled import PooledQuestion

Run = Callable[[Any], Any]


class Desk:
    """Knows even numbers, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> set[int]:
        self.asked.append(list(numbers))
        await self.may_answer.wait()
        return {number for number in numbers if number % 2 == 0}


def test_each_gets_its_own_answer_from_a_question_for_all(run_real: Run) -> None:
    async def main() -> None:
        desk = Desk()
        question = PooledQuestion(desk)
        first = asyncio.create_task(question.which([1, 2]))
        await asyncio.sleep(0)
        others = [asyncio.create_task(question.which([n, n + 1])) for n in (2, 4, 6)]
        await asyncio.sleep(0)
        desk.may_answer.set()

        assert await first == {2}
        assert [await other for other in others] == [{2}, {4}, {6}]
        assert desk.asked == [[1, 2], [2, 3, 4, 5, 6, 7]]

    run_real(main())


def test_one_that_is_cancelled_leaves_the_others_their_answer(run_real: Run) -> None:
    async def main() -> None:
        desk = Desk()
        question = PooledQuestion(desk)
        first = asyncio.create_task(question.which([1, 2]))
        await asyncio.sleep(0)
        second, third = (asyncio.create_task(question.which([n])) for n in (4, 6))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        desk.may_answer.set()

        assert await third == {6}
        assert desk.asked == [[1, 2], [4, 6], [4, 6]]

    run_real(main())
