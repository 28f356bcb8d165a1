from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import Any

import pytest

from framework import signals
from framework.exceptions import CloseSpider, DontCloseSpider, StopDownload
from framework.signalmanager import SignalManager
from framework.signals import Signal


class Listener:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_item(self, item: Any) -> str:
        self.heard.append(item)
        return "noted"


def test_a_handler_gets_only_the_arguments_that_it_names() -> None:
    manager, heard = SignalManager("the crawler"), []

    def everything(**arguments: Any) -> None:
        heard.append(arguments)

    def some(item: Any, sender: Any) -> None:
        heard.append((item, sender))

    def only_positional(item: Any = "default", /) -> None:
        heard.append(item)

    for handler in (everything, some, only_positional):
        manager.connect(handler, signals.item_scraped)
    manager.send_catch_log(signals.item_scraped, item=1, response=2, spider=3)

    assert heard == [
        {"item": 1, "response": 2, "spider": 3, "sender": "the crawler", "signal": signals.item_scraped},
        (1, "the crawler"),
        "default",
    ]


def test_a_handler_without_a_readable_signature_gets_everything() -> None:
    manager = SignalManager()
    manager.connect(dict, "mine", weak=False)

    [(handler, result)] = manager.send_catch_log("mine", a=1)

    assert handler is dict
    assert result == {"a": 1, "sender": None, "signal": "mine"}


def test_results_come_in_the_order_of_connecting_and_a_second_connect_changes_nothing() -> None:
    manager, listener = SignalManager(), Listener()
    first = listener.on_item

    manager.connect(first, signals.item_scraped)
    manager.connect(listener.on_item, signals.item_scraped)

    assert manager.send_catch_log(signals.item_scraped, item=5) == [(first, "noted")]
    assert listener.heard == [5]


def test_nobody_listens_before_the_first_and_after_the_last() -> None:
    manager, listener = SignalManager(), Listener()

    assert not manager.has(signals.item_scraped)
    manager.connect(listener.on_item, signals.item_scraped)
    assert manager.has(signals.item_scraped)
    manager.disconnect(listener.on_item, signals.item_scraped)
    manager.disconnect(listener.on_item, signals.item_scraped)

    assert not manager.has(signals.item_scraped)
    assert manager.send_catch_log(signals.item_scraped, item=1) == []


def test_disconnecting_one_leaves_the_others() -> None:
    manager, one, two = SignalManager(), Listener(), Listener()
    manager.connect(one.on_item, signals.item_scraped)
    manager.connect(two.on_item, signals.item_scraped)

    manager.disconnect(one.on_item, signals.item_scraped)
    manager.send_catch_log(signals.item_scraped, item=1)

    assert (one.heard, two.heard) == ([], [1])


def test_all_can_be_disconnected_at_once() -> None:
    manager, one, two = SignalManager(), Listener(), Listener()
    manager.connect(one.on_item, signals.item_scraped)
    manager.connect(two.on_item, signals.item_scraped)

    manager.disconnect_all(signals.item_scraped)
    manager.disconnect_all(signals.item_scraped)

    assert not manager.has(signals.item_scraped)


def test_a_handler_may_listen_to_one_sender_only() -> None:
    manager, listener, mine = SignalManager("the crawler"), Listener(), object()
    manager.connect(listener.on_item, signals.item_scraped, sender=mine)

    manager.send_catch_log(signals.item_scraped, item="other")
    manager.send_catch_log(signals.item_scraped, item="mine", sender=mine)
    assert listener.heard == ["mine"]

    manager.disconnect(listener.on_item, signals.item_scraped)
    assert manager.has(signals.item_scraped)
    manager.disconnect(listener.on_item, signals.item_scraped, sender=mine)
    assert not manager.has(signals.item_scraped)


def test_a_signal_does_not_keep_a_component_alive() -> None:
    manager, listener, other = SignalManager(), Listener(), Listener()
    manager.connect(listener.on_item, signals.item_scraped)
    manager.connect(other.on_item, signals.item_scraped)

    del listener
    gc.collect()

    assert len(manager.send_catch_log(signals.item_scraped, item=1)) == 1
    del other
    gc.collect()
    assert manager.send_catch_log(signals.item_scraped, item=1) == []
    assert not manager.has(signals.item_scraped)


