"""The store's own thread: work is done in the order of the calls and to its end.

Place in the flow: ``sqlite.Store`` has one for writing and, for a named file, one for reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

AnswerT = TypeVar("AnswerT")


class StoreThread:
    """One thread, started with the first work."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)
        self._urgent: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()

    async def do(self, work: Callable[[], AnswerT]) -> AnswerT:
        """Do work after all that was given before it.

        When the caller is cancelled, the work is done all the same, and ``CancelledError`` comes after its end; an
        error of the work goes before it.
        """
        return await _to_the_end(self._executor.submit(work))

    async def do_between(self, work: Callable[[], AnswerT]) -> AnswerT:
        """Do work at the next ``serve`` of what is being done, or at once when nothing is."""
        future: Future[AnswerT] = Future()
        self._urgent.put((future, work))
        self._executor.submit(self.serve)
        return await _to_the_end(future)

    def serve(self) -> None:
        """Do what must not wait for the end of the present work, which calls this at its pauses."""
        while True:
            try:
                future, work = self._urgent.get_nowait()
            except Empty:
                return
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

    def close(self) -> None:
        """End the thread, after the work that it still has."""
        self._executor.shutdown()


async def _to_the_end(future: Future[AnswerT]) -> AnswerT:
    waiting = asyncio.wrap_future(future)
    cancelled: asyncio.CancelledError | None = None
    while not waiting.done():
        try:
            await asyncio.wait({waiting})
        except asyncio.CancelledError as error:
            cancelled = error
    answer = waiting.result()
    if cancelled is not None:
        raise cancelled
    return answer
