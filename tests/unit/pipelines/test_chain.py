from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import Any

import pytest

from framework.exceptions import DropItem, InvalidOutput, PluginError
from framework.pipelines import PipelineChain


class Spider:
    name = "books"


SPIDER = Spider()


class Append:
    """Notes its name in the item."""

    def __init__(self, name: str) -> None:
        self.name = name

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"by": [*item.get("by", ()), self.name]}


class AppendLater(Append):
    async def process_item(self, item: dict[str, Any]) -> dict[str, Any]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().process_item(item)


class WithSpider:
    def process_item(self, item: Any, spider: Any) -> dict[str, Any]:
        return {"spider": spider}


class WithSpiderLater:
    async def process_item(self, item: Any, spider: Any) -> dict[str, Any]:
        return {"spider": spider}


class WithSpiderUnderAnotherName:
    def process_item(self, item: Any, crawler_spider: Any) -> dict[str, Any]:
        return {"spider": crawler_spider}


class WithSpiderByKeyword:
    def process_item(self, item: Any, *, spider: Any = None) -> dict[str, Any]:
        return {"spider": spider}


class WithRest:
    def process_item(self, *args: Any) -> dict[str, Any]:
        return {"spider": args[1]}


class Returning:
    def __init__(self, output: Any) -> None:
        self.output = output

    def process_item(self, item: Any) -> Any:
        return self.output


class Dropping:
    def process_item(self, item: Any) -> Any:
        raise DropItem("no price")


class Recording:
    """Notes when it is opened and closed."""

    def __init__(self, name: str, log: list[str], fails: str = "") -> None:
        self.name = name
        self.log = log
        self.fails = fails

    def _note(self, what: str, spider: Any = SPIDER) -> None:
        assert spider is SPIDER
        self.log.append(f"{what} {self.name}")
        if what == self.fails:
            raise OSError(f"{what} {self.name} failed")

    def open_spider(self, spider: Any) -> None:
        self._note("open", spider)

    def close_spider(self, spider: Any) -> None:
        self._note("close", spider)

    def process_item(self, item: Any) -> Any:
        return item


class RecordingLater(Recording):
    async def open_spider(self) -> None:  # type: ignore[override]
        self._note("open")

    async def close_spider(self) -> None:  # type: ignore[override]
        self._note("close")


class SinkOnly:
    name = "sink"

    async def open(self, cut: Any) -> None: ...

    def hand(self, identity: int, items: Any) -> None: ...

    def seal(self) -> Any: ...

    async def write(self, cut: Any) -> None: ...

    async def close(self) -> None: ...


class SinkToo(SinkOnly):
    def process_item(self, item: Any) -> Any:
        return item


def chain(*pipelines: object) -> PipelineChain:
    return PipelineChain(pipelines, SPIDER)


def process(pipelines: PipelineChain, item: Any) -> Any:
    return asyncio.run(pipelines.process(item))


def test_an_item_passes_the_pipelines_in_order() -> None:
    pipelines = chain(Append("a"), Append("b"))

    assert pipelines.is_sync
    assert pipelines.process_sync({}) == process(pipelines, {}) == {"by": ["a", "b"]}


def test_coroutines_are_awaited_in_order() -> None:
    pipelines = chain(Append("a"), AppendLater("b"), Append("c"))

    assert not pipelines.is_sync
    assert process(pipelines, {}) == {"by": ["a", "b", "c"]}


@pytest.mark.parametrize(
    "pipeline", [WithSpider(), WithSpiderLater(), WithSpiderUnderAnotherName(), WithSpiderByKeyword(), WithRest()]
)
def test_pipelines_of_the_older_form_get_the_spider(pipeline: object) -> None:
    assert process(chain(pipeline), {}) == {"spider": SPIDER}


def test_an_empty_chain_passes_items_as_they_are() -> None:
    pipelines, item = chain(), {"a": 1}

    assert (pipelines.is_empty, pipelines.is_sync) == (True, True)
    assert pipelines.process_sync(item) is item
    assert process(pipelines, item) is item
    assert repr(pipelines) == "<PipelineChain empty>"


def test_a_dropped_item_is_told_by_the_pipelines_own_exception() -> None:
    pipelines = chain(Dropping(), Append("never"))

    with pytest.raises(DropItem, match="no price"):
        pipelines.process_sync({})
    with pytest.raises(DropItem, match="no price"):
        process(pipelines, {})


@pytest.mark.parametrize(
    ("output", "shown"), [(None, "None"), (True, "bool True"), ([{}], r"list \[\{\}\]"), (dict, "type <class 'dict'>")]
)
def test_an_output_that_is_no_item_is_refused_with_the_name_of_the_class(output: Any, shown: str) -> None:
    pipelines = chain(Append("a"), Returning(output))
    message = f"^Returning.process_item returned {shown}, which is no item; end it with 'return item', or raise DropIt"

    with pytest.raises(InvalidOutput, match=message):
        pipelines.process_sync({})
    with pytest.raises(InvalidOutput, match=message):
        process(pipelines, {})


