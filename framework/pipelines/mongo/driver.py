"""The two clients, motor and pymongo's own asynchronous one, behind one small protocol.

Place in the flow: ``pipeline`` connects, ``delivery`` sends. Nothing else here knows which client it is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from framework.exceptions import PluginError, SettingsError

from .entry import Entry

_SELECTION_S = 3.0
_USERINFO = re.compile(r"(?<=://)[^/@]*(?:/[^@?]*)?@")
_SECRETS = re.compile(r"(?i)([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*")


class Driver(Protocol):
    """A connection to one database, as the sink needs it."""

    async def ping(self) -> None:
        """Ask the server for any answer."""
        ...

    async def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Send one unordered bulk of upserts.

        Raises:
            PyMongoError: as the client raises it; see ``verdicts``.
        """
        ...

    async def remove_after(self, collection: str, job: str, checkpoint: int) -> int:
        """Remove a job's documents of later checkpoints; return how many."""
        ...

    async def collections(self) -> list[str]:
        """Return the names of the collections."""
        ...

    async def make_index(self, collection: str, keys: Sequence[tuple[str, Any]], options: dict[str, Any]) -> None:
        """Make an index, unless there is one like it."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...


class ClientDriver:
    """Either client: their methods have the same names, and all but ``close`` are awaited.

    Args:
        client: an ``AsyncIOMotorClient`` or an ``AsyncMongoClient``.
        database: the database's name.
        write_concern: options of ``WriteConcern``.
        first_seen_field: set when an upsert makes a new document; empty for none.
        fields: names of the job's and the checkpoint's field.
    """

    def __init__(
        self, client: Any, database: str, write_concern: dict[str, Any], first_seen_field: str, fields: tuple[str, str]
    ) -> None:
        self._client = client
        self._database = client.get_database(database, write_concern=WriteConcern(**write_concern))
        self._first_seen_field = first_seen_field
        self._job_field, self._checkpoint_field = fields

    async def ping(self) -> None:
        """Ask the server for any answer."""
        await self._client.admin.command("ping")

    async def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Send one unordered bulk of upserts."""
        first = self._first_seen_field
        operations = []
        for entry in entries:
            update: dict[str, Any] = {"$set": RawBSONDocument(entry.body)}
            if first:
                update["$setOnInsert"] = {first: entry.found_at}
            operations.append(UpdateOne(entry.filter, update, upsert=True))
        await self._database[collection].bulk_write(operations, ordered=False)

    async def remove_after(self, collection: str, job: str, checkpoint: int) -> int:
        """Remove a job's documents of later checkpoints; return how many."""
        found = {self._job_field: job, self._checkpoint_field: {"$gt": checkpoint}}
        result = await self._database[collection].delete_many(found)
        return int(result.deleted_count)

    async def collections(self) -> list[str]:
        """Return the names of the collections."""
        return list(await self._database.list_collection_names())

    async def make_index(self, collection: str, keys: Sequence[tuple[str, Any]], options: dict[str, Any]) -> None:
        """Make an index, unless there is one like it."""
        await self._database[collection].create_index(list(keys), **options)

    async def close(self) -> None:
        """Let the connections go."""
        closing = self._client.close()
        if inspect.isawaitable(closing):
            await closing


def open_client(driver: str, uri: str, timeout_s: float) -> Any:
    """Return a client for a URI. It connects when it is first used.

    Times that the URI itself names (``socketTimeoutMS``, ...) are left as they are.

    Raises:
        SettingsError: the URI is none.
        PluginError: the driver is not installed.
    """
    named = {name.lower() for name, _ in parse_qsl(uri.partition("?")[2], keep_blank_values=True)}
    options: dict[str, Any] = {
        "serverSelectionTimeoutMS": int(min(timeout_s, _SELECTION_S) * 1000),
        "connectTimeoutMS": int(timeout_s * 1000),
        "socketTimeoutMS": int(timeout_s * 1000),
        "appname": "fwk",
    }
    options = {name: value for name, value in options.items() if name.lower() not in named}
    try:
        if driver == "motor":
            from motor.motor_asyncio import AsyncIOMotorClient

            return AsyncIOMotorClient(uri, **options)
        from pymongo import AsyncMongoClient

        return AsyncMongoClient(uri, **options)
    except ImportError as error:
        msg = f"MONGO_DRIVER = {driver!r} cannot be imported ({error}): pip install {driver}"
        raise PluginError(msg) from error
    except Exception as error:
        msg = f"MONGO_URI ({shown_uri(uri)}) is none: {str(error).replace(uri, shown_uri(uri))}"
        raise SettingsError(msg) from error


def shown_uri(uri: str) -> str:
    """Return a URI without its user, password and secret options."""
    return _SECRETS.sub(r"\1***", _USERINFO.sub("***@", uri))
