"""The connection to the server: made at the start, made anew when the embedded server had to be started again.

Place in the flow: ``pipeline`` opens and closes it; ``delivery`` gets its driver, and asks it after a failed try. Here
are the things that are done once: waiting for the first answer, indexes, removing what was not committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from framework.exceptions import ExportError, PluginError, SettingsError
from framework.settings.declared import MongoOptions

from .driver import ClientDriver, Driver, open_client, shown_uri
from .embedded import EmbeddedServer
from .identity import CHECKPOINT_FIELD, JOB_FIELD
from .targets import Targets, index_of
from .verdicts import in_words, is_unauthorized, judge

logger = logging.getLogger(__name__)

EMBEDDED = "embedded"
_PAUSE_S = 0.2


class Connection:
    """One server, and the database in it.

    Args:
        options: the group ``MongoOptions``, with an address.
        targets: the database and its collections.
        folder: of the embedded server's files.

    Attributes:
        where: the server, as it is shown.
        server: the embedded one, or ``None``.

    Raises:
        SettingsError: an index in the settings is none, or the write concern.
        PluginError: the embedded server is asked for and not installed.
    """

    def __init__(self, options: MongoOptions, targets: Targets, folder: Path) -> None:
        self._options = options
        self._targets = targets
        self._indexes = [index_of(entry) for entry in options.indexes]
        self._write_concern = _write_concern(options.write_concern)
        self._driver: Driver | None = None
        self.server: EmbeddedServer | None = None
        self.where = shown_uri(options.uri or "")
        if options.uri == EMBEDDED:
            if importlib.util.find_spec("nx_27017") is None:
                msg = "MONGO_URI = 'embedded' needs nx-27017: pip install 'neosqlite[nx27017]', or name a server"
                raise PluginError(msg)
            self.server = EmbeddedServer(folder)
            self._write_concern = {}  # a document is in its file when it answers

    def __repr__(self) -> str:
        return f"<Connection {self.where}>"

    @property
    def is_embedded(self) -> bool:
        """Say whether the server is the embedded one."""
        return self.server is not None

    @property
    def uri(self) -> str:
        """The server's address, with its secrets."""
        return self.server.uri if self.server is not None else str(self._options.uri)

    @property
    def driver(self) -> Driver:
        """The present driver, between ``open`` and ``close``."""
        assert self._driver is not None  # noqa: S101 - see above
        return self._driver

    async def open(self) -> None:
        """Start the server if it is the embedded one, wait for its first answer, make the indexes.

        Raises:
            ExportError: it does not answer, or refuses us.
            SettingsError: the address is none.
        """
        if self.server is not None:
            await self.server.start()
        self._connect()
        await self._reach()
        if self._targets.fixed is not None:
            try:
                await self.prepare(self.driver, self._targets.fixed, is_strict=True)
            except PyMongoError as error:
                msg = f"MongoDB ({self.where}) makes no indexes: {in_words(error)}"
                raise ExportError(msg) from None

    async def close(self) -> None:
        """Let the server go, and end it if it is the embedded one."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()
        if self.server is not None:
            await self.server.stop()

    def _connect(self) -> None:
        client = open_client(self._options.driver, self.uri, self._options.timeout_s)
        fields = (JOB_FIELD, CHECKPOINT_FIELD)
        self._driver = ClientDriver(
            client, self._targets.database, self._write_concern, self._options.first_seen_field, fields
        )

    async def _reach(self) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._options.timeout_s
        while True:
            try:
                await self.driver.ping()
            except Exception as error:
                if not judge(error).is_away or is_unauthorized(error) or loop.time() >= give_up_at:
                    remedy = "check user and rights" if is_unauthorized(error) else "start it, or set MONGO_URI"
                    msg = f"MongoDB ({self.where}) does not let the crawl begin: {in_words(error)}; {remedy}"
                    raise ExportError(msg) from None
            else:
                return
            await asyncio.sleep(_PAUSE_S)

    async def revive(self) -> Driver:
        """Return a driver to go on with after a failed try: a new one where the embedded server has a new port."""
        server = self.server
        if server is not None:
            port = server.port
            with contextlib.suppress(ExportError):  # tried again after the next failed try
                await server.revive()
            if server.port != port and server.port:
                await self.driver.close()
                self._connect()
        return self.driver

    async def prepare(self, driver: Driver, collection: str, *, is_strict: bool = False) -> None:
        """Make the indexes of a collection: what finds uncommitted documents, what finds keys, and the user's.

        Raises:
            ExportError: one cannot be made, and ``is_strict``; else that is logged.
            PyMongoError: the server is away.
        """
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
                logger.error("MongoDB (%s): %s", self.where, msg)

    async def remove_uncommitted(self, job: str, checkpoint: int) -> int:
        """Remove a job's documents of checkpoints that were not stored; return how many.

        Where documents are found by keys of the user's they stay: what was there before the update is not known.

        Raises:
            ExportError: the server does not do it.
        """
        removed = 0
        try:
            for collection in await self.driver.collections():
                if self._targets.matches(collection) and self._targets.is_by_identity(collection):
                    removed += await self.driver.remove_after(collection, job, checkpoint)
        except PyMongoError as error:
            msg = f"MongoDB ({self.where}) does not remove the uncommitted documents of this job: {in_words(error)}"
            raise ExportError(msg) from None
        return removed


def _write_concern(value: Mapping[str, Any]) -> dict[str, Any]:
    concern = dict(value)
    try:
        WriteConcern(**concern)
    except (TypeError, ValueError, PyMongoError) as error:
        msg = f"MONGO_WRITE_CONCERN = {concern!r} is none: {error}"
        raise SettingsError(msg) from error
    return concern
