"""The sink: takes finished visits' items, sends them beside the crawl, and makes a checkpoint's items durable with it.

Place in the flow: ``hand`` makes documents of items in the engine's loop and puts them into the queue; a task sends
batches as they fill or get old; ``write`` waits until everything of a checkpoint is acknowledged. Each document bears
its job and the number of its checkpoint, so that ``open`` can remove what an earlier run has sent and not committed.

Back-pressure: while the server is gone or slow, ``write`` does not return, so no further checkpoint is made, and the
engine leases nothing once ``UNSEALED_MAX`` visits wait for theirs. Those visits' documents, as BSON, are what is in
memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import bson
from itemadapter import ItemAdapter
from pymongo.errors import OperationFailure, PyMongoError

from framework.exceptions import ExportError, NotConfigured, PluginError, SettingsError
from framework.protocols import Crawler
from framework.settings.declared import MongoOptions

from .batches import Batches, Entry
from .deadletters import DeadLetters
from .delivery import Delivery
from .documents import Documents, Refused
from .driver import ClientDriver, Driver, open_client, shown_uri
from .embedded import EmbeddedServer
from .identity import CHECKPOINT_FIELD, JOB_FIELD, claim_job_key, document_ids, forget_job_key, new_job_key
from .outage import Outage
from .targets import Targets, index_of
from .verdicts import in_words, is_unauthorized, judge

logger = logging.getLogger(__name__)

EMBEDDED = "embedded"
_LOOK_S = 0.2
_CUT_OFF_GRACE_S = 5.0
_START_PAUSE_S = 0.2


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
        self._indexes = [index_of(entry) for entry in options.indexes]
        job = getattr(crawler, "job", None)
        self._job_name: str = job.name if job is not None else spider
        self._job_folder: Path | None = job.folder if job is not None else None
        home = self._job_folder or Path(".fwk", "mongo", spider)
        self._server = EmbeddedServer(home / "mongo" if self._job_folder else home) if options.uri == EMBEDDED else None
        letters = options.dead_letters.replace("%(spider)s", spider) if options.dead_letters else None
        self.dead_letters = DeadLetters(Path(letters) if letters else home / "dead-letters.jsonl")
        if self._server is not None and importlib.util.find_spec("nx_27017") is None:
            msg = "MONGO_URI = 'embedded' needs nx-27017: pip install 'neosqlite[nx27017]', or name a server's address"
            raise PluginError(msg)
        self._documents = Documents(is_plain=self._server is not None)
        self._reserved = (
            JOB_FIELD,
            CHECKPOINT_FIELD,
            *filter(None, (options.first_seen_field, options.last_seen_field)),
        )
        self._batches = Batches(options.batch_size)
        where = "embedded" if self._server else shown_uri(options.uri)
        self._where = where
        self._outage = Outage(where, options.backoff_max_s, options.pause_after_s)
        self._delivery: Delivery | None = None
        self._driver: Driver | None = None
        self._task: asyncio.Task[None] | None = None
        self._job = ""
        self._document_id = document_ids("")
        self._checkpoint = 0
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
        return self._server.uri if self._server is not None else str(self._options.uri)

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
        letters = cut.get("dead_letters", {})
        offset = letters.get("offset", 0) if letters.get("path") == str(self.dead_letters.path) else None
        await asyncio.to_thread(self.dead_letters.open, self._job, self._checkpoint, offset)
        if self._server is not None:
            await self._server.start()
        self._connect()
        await self._reach()
        if self._targets.fixed is not None:
            await self._prepare(self._connected, self._targets.fixed, is_strict=True)
        if was_used:
            await self._remove_uncommitted()
        self._delivery = Delivery(
            self._batches,
            self._outage,
            interval_s=self._options.batch_interval_s,
            refuse=self._refuse,
            prepare=self._prepare,
            revive=self._revive,
            count=lambda name, number: self._crawler.stats.inc_value(f"mongodb/{name}", number),
        )
        self._delivery.driver = self._connected
        self._task = asyncio.create_task(self._delivery.run(), name="mongodb")

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
        await self._sent_up_to(number)
        if len(self.dead_letters):
            await asyncio.to_thread(self.dead_letters.write, number)
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
        return (
            f"MongoDB ({self._where}) is away and the crawl was stopped: {len(self._batches)} documents are not stored."
            " Nothing is lost: the job goes on from its last checkpoint when it is continued"
        )

    async def close(self) -> None:
        """Stop sending, let the server go, and end it if it is the embedded one."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()
        if self._server is not None:
            await self._server.stop()

    # -- the server ------------------------------------------------------------------------------------------------

    @property
    def _connected(self) -> Driver:
        assert self._driver is not None  # noqa: S101 - between open and close
        return self._driver

    def _connect(self) -> None:
        client = open_client(self._options.driver, self.uri, self._options.timeout_s)
        options = {} if self._server is not None else dict(self._options.write_concern)
        fields = (JOB_FIELD, CHECKPOINT_FIELD)
        try:
            self._driver = ClientDriver(client, self._targets.database, options, self._options.first_seen_field, fields)
        except (TypeError, ValueError, PyMongoError) as error:
            msg = f"MONGO_WRITE_CONCERN = {options!r} is none: {error}"
            raise SettingsError(msg) from error

    async def _reach(self) -> None:
        """Wait for the first answer of the server."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._options.timeout_s
        while True:
            try:
                await self._connected.ping()
            except Exception as error:
                if not judge(error).is_away or is_unauthorized(error) or loop.time() >= give_up_at:
                    remedy = (
                        "check user, password and rights" if is_unauthorized(error) else "start it, or set MONGO_URI"
                    )
                    msg = f"MongoDB ({self._where}) does not let the crawl begin: {in_words(error)}; {remedy}"
                    raise ExportError(msg) from None
            else:
                return
            await asyncio.sleep(_START_PAUSE_S)

    async def _revive(self) -> Driver:
        """Return a driver to go on with after a failed try: a new one where the embedded server was started anew."""
        server = self._server
        if server is not None:
            port = server.port
            with contextlib.suppress(ExportError):  # tried again with the next batch
                await server.revive()
            if server.port != port:
                await self._connected.close()
                self._connect()
        return self._connected

    async def _prepare(self, driver: Driver, collection: str, *, is_strict: bool = False) -> None:
        """Make the indexes of a collection: what finds uncommitted documents, what finds keys, and the user's."""
        wanted: list[tuple[list[tuple[str, Any]], dict[str, Any]]] = []
        if self._targets.is_by_identity(collection):
            wanted.append(([(JOB_FIELD, 1), (CHECKPOINT_FIELD, 1)], {}))
        wanted += [([(name, 1) for name in key], {"unique": True}) for key in self._targets.keys_of(collection)]
        for keys, options in [*wanted, *self._indexes]:
            try:
                await driver.make_index(collection, keys, options)
            except OperationFailure as error:
                if judge(error).is_away and not is_unauthorized(error):
                    raise
                msg = f"the index {dict(keys)} {options or ''} of {collection} cannot be made: {in_words(error)}"
                if is_strict:
                    raise ExportError(msg) from None
                logger.error("MongoDB (%s): %s", self._where, msg)

    async def _remove_uncommitted(self) -> None:
        """Remove the job's documents of checkpoints that were not stored.

        Where documents are found by keys of the user's they stay: what was there before the update is not known.
        """
        driver = self._connected
        removed = 0
        try:
            for collection in await driver.collections():
                if self._targets.matches(collection) and self._targets.is_by_identity(collection):
                    removed += await driver.remove_after(collection, self._job, self._checkpoint)
        except PyMongoError as error:
            msg = f"MongoDB ({self._where}) does not remove the uncommitted documents of this job: {in_words(error)}"
            raise ExportError(msg) from None
        if removed:
            logger.info("Removed %d documents that the last run had sent and not committed", removed)
            self._crawler.stats.inc_value("mongodb/removed", removed)

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
