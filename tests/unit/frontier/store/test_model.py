"""A store against a dictionary: whatever is done in whatever order, reopened or killed, both hold the same."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from framework.frontier.store import Changes, EndKind, FateRow, Row, Store, StoreSearch, requeue_failed, writing

AnswerT = TypeVar("AnswerT")
identities = st.integers(-5, 30)
hosts = st.integers(-2, 2)
priorities = st.integers(-1, 1)
payloads = st.binary(max_size=30)
values = st.dictionaries(st.sampled_from(["state", "cookies"]), payloads)


class StoreAgainstModel(RuleBasedStateMachine):
    path: Path | None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.young_max, writing.YOUNG_MAX = writing.YOUNG_MAX, 6
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
        self.rows: dict[int, Row] = {}
        self.seen: set[int] = set()
        self.fates: dict[int, FateRow] = {}
        self.refusals: set[tuple[int, str]] = set()
        self.meta: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}
        self.checkpoint = 0
        self.number = 0

    def wait(self, work: Awaitable[AnswerT]) -> AnswerT:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.wait(self.store.close(clean=True))
        self.loop.close()
        shutil.rmtree(self.folder)
        writing.YOUNG_MAX = self.young_max

    @initialize(is_file=st.booleans())
    def begin(self, is_file: bool) -> None:
        self.path = self.folder / "frontier.db" if is_file else None
        self.store = Store(self.path)
        self.wait(self.store.open())

    def changes(self, new: list[tuple[int, int, int, bytes]], gone: set[int], seen: list[int], ended: Any) -> Changes:
        rows = []
        for identity, host, priority, data in new:
            self.number += 1
            rows.append(Row(self.number, identity, host, priority, data, identity & 3))
        self.rows.update((row.number, row) for row in rows)
        leaving = [number for number in sorted(self.rows) if number % 7 in gone]
        for number in leaving:
            del self.rows[number]
        self.seen.update(seen)
        fates = []
        for identity, kind, reason in ended:
            data = b"again" if kind == EndKind.FAILED else None
            tries = [(1.5, "reset")] * (identity & 1)
            one = FateRow(identity, kind, reason, "http://h/é", "GET", 1, 2.0, 3.0, 1, tries, data, 1, 0, 2)
            fates.append(one)
            if kind == EndKind.REFUSED:
                self.refusals.add((identity, reason))
            else:
                self.fates[identity] = one
        return Changes(rows, leaving, seen, fates)

    endings = st.lists(st.tuples(identities, st.integers(1, 5), st.sampled_from(["", "offsite", "reset"])), max_size=5)
    news = st.lists(st.tuples(identities, hosts, priorities, payloads), max_size=8)
    leaving = st.sets(st.integers(0, 6), max_size=2)
    known = st.lists(identities, max_size=6)

    @rule(new=news, gone=leaving, seen=known, ended=endings)
    def spill(self, new: Any, gone: set[int], seen: list[int], ended: Any) -> None:
        self.wait(self.store.add(self.changes(new, gone, seen, ended)))

    @rule(new=news, gone=leaving, seen=known, ended=endings, meta=values, count=st.integers(0, 9))
    def commit(self, new: Any, gone: set[int], seen: list[int], ended: Any, meta: dict[str, bytes], count: int) -> None:
        if self.path is None:
            return
        self.checkpoint += 1
        self.meta |= meta
        self.counts = {"failed": count}
        self.wait(self.store.commit(self.checkpoint, self.changes(new, gone, seen, ended), meta, self.counts))

    @rule(new=news)
    def commit_again(self, new: Any) -> None:
        if self.path is None:
            return
        rows = [Row(10_000 + nth, *one) for nth, one in enumerate(new)]
        self.wait(self.store.commit(self.checkpoint, Changes(rows, [], [999]), {"state": b"old"}, {}))

    @rule(clean=st.booleans(), is_retried=st.booleans())
    def reopen(self, clean: bool, is_retried: bool) -> None:
        if self.path is None:
            return
        self.wait(self.store.close(clean=clean))
        if is_retried:
            failed = [fate for fate in self.fates.values() if fate.kind == EndKind.FAILED]
            assert requeue_failed(self.path) == len(failed)
            lowest = min([0, *self.rows])
            for nth, one in enumerate(sorted(failed, key=lambda fate: fate.identity), 1):
                del self.fates[one.identity]
                self.rows[lowest - nth] = Row(lowest - nth, one.identity, 1, 0, b"again", 2)
            if "failed" in self.counts:
                self.counts["failed"] -= len(failed)
        self.store = Store(self.path, must_exist=True)
        opened = self.wait(self.store.open())
        assert (opened.checkpoint, opened.meta, opened.counts) == (self.checkpoint, self.meta, self.counts)
        assert (opened.pending_rows, opened.seen, opened.clean) == (len(self.rows), len(self.seen), clean)
        assert opened.lowest == min([0, *self.rows])
        assert opened.highest == max([0, *self.rows])

    @rule()
    def look(self) -> None:
        if self.path is None:
            return
        with StoreSearch(self.path) as reader:
            ended = [one for batch in reader.each_batch() for one in batch]
            assert {one.identity: one for one in ended if one.kind != EndKind.REFUSED} == self.fates
            assert {(one.identity, one.reason) for one in ended if one.kind == EndKind.REFUSED} == self.refusals
            assert reader.books().sums["rows"].count == len(self.rows)

    @rule(host=hosts, priority=priorities, limit=st.integers(1, 5), bound=st.integers(0, 40), newest=st.booleans())
    def load(self, host: int, priority: int, limit: int, bound: int, newest: bool) -> None:
        where = {"below": bound} if newest else {"above": bound}
        fits = [
            row
            for number, row in self.rows.items()
            if (row.host, row.priority) == (host, priority) and (number < bound if newest else number > bound)
        ]
        fits.sort(key=lambda row: row.number, reverse=newest)
        assert self.wait(self.store.load(host, priority, limit, newest_first=newest, **where)) == fits[:limit]

    @rule(priority=priorities, after=st.none() | hosts, limit=st.integers(1, 4))
    def ask_for_hosts(self, priority: int, after: int | None, limit: int) -> None:
        found = {row.host for row in self.rows.values() if row.priority == priority}
        fits = sorted(host for host in found if after is None or host > after)
        heads = self.wait(self.store.cold_heads(priority, after, limit, 2))
        assert [host for host, _ in heads] == fits[:limit]
        for host, rows in heads:
            of_host = [row for row in self.rows.values() if (row.host, row.priority) == (host, priority)]
            assert rows == sorted(of_host, key=lambda row: row.number, reverse=True)[:2]

    @invariant()
    def both_hold_the_same(self) -> None:
        if not hasattr(self, "store"):
            return

        async def everything() -> tuple[list[Row], list[int]]:
            rows = [row async for batch in self.store.each_row() for row in batch]
            return rows, [identity async for batch in self.store.each_seen() for identity in batch]

        rows, seen = self.wait(everything())
        assert rows == [self.rows[number] for number in sorted(self.rows)]
        assert seen == sorted(self.seen)
        assert self.wait(self.store.known(range(-10, 40))) == self.seen
        kinds: dict[int, int] = {5: len(self.refusals)} if self.refusals else {}
        for one in self.fates.values():
            kinds[one.kind] = kinds.get(one.kind, 0) + 1
        assert self.wait(self.store.totals()).fates == kinds
        assert self.wait(self.store.priorities()) == sorted({row.priority for row in rows}, reverse=True)


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
