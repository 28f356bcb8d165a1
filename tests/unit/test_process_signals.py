"""What a second signal breaks off that comes while the loop is blocked, and what it lets come to its end."""

import asyncio
import signal
from signal import SIGINT, SIGTERM, raise_signal

import pytest

from framework.engine.commit import Committer
from framework.http import Request
from framework.process import Stop
from framework.protocols import DONE, Lease
from framework.settings import Settings
from framework.testing.fakes import RecordingSink

PRESSED_TWICE = "raise_signal(SIGINT)\nraise_signal(SIGTERM)"  # of different kinds: the same would be one press


def press_twice():
    raise_signal(SIGINT)
    raise_signal(SIGTERM)


@pytest.fixture
def blocking(run_real):
    """Run a function where it blocks the loop of crawls that listen to signals."""

    def blocking(function):
        stop = Stop([])

        async def case():
            stop.watch([])
            function()

        before = signal.getsignal(SIGINT)
        with stop.installed():
            try:
                run_real(case())
            finally:
                assert signal.getsignal(SIGINT) is signal.SIG_DFL  # the third kills in any case
        assert signal.getsignal(SIGINT) is before

    return blocking


class Opening:
    """A crawl that has no engine yet."""

    engine = None
    stop_signal = None
    settings = Settings()


@pytest.mark.parametrize("press", [lambda: raise_signal(SIGTERM), press_twice])
def test_signals_that_come_while_the_loop_is_made_are_heard_when_it_runs(run_real, press):
    crawler = Opening()
    stop = Stop([crawler])

    async def case():
        task = asyncio.ensure_future(asyncio.sleep(60))
        stop.watch([task])
        await asyncio.wait([task])
        return task.cancelled()

    with stop.installed():
        press()

        assert run_real(case())

    assert crawler.stop_signal in ("SIGINT", "SIGTERM")


def test_code_of_a_spider_is_broken_off(blocking):
    with pytest.raises(KeyboardInterrupt):
        blocking(press_twice)


@pytest.mark.parametrize("module", ["framework.engine.visit", "asyncio.base_events", "selectors"])
def test_code_that_comes_back_to_the_loop_soon_is_not_broken_off(blocking, module):
    names = {"__name__": module, "raise_signal": raise_signal, "SIGINT": SIGINT, "SIGTERM": SIGTERM}

    blocking(lambda: exec(PRESSED_TWICE, names))


def test_the_end_of_a_visit_is_not_broken_off_whatever_code_runs_in_it(blocking):
    class Pressed(RecordingSink):
        def hand(self, identity, items):
            press_twice()
            super().hand(identity, items)

    class Frontier:
        def __init__(self):
            self.finished = []

        def finish(self, lease, fate, items):
            self.finished.append((lease, fate, items))

    frontier, first, second = Frontier(), Pressed(), RecordingSink()
    lease = Lease(Request("http://a/1"), 1, None)
    committer = Committer(frontier, [first, second], 1.0, dict, None)

    blocking(lambda: committer.finish(lease, DONE, [(0, "item")]))

    assert first.items == second.items == ["item"]
    assert frontier.finished == [(lease, DONE, 1)]
    assert not committer.has_failed