def test_a_new_component_is_heard_where_a_dead_one_had_the_same_address() -> None:
    manager = SignalManager()
    for _ in range(50):
        gone = Listener()
        manager.connect(gone.on_item, signals.item_scraped)
        del gone
    listener = Listener()

    manager.connect(listener.on_item, signals.item_scraped)
    manager.send_catch_log(signals.item_scraped, item=1)

    assert listener.heard == [1]


def test_a_handler_held_strongly_stays() -> None:
    manager, heard = SignalManager(), []
    manager.connect(lambda item: heard.append(item + 1), "mine", weak=False)
    manager.connect(Listener().on_item, "mine", weak=False)

    gc.collect()

    assert [result for _, result in manager.send_catch_log("mine", item=1)] == [None, "noted"]
    assert heard == [2]


def test_what_is_not_callable_is_refused() -> None:
    with pytest.raises(TypeError, match=r"signal handler 'parse' for <Signal spider_idle\(spider\)> is not callable"):
        SignalManager().connect("parse", signals.spider_idle)  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Callable[..., list[Any]]:
    def send_one(manager: SignalManager, signal: Any, **arguments: Any) -> list[Any]:
        if request.param == "sync":
            return manager.send_catch_log(signal, **arguments)
        return asyncio.run(manager.send_catch_log_async(signal, **arguments))

    return send_one


@pytest.mark.parametrize("signal", [signals.item_scraped, "mine"])
def test_an_exception_is_logged_and_the_next_handler_is_called(
    send: Callable[..., list[Any]], signal: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ValueError("no")

    manager, listener = SignalManager(), Listener()
    manager.connect(broken, signal)
    manager.connect(listener.on_item, signal)

    results = send(manager, signal, item=1)

    assert isinstance(results[0][1], ValueError)
    assert results[1][1] == "noted"
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert getattr(signal, "name", signal) in record.getMessage()
    assert record.exc_info is not None


@pytest.mark.parametrize("error", [CloseSpider("enough"), DontCloseSpider(), StopDownload()])
def test_an_exception_that_is_an_answer_is_not_logged(
    send: Callable[..., list[Any]], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def answer() -> None:
        raise error

    manager = SignalManager()
    manager.connect(answer, signals.spider_idle)

    assert send(manager, signals.spider_idle) == [(answer, error)]
    assert caplog.records == []


def test_handlers_may_be_coroutine_functions_one_after_the_other() -> None:
    manager, order = SignalManager(), []

    async def slow() -> str:
        order.append("slow begins")
        await asyncio.sleep(0)
        order.append("slow ends")
        return "slow"

    def quick() -> str:
        order.append("quick")
        return "quick"

    manager.connect(slow, "mine")
    manager.connect(quick, "mine")

    assert [result for _, result in asyncio.run(manager.send_catch_log_async("mine"))] == ["slow", "quick"]
    assert order == ["slow begins", "slow ends", "quick"]


def test_a_coroutine_cannot_answer_a_synchronous_signal(caplog: pytest.LogCaptureFixture) -> None:
    async def handler() -> None: ...

    manager = SignalManager()
    manager.connect(handler, "mine")

    [(_, error)] = manager.send_catch_log("mine")

    assert isinstance(error, TypeError)
    assert "make it a plain function" in str(error)
    assert "make it a plain function" in str(caplog.records[0].exc_info)


def test_one_can_wait_for_the_next_signal() -> None:
    async def crawl() -> None:
        waiting = asyncio.create_task(manager.wait_for("mine"))
        await asyncio.sleep(0)
        assert not waiting.done()
        manager.send_catch_log("mine")
        await waiting

    manager = SignalManager()
    asyncio.run(crawl())

    assert not manager.has("mine")


def test_a_handler_may_disconnect_itself() -> None:
    manager, heard = SignalManager(), []

    def once() -> None:
        heard.append(1)
        manager.disconnect(once, "mine")

    manager.connect(once, "mine")
    manager.send_catch_log("mine")
    manager.send_catch_log("mine")

    assert heard == [1]


def test_signals_are_told_apart_by_identity_and_show_their_arguments() -> None:
    assert Signal("a") != Signal("a")
    assert repr(signals.spider_closed) == "<Signal spider_closed(spider, reason)>"
    assert signals.item_passed is signals.item_scraped
