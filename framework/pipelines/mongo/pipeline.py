"""The sink: takes finished visits' items, sends them beside the crawl, and makes a checkpoint's items durable with it.

Place in the flow: ``hand`` makes documents of items in the engine's loop and puts them into the queue; a task sends
batches as they fill or get old; ``write`` waits until everything of a checkpoint is acknowledged. Each document bears
its job and the number of its checkpoint, so that ``open`` can remove what an earlier run has sent and not committed.

Back-pressure: while the server is gone or slow, ``write`` does not return, so no further checkpoint is made, and the
engine leases nothing once ``UNSEALED_MAX`` visits wait for theirs. Of those visits' documents 32 MB are in memory, the
others in a temporary file (``spool``).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import bson
from itemadapter import ItemAdapter

from framework import jobfiles
from framework.exceptions import ExportError, NotConfigured
from framework.protocols import Crawler
from framework.settings.declared import MongoOptions

from .batches import Batches
from .connection import Connection
from .deadletters import DeadLetters
from .delivery import Delivery
from .documents import Documents, Refused
from .entry import Entry
from .identity import CHECKPOINT_FIELD, JOB_FIELD, claim_job_key, document_ids, forget_job_key, new_job_key
from .outage import Outage
from .targets import Targets

logger = logging.getLogger(__name__)

_LOOK_S = 0.2
_CUT_OFF_GRACE_S = 5.0


class MongoPipeline:
    """Stores items in MongoDB, each exactly once (a ``framework.protocols.Sink``).

    Switched on by ``ITEM_PIPELINES = {"framework.pipelines.mongo.MongoPipeline": 900}`` and ``MONGO_URI``. It stores
    what comes out of the last pipeline, whatever its own number.

    Args:
        options: the group ``MongoOptions``.
        crawler: for its spider, stats, job and engine.

    Attributes:
        name: under which the cut is stored.
        dead_letters: the file of what could not be stored.

    Raises:
        NotConfigured: ``MONGO_URI`` is not set, or nothing that could be reached.
        SettingsError: a name or an index in the settings is wrong.
        PluginError: the embedded server is asked for and not installed.
    """

    name = "mongodb"

    def __init__(self, options: MongoOptions, crawler: Crawler) -> None:
        if not options.uri:
            msg = "MongoPipeline needs MONGO_URI: an address such as 'mongodb://localhost:27017', or 'embedded'"
            raise NotConfigured(msg)
        self._options = options
        self._crawler = crawler
        spider = crawler.spider.name
        self._targets = Targets(options.database, options.collection, options.key, spider)
        job = getattr(crawler, "job", None)
        self._job_name: str = job.name if job is not None else spider
        self._job_folder: Path | None = job.folder if job is not None else None
        home = self._job_folder or Path(".fwk", "mongo", spider)
        self._connection = Connection(options, self._targets, home / jobfiles.DATABASE if self._job_folder else home)
        letters = options.dead_letters.replace("%(spider)s", spider) if options.dead_letters else None
        path = Path(letters) if letters else home / jobfiles.DEAD_LETTERS
        self.dead_letters = DeadLetters(path, steps_aside=not letters and self._job_folder is None)
        self._documents = Documents(is_plain=self._connection.is_embedded)
        self._reserved = (
            JOB_FIELD,
            CHECKPOINT_FIELD,
            *filter(None, (options.first_seen_field, options.last_seen_field)),
        )
        self._batches = Batches(options.batch_size, folder=self._job_folder)
        self._where = self._connection.where
        later = ", and the same command continues it later" if self._job_folder is not None else ""
        remedy = f"Ctrl-C twice ends it{later}"
        self._outage = Outage(self._where, options.backoff_max_s, options.pause_after_s, remedy)
        self._delivery: Delivery | None = None
        self._task: asyncio.Task[None] | None = None
        self._job = ""
        self._document_id = document_ids("")
        self._checkpoint = 0
        self._stored = 0
        self._forget_after: int | None = None

    def __repr__(self) -> str:
        return f"<MongoPipeline {self._where}: {len(self._batches)} documents wait>"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it from the settings."""
        return cls(crawler.settings.group(MongoOptions), crawler)

    @property
    def uri(self) -> str:
        """The address of the server, with its secrets; of the embedded one since it was started."""
        return self._connection.uri

    # -- the life of a sink ----------------------------------------------------------------------------------------

    async def open(self, cut: Any) -> None:
        """Connect, remove what an earlier run of this job has sent and not committed, and begin to send.

        Raises:
            ExportError: the server does not answer or refuses us, or the dead letters are gone.
        """
        try:
            await self._open(cut or {})
        except BaseException:
            await self.close()
            raise

    async def _open(self, cut: dict[str, Any]) -> None:
        was_used = await self._take_job(cut)
        await self._cut_letters(cut)
        connection = self._connection
        await connection.open()
        if was_used and (removed := await connection.remove_uncommitted(self._job, self._checkpoint)):
            logger.info("Removed %d documents that the last run had sent and not committed", removed)
            self._crawler.stats.inc_value("mongodb/removed", removed)
        self._delivery = Delivery(
            self._batches,
            self._outage,
            interval_s=self._options.batch_interval_s,
            refuse=self._refuse,
            prepare=connection.prepare,
            revive=connection.revive,
            count=self._count,
        )
        self._delivery.driver = connection.driver
        if self._targets.fixed is not None:
            self._delivery.prepared.add(self._targets.fixed)
        self._task = asyncio.create_task(self._delivery.run(), name="mongodb")

    async def cut_back(self, cut: Any) -> None:
        """Leave of a job that is given up just what it has committed. Instead of ``open``; nothing is left open.

        Raises:
            ExportError: the server does not answer or refuses us, or the dead letters are gone.
        """
        cut = cut or {}
        try:
            if await self._take_job(cut):
                await self._cut_letters(cut)
                await self._connection.open()
                await self._connection.remove_uncommitted(self._job, self._checkpoint)
        finally:
            await self.close()

    async def _cut_letters(self, cut: dict[str, Any]) -> None:
        letters = cut.get("dead_letters", {})
        offset = letters.get("offset", 0) if letters.get("path") == str(self.dead_letters.path) else None
        await asyncio.to_thread(self.dead_letters.open, self._job, self._checkpoint, offset)

    async def _take_job(self, cut: dict[str, Any]) -> bool:
        """Find the job's key; say whether an earlier run may have sent documents with it."""
        self._checkpoint = int(cut.get("checkpoint", 0))
        folder = self._job_folder
        was_used = bool(cut)
        if cut:
            self._job = str(cut["job"])
            if folder is not None:
                await asyncio.to_thread(forget_job_key, folder)
        elif folder is not None:
            self._job, was_used = await asyncio.to_thread(claim_job_key, folder, self._job_name)
            self._forget_after = 1
        else:
            self._job = new_job_key(self._job_name)
        self._document_id = document_ids(self._job)
        return was_used

    def hand(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Make documents of the items of one visit. One that cannot be a document becomes a dead letter."""
        number, was_empty = self._checkpoint + 1, not self._batches
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        for position, item in items:
            try:
                self._batches.add(self._entry(number, now, identity, position, item))
            except Refused as refused:
                self._letter(number, identity, position, str(refused), self._collection_of(item), item)
            except Exception as error:  # the item's own code, such as a property that raises
                reason = f"{type(error).__name__} while it was read: {error}"
                self._letter(number, identity, position, reason, self._collection_of(item), item)
        # The task that sends waits for the first document, for a full batch, and for nothing in between.
        if self._delivery is not None and self._batches and (was_empty or self._batches.is_full):
            self._delivery.wake()

    def _entry(self, number: int, now: datetime.datetime, identity: int, position: int, item: Any) -> Entry:
        fields = self._documents.fields(item)
        for name in self._reserved:
            if name in fields:
                msg = f"the field name {name!r} is taken by the pipeline; rename it in the item, or there by a setting"
                raise Refused(msg)
        target = self._targets.of(item)
        if target.key:
            found = _by_key(target.key, fields)
        elif "_id" in fields:
            msg = (
                "it has a field '_id', but items are told apart by their request; set MONGO_KEY = ['_id'], or rename it"
            )
            raise Refused(msg)
        else:
            found = {"_id": self._document_id(identity, position)}
        fields.pop("_id", None)
        fields[JOB_FIELD] = self._job
        fields[CHECKPOINT_FIELD] = number
        if self._options.last_seen_field:
            fields[self._options.last_seen_field] = now
        body = self._documents.encode(fields)
        return Entry(number, target.collection, found, body, now, identity, position)

    def _collection_of(self, item: Any) -> str:
        return self._targets.of(item).collection

    def seal(self) -> dict[str, Any]:
        """Close what was handed over so far.

        Returns:
            The cut, of JSON types: the job's key, the checkpoint's number, and the file of dead letters.
        """
        self._checkpoint += 1
        return {
            "checkpoint": self._checkpoint,
            "job": self._job,
            "dead_letters": {"path": str(self.dead_letters.path), "offset": self.dead_letters.offset},
        }

    async def write(self, cut: Any) -> None:
        """Wait until the server has acknowledged everything that was sealed up to ``cut``; write its dead letters.

        Raises:
            ExportError: the crawl is stopped at once while the server is gone, or the dead letters cannot be written.
        """
        number = cut["checkpoint"]
        try:
            await self._sent_up_to(number)
        except (asyncio.CancelledError, ExportError):
            if self._batches:
                logger.warning(self._farewell())
            raise
        if len(self.dead_letters):
            await self.dead_letters.write(number)
        if self._forget_after is not None and self._job_folder is not None and number > self._forget_after:
            # The checkpoint before this one is durable, and with it the key in its cut.
            await asyncio.to_thread(forget_job_key, self._job_folder)
            self._forget_after = None

    async def _sent_up_to(self, number: int) -> None:
        delivery, task = self._delivery, self._task
        if delivery is None or task is None:
            return
        loop = asyncio.get_running_loop()
        cut_off_at: float | None = None
        while (oldest := self._batches.checkpoint) is not None and oldest <= number:
            if task.done():
                error = None if task.cancelled() else task.exception()
                msg = f"documents cannot be sent to MongoDB ({self._where}): {error or 'the pipeline is closed'}"
                raise ExportError(msg) from error
            delivery.sent.clear()
            delivery.wake(urgent=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await delivery.sent.wait()
            if getattr(self._crawler.engine, "is_cut_off", False):
                cut_off_at = cut_off_at or loop.time()
                if self._outage.is_on or loop.time() - cut_off_at > _CUT_OFF_GRACE_S:
                    raise ExportError(self._farewell())

    def _farewell(self) -> str:
        left = f"MongoDB ({self._where}) is away and the crawl was stopped: {len(self._batches)} documents not stored"
        if self._job_folder is None:
            return f"{left}, and the crawl has no job that could go on"
        return f"{left}. Nothing is lost: the job goes on from its last checkpoint when it is continued"

    async def close(self) -> None:
        """Stop sending, let the server go, and end it if it is the embedded one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        await self._connection.close()
        self._batches.close()
        self.dead_letters.close()
        if task is not None:
            self._tell_end()

    def _tell_end(self) -> None:
        """Say what became of the items, in the log and in the stats, from which the summary takes it."""
        stats, letters = self._crawler.stats, self.dead_letters
        collection = f"{self._targets.database}.{self._targets.fixed or self._options.collection}"
        stats.set_value("mongodb/collection", collection)
        refused = f", {letters.count} refused: see {letters.path}" if letters.count else ""
        if letters.count:
            stats.set_value("mongodb/dead_letters_file", str(letters.path))
        server = self._connection.server
        query = "" if server is None else f"; query them with: nx-27017 --db {server.folder / 'data.sqlite'}"
        logger.info(
            "MongoDB (%s): %d documents stored in %s%s%s", self._where, self._stored, collection, refused, query
        )

    def _count(self, name: str, number: int) -> None:
        if name == "documents":
            self._stored += number
        self._crawler.stats.inc_value(f"mongodb/{name}", number)

    # -- dead letters ----------------------------------------------------------------------------------------------

    def _refuse(self, entry: Entry, reason: str) -> None:
        own = {name: value for name, value in bson.decode(entry.body).items() if name not in self._reserved}
        if "_id" in entry.filter and not isinstance(entry.filter["_id"], str):
            own["_id"] = entry.filter["_id"]
        self._letter(entry.checkpoint, entry.identity, entry.position, reason, entry.collection, own)

    def _letter(self, number: int, identity: int, position: int, reason: str, collection: str, item: Any) -> None:
        self._crawler.stats.inc_value("mongodb/dead_letters")
        self.dead_letters.add(
            {
                "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "job": self._job,
                "checkpoint": number,
                "collection": collection,
                "identity": identity,
                "position": position,
                "reason": reason,
                "item": _as_dict(item),
            }
        )


def _by_key(key: tuple[str, ...], fields: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in key:
        value = fields.get(name)
        if value is None:
            msg = f"it has no {name!r}, which MONGO_KEY tells items apart by"
            raise Refused(msg)
        found[name] = value
    return found


def _as_dict(item: Any) -> Any:
    try:
        return ItemAdapter(item).asdict()
    except Exception:
        return repr(item)
