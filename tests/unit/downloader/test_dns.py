"""The resolver's cache."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from framework.downloader.dns import CachedResolver
from framework.exceptions import CannotResolveHostError


class FakeResolver(AbstractResolver):
    """Knows some names; answers when it is let go."""

    def __init__(self, names: dict[str, list[str] | Exception]) -> None:
        self.names = names
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if self.gate is not None:
            await self.gate.wait()
        answer = self.names[host]
        if isinstance(answer, Exception):
            raise answer
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in answer
        ]

    async def close(self) -> None:
        self.is_closed = True


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def addresses(results: list[ResolveResult]) -> list[tuple[str, int]]:
    return [(result["host"], result["port"]) for result in results]


def test_a_name_is_asked_for_once_whatever_the_port() -> None:
    async def story() -> None:
        fake = FakeResolver({"a.test": ["192.0.2.1", "192.0.2.2"]})
        resolver = CachedResolver(resolver=fake)

        first = await resolver.resolve("a.test", 80)
        second = await resolver.resolve("a.test", 443)

        assert addresses(first) == [("192.0.2.1", 80), ("192.0.2.2", 80)]
        assert addresses(second) == [("192.0.2.1", 443), ("192.0.2.2", 443)]
        assert fake.asked == ["a.test"]

    run(story())


def test_an_answer_is_forgotten_after_its_time() -> None:
    async def story() -> None:
        fake, clock = FakeResolver({"a.test": ["192.0.2.1"]}), Clock()
        resolver = CachedResolver(resolver=fake, clock=clock, ttl_s=60)

        await resolver.resolve("a.test")
        clock.now_s += 59
        await resolver.resolve("a.test")
        clock.now_s += 1
        await resolver.resolve("a.test")

        assert len(fake.asked) == 2

    run(story())


def test_the_longest_unused_name_is_forgotten_first() -> None:
    async def story() -> None:
        fake = FakeResolver({name: ["192.0.2.1"] for name in "abc"})
        resolver = CachedResolver(resolver=fake, size=2)

        for name in "abacab":
            await resolver.resolve(name)

        assert fake.asked == ["a", "b", "c", "b"]

    run(story())


def test_without_a_cache_every_connection_asks() -> None:
    async def story() -> None:
        fake = FakeResolver({"a.test": ["192.0.2.1"]})
        resolver = CachedResolver(resolver=fake, is_caching=False)

        await resolver.resolve("a.test")
        await resolver.resolve("a.test")

        assert len(fake.asked) == 2

    run(story())


def test_those_who_ask_at_the_same_time_share_one_query() -> None:
    async def story() -> None:
        fake = FakeResolver({"a.test": ["192.0.2.1"]})
        fake.gate = asyncio.Event()
        resolver = CachedResolver(resolver=fake, is_caching=False)

        askers = [asyncio.create_task(resolver.resolve("a.test", port)) for port in (80, 81, 82)]
        await asyncio.sleep(0)
        askers[0].cancel()
        await asyncio.sleep(0)
        fake.gate.set()
        results = await asyncio.gather(*askers, return_exceptions=True)

        assert fake.asked == ["a.test"]
        assert isinstance(results[0], asyncio.CancelledError)
        assert [addresses(r) for r in results[1:] if isinstance(r, list)] == [
            [("192.0.2.1", 81)],
            [("192.0.2.1", 82)],
        ]

    run(story())


def test_an_unknown_name_is_named_and_asked_for_again_only_after_a_second() -> None:
    async def story() -> None:
        failure = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        fake, clock = FakeResolver({"nowhere.test": failure}), Clock()
        resolver = CachedResolver(resolver=fake, clock=clock)

        for _ in range(2):
            with pytest.raises(CannotResolveHostError, match=r"'nowhere\.test'.*Name or service not known"):
                await resolver.resolve("nowhere.test")
        clock.now_s += 1
        with pytest.raises(CannotResolveHostError):
            await resolver.resolve("nowhere.test")

        assert len(fake.asked) == 2

    run(story())


def test_a_name_that_cannot_be_encoded_cannot_be_resolved() -> None:
    async def story() -> None:
        resolver = CachedResolver(resolver=FakeResolver({"x": UnicodeError("label too long")}))

        with pytest.raises(CannotResolveHostError, match="label too long"):
            await resolver.resolve("x")

    run(story())


def test_a_name_without_addresses_cannot_be_resolved() -> None:
    async def story() -> None:
        resolver = CachedResolver(resolver=FakeResolver({"x": []}))

        with pytest.raises(CannotResolveHostError, match="no address"):
            await resolver.resolve("x")

    run(story())


def test_a_query_that_takes_too_long_fails_by_the_name_of_its_setting() -> None:
    async def story() -> None:
        fake = FakeResolver({})
        fake.gate = asyncio.Event()
        resolver = CachedResolver(resolver=fake, timeout_s=0.001)

        with pytest.raises(CannotResolveHostError, match="DNS_TIMEOUT"):
            await resolver.resolve("slow.test")

    run(story())


def test_closing_ends_the_queries_under_way() -> None:
    async def story() -> None:
        fake = FakeResolver({})
        fake.gate = asyncio.Event()
        resolver = CachedResolver(resolver=fake)
        asker = asyncio.create_task(resolver.resolve("a.test"))
        await asyncio.sleep(0)

        await resolver.close()

        with pytest.raises(asyncio.CancelledError):
            await asker
        assert fake.is_closed
        assert len(asyncio.all_tasks()) == 1

    run(story())


def test_a_failure_that_nobody_waits_for_any_more_is_not_reported() -> None:
    async def story() -> None:
        complaints: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        fake = FakeResolver({"x": OSError("broken")})
        fake.gate = asyncio.Event()
        resolver = CachedResolver(resolver=fake)
        asker = asyncio.create_task(resolver.resolve("x"))
        await asyncio.sleep(0)
        asker.cancel()
        await asyncio.sleep(0)

        fake.gate.set()
        for _ in range(4):
            await asyncio.sleep(0)

        assert complaints == []

    run(story())
