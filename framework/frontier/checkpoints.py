"""Checkpoints of the local frontier: what is sealed becomes one transaction, and is found again at the next start.

Place in the flow: step 7 of a request's life. ``seal`` cuts the ledger, ``persist`` writes the cut with everything that
belongs to the same moment; ``open`` reads it back. A store without a path takes part as little as it can: finished
requests leave it, and identities go to it when there are too many of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from framework.exceptions import StoredError, StoreError
from framework.http import Request
from framework.http.stored import dump_value, load_value
from framework.protocols import Balance, Resume, Snapshot

from .fates import FatesKept
from .ledger import Cut, Ledger
from .records import Records
from .seen import SeenSet
from .seen.exact import ExactSeen
from .seen.own import OwnDupeFilter
from .store.rows import Changes, EndKind, Opened, StoredFilter
from .store.sqlite import Store
from .terms import Terms

_OPEN_MAX = 50_000
"""Identities that a crawl without a job folder keeps before they go to the temporary file."""
_LOG_MAX = 1_000_000
"""Identities in the store's log after which the filter is stored anew."""
_A_STEP = 5_000


class Checkpoints:
    """Stores what the ledger holds.

    Args:
        store: where to.
        ledger: what there is.
        records: reads stored requests.
        seen: what was offered; is told what is durable.
        disk: held while rows are on their way.
        fates: which fates this run keeps.
        identified_by: by setting, the class that says which requests are the same.

    Attributes:
        keeps_identities: whether the store has to know identities.
    """

    def __init__(  # noqa: PLR0913 - everything that a checkpoint holds
        self,
        store: Store,
        ledger: Ledger,
        records: Records,
        seen: SeenSet,
        disk: asyncio.Lock,
        fates: FatesKept,
        identified_by: Mapping[str, str] | None,
    ) -> None:
        self._store = store
        self._is_durable = store.path is not None
        self._ledger = ledger
        self._records = records
        self._seen = seen
        self._disk = disk
        self._terms = Terms(fates, identified_by)
        self._filtered_upto = 0
        self.keeps_identities = self._is_durable or not isinstance(seen, ExactSeen)

    # -- at the start --------------------------------------------------------------------------------------------

    async def open(self, own: OwnDupeFilter | None = None) -> tuple[Resume, int, bool]:
        """Return what the last checkpoint held, how many requests are pending, and whether the process died.

        Args:
            own: a filter of the user's, which is to learn then what was spilled after its last snapshot.

        Raises:
            StoreError: the store cannot be used, is damaged, or has identities of another kind.
            StoredError: something stored cannot be read back.
        """
        opened = await self._store.open({name: dump_value(value) for name, value in self._terms.first.items()})
        ledger = self._ledger
        ledger.number_from(opened.lowest, opened.highest)
        if opened.is_new:
            return Resume(), 0, False
        found = {name: load_value(data) for name, data in opened.meta.items()}
        self._terms.go_on(found, self._store.path)
        await self._load_seen(opened)
        await self._check_callbacks(opened)
        if own is not None and not opened.clean:
            own.each_pending = self._each_pending
        for name, count in opened.counts.items():
            if name in ledger.counts.__slots__:
                setattr(ledger.counts, name, count)
        # Children that were spilled after the last checkpoint are not in its counts.
        ledger.counts.offered = ledger.counts.ended + opened.pending_rows
        ledger.has_started = bool(found.get("started"))
        ledger.start_delivered = found.get("start_delivered", 0)
        resume = Resume(
            is_resumed=True,
            checkpoint=opened.checkpoint,
            has_started=ledger.has_started,
            cuts=found.get("cuts", {}),
            state=found.get("state", {}),
            components=found.get("components", {}),
        )
        return resume, opened.pending_rows, not opened.clean

    async def _load_seen(self, opened: Opened) -> None:
        if opened.stored_filter is not None:
            self._seen.restore(opened.stored_filter)
        async for batch in self._store.each_seen():
            self._seen.load(batch)

    async def _check_callbacks(self, opened: Opened) -> None:
        """Read a request of each kind that was ever stored; where that fails, look whether one is pending still."""
        samples = load_value(opened.meta["samples"]) if "samples" in opened.meta else []
        kept = self._records.samples
        for sample in samples:
            try:
                self._records.check(sample)
            except StoredError:
                async for rows in self._store.each_row():
                    for row in rows:
                        self._records.request(row, 0.0)
            else:
                kept.append(sample)

    async def _each_pending(self) -> AsyncIterator[Request]:
        async for rows in self._store.each_row():
            for row in rows:
                yield self._records.request(row, 0.0)[0]

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def seal(self, number: int) -> None:
        """Cut what there is; synchronous."""
        if self._is_durable:
            self._ledger.seal(number)

    async def persist(self, number: int, snapshot: Snapshot) -> None:
        """Store a cut, all of it or nothing.

        Raises:
            StoreError: nothing of it is stored.
        """
        async with self._disk:
            if not self._is_durable:
                await self._forget()
            elif number in self._ledger.cuts:
                await self._store_cut(number, self._ledger.cuts[number], snapshot)

    async def _store_cut(self, number: int, cut: Cut, snapshot: Snapshot) -> None:
        changes = await self._ledger.changes(cut)
        changes.stored_filter = self._stored_filter(number)
        meta = {
            "cuts": dump_value(snapshot.cuts),
            "state": dump_value(snapshot.state),
            "components": dump_value(snapshot.components),
            "samples": dump_value(self._records.samples),
            "started": dump_value(cut.has_started),
            "start_delivered": dump_value(cut.start_delivered),
            **{name: dump_value(value) for name, value in self._terms.values().items()},
        }
        await self._store.commit(number, changes, meta, cut.counts)
        self._ledger.stored(number, cut.gone)
        await self._committed(changes.seen)

    def _stored_filter(self, number: int) -> StoredFilter | None:
        """Return the seen-set's filter when the log has become long: with all that was handed over before."""
        upto = self._store.log_end
        if not self._seen.is_stored or upto - self._filtered_upto < _LOG_MAX:
            return None
        data = self._seen.dump(number)
        self._filtered_upto = upto
        return None if data is None else StoredFilter(data, upto)

    async def _committed(self, identities: list[int]) -> None:
        """Tell the seen-set in steps: a slow filter takes 12 us for each."""
        for at in range(0, len(identities), _A_STEP):
            self._seen.committed(identities[at : at + _A_STEP])
            await asyncio.sleep(0)

    async def _forget(self) -> None:
        """Let ended requests leave the temporary file, and identities go there when they are many."""
        ledger = self._ledger
        gone, ledger.gone, ledger.replaced = ledger.gone, [], {}
        seen: list[int] = []
        if len(ledger.new) >= _OPEN_MAX:
            seen, ledger.new = list(ledger.new), {}
        if gone or seen:
            try:
                await self._store.add(Changes(gone=gone, seen=seen))
            except StoreError:
                ledger.gone += gone
                ledger.new.update(dict.fromkeys(seen))
                raise
            ledger.here.difference_update(gone)
            await self._committed(seen)

    # -- the balance ---------------------------------------------------------------------------------------------

    async def balance(self, riders: int) -> Balance:
        """Count in the store's tables what is there; what no table has comes from the last checkpoint's counts.

        Args:
            riders: requests that are nowhere but in memory.
        """
        totals = await self._store.totals()
        counts, terms = self._ledger.counts, self._terms
        fates = totals.fates
        return Balance(
            offered=counts.offered - riders if self._seen.is_stored else totals.seen,
            done=fates.get(EndKind.DONE, 0) if terms.keeps_all else counts.done,
            replaced=fates.get(EndKind.REPLACED, 0) if terms.keeps_all else counts.replaced,
            dropped=fates.get(EndKind.DROPPED, 0) if terms.keeps_failures else counts.dropped,
            failed=fates.get(EndKind.FAILED, 0) if terms.keeps_failures else counts.failed,
            pending=totals.rows,
        )