def test_a_plain_function_that_returns_a_coroutine_is_named_where_nobody_can_await() -> None:
    async def item() -> dict[str, Any]:
        return {"a": 1}

    with pytest.raises(InvalidOutput, match=r"Returning\.process_item is a plain function that returned an awaitable"):
        chain(Returning(item())).process_sync({})

    assert process(chain(Returning(item())), {}) == {"a": 1}


def test_an_awaitable_that_is_no_coroutine_is_named_too() -> None:
    class Promise:
        def __await__(self) -> Iterator[Any]:
            yield

    with pytest.raises(InvalidOutput, match="make it 'async def'"):
        chain(Returning(Promise())).process_sync({})


def test_an_awaitable_that_is_no_coroutine_is_awaited() -> None:
    class Promise:
        def __await__(self) -> Generator[Any, Any, dict[str, Any]]:
            yield
            return {"a": 1}

    assert process(chain(Returning(Promise())), {}) == {"a": 1}


def test_a_coroutine_that_returns_no_item_is_refused() -> None:
    class Forgetful:
        async def process_item(self, item: Any) -> None:
            """Forget to return the item."""

    with pytest.raises(InvalidOutput, match=r"Forgetful\.process_item returned None"):
        process(chain(Forgetful()), {})


def test_a_decorated_coroutine_function_is_awaited() -> None:
    def traced(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        def call(*args: Any) -> Awaitable[Any]:
            return method(*args)

        return call

    class Decorated:
        @traced
        async def process_item(self, item: Any) -> Any:
            return {"seen": True}

    pipelines = chain(Decorated())

    assert not pipelines.is_sync
    assert process(pipelines, {}) == {"seen": True}


def test_opening_goes_in_order_and_closing_in_reverse() -> None:
    log: list[str] = []
    pipelines = chain(Recording("a", log), Append("none"), RecordingLater("b", log))

    async def scenario() -> None:
        await pipelines.open()
        await pipelines.close()
        await pipelines.close()

    asyncio.run(scenario())

    assert log == ["open a", "open b", "close b", "close a"]
    assert repr(pipelines) == "<PipelineChain Recording, Append, RecordingLater>"


def test_a_pipeline_that_does_not_open_closes_those_before_it() -> None:
    log: list[str] = []
    pipelines = chain(Recording("a", log, "close"), Recording("b", log), RecordingLater("c", log, "open"))

    async def scenario() -> None:
        with pytest.raises(OSError, match="open c failed"):
            await pipelines.open()
        await pipelines.close()

    asyncio.run(scenario())

    assert log == ["open a", "open b", "open c", "close b", "close a"]


def test_all_are_closed_although_one_fails() -> None:
    log: list[str] = []
    pipelines = chain(Recording("a", log), Recording("b", log, "close"))

    async def scenario() -> None:
        await pipelines.open()
        with pytest.raises(OSError, match="close b failed"):
            await pipelines.close()

    asyncio.run(scenario())

    assert log[2:] == ["close b", "close a"]


def test_several_failures_at_the_close_are_told_together() -> None:
    log: list[str] = []
    pipelines = chain(Recording("a", log, "close"), RecordingLater("b", log, "close"))

    async def scenario() -> None:
        await pipelines.open()
        with pytest.raises(ExceptionGroup, match="several pipelines") as caught:
            await pipelines.close()
        assert [str(error) for error in caught.value.exceptions] == ["close b failed", "close a failed"]

    asyncio.run(scenario())


def test_pipelines_that_are_sinks_are_collected() -> None:
    only, too = SinkOnly(), SinkToo()

    pipelines = chain(Append("a"), only, too)

    assert pipelines.sinks == (only, too)
    assert process(pipelines, {}) == {"by": ["a"]}


def test_a_chain_of_mere_sinks_is_empty() -> None:
    assert chain(SinkOnly()).is_empty


class Empty:
    pass


class Attribute:
    process_item = 3


class Yielding:
    def process_item(self, item: Any) -> Iterator[Any]:
        yield item


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        (Empty(), r"Empty is no pipeline: give it process_item\(self, item\), or take it out of ITEM_PIPELINES"),
        (Attribute(), r"Attribute\.process_item is int 3; make it a method"),
        (Yielding(), r"Yielding\.process_item yields; a pipeline takes one item and must 'return item'"),
    ],
)
def test_a_pipeline_that_is_built_wrongly_fails_at_the_start_by_name(pipeline: object, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        chain(pipeline)


def test_a_callable_without_signature_takes_the_item_alone() -> None:
    class Builtin:
        process_item = dict

    assert chain(Builtin()).process_sync({"a": 1}) == {"a": 1}
