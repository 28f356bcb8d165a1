"""A scripted MongoDB: a few commands of the real protocol (OP_MSG over TCP), and every trouble that a test asks for.

Beside the tower: for tests of what stores into MongoDB. It knows equality filters, ``$gt``, ``$set`` and
``$setOnInsert``, which is what the pipeline uses. Its errors are those of a real server: per-document write errors,
errors of a whole command, write concern errors, and answers that stop in the middle.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import bson

_HEADER = struct.Struct("<iiii")
_OP_MSG = 2013
_OP_QUERY = 2004
_WIRE_VERSION = 21  # that of MongoDB 7.0


@dataclass(slots=True)
class Fault:
    """What goes wrong with one command.

    Attributes:
        code: MongoDB's error code; 0 where only the connection is cut.
        message: its words.
        is_concern: the command succeeds, and a write concern error with ``code`` comes with the answer.
        is_applied: the command is carried out all the same.
        cut_after: bytes of the answer that are sent before the connection is cut; ``None``: all of it.
        command: which command it is for.
    """

    code: int = 0
    message: str = "scripted"
    is_concern: bool = False
    is_applied: bool = False
    cut_after: int | None = None
    command: str = "update"


Refuse = Callable[[dict[str, Any]], "tuple[int, str] | None"]


@dataclass(slots=True)
class FakeMongo:
    """The server; ``async with FakeMongo() as mongo`` opens it on a free port of loopback.

    Attributes:
        refuse: asked for each document before it is stored; the code and words of its write error, or ``None``.
        script: faults for the commands to come, each used once.
        collections: the documents by collection and ``_id``.
        commands: names of the commands that came, without those of the drivers' own housekeeping.
        concerns: the write concerns of the updates.
        indexes: keys and options of the indexes that were made, by collection.
        port: where it listens; it is kept when the server is closed and opened again.
    """

    refuse: Refuse | None = None
    script: deque[Fault] = field(default_factory=deque)
    collections: dict[str, dict[Any, dict[str, Any]]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    concerns: list[Any] = field(default_factory=list)
    indexes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def uri(self) -> str:
        """The address for a client."""
        return f"mongodb://127.0.0.1:{self.port}/"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut all connections and listen no more; the documents stay."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        while self._writers:  # noqa: ASYNC110 - each is gone within a turn of the loop or two
            await asyncio.sleep(0.01)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                length, number, _, opcode = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                body = await reader.readexactly(length - _HEADER.size)
                command = _read_message(body) if opcode == _OP_MSG else {"hello": 1}
                answer, fault = self._answer(command)
                data = _reply(number, answer, is_old=opcode == _OP_QUERY)
                if fault is not None and fault.cut_after is not None:
                    writer.write(data[: fault.cut_after])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the server is closed
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, command: dict[str, Any]) -> tuple[dict[str, Any], Fault | None]:
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            return _hello(), None
        if name == "endSessions":
            return {"ok": 1}, None
        self.commands.append(name)
        fault = None
        if self.script and self.script[0].command == name:
            fault = self.script.popleft()
        if fault is not None and not fault.is_applied and not fault.is_concern:
            return _error(fault), fault
        answer: dict[str, Any] = getattr(self, f"_{name}", self._unknown)(command)
        if fault is not None and fault.is_concern:
            answer["writeConcernError"] = {"code": fault.code, "errmsg": fault.message}
        elif fault is not None and fault.code:
            answer = _error(fault)
        return answer, fault

    def _unknown(self, command: dict[str, Any]) -> dict[str, Any]:
        return {"ok": 0, "code": 59, "errmsg": f"no such command: {next(iter(command))}"}

    def _ping(self, _command: dict[str, Any]) -> dict[str, Any]:
        return {"ok": 1}

    def _update(self, command: dict[str, Any]) -> dict[str, Any]:
        stored = self.collections.setdefault(command["update"], {})
        self.concerns.append(command.get("writeConcern"))
        changed, upserted, errors = 0, [], []
        for index, change in enumerate(command["updates"]):
            found = next((doc for doc in _candidates(stored, change["q"]) if _fits(doc, change["q"])), None)
            made = dict(found) if found is not None else {**change["q"], **change["u"].get("$setOnInsert", {})}
            made |= change["u"]["$set"]
            trouble = self.refuse(made) if self.refuse is not None else None
            if trouble is not None:
                errors.append({"index": index, "code": trouble[0], "errmsg": trouble[1]})
                continue
            key = made.setdefault("_id", bson.ObjectId())
            stored[key] = made
            if found is None:
                upserted.append({"index": index, "_id": key})
            changed += 1
        answer: dict[str, Any] = {"ok": 1, "n": changed, "nModified": changed - len(upserted)}
        if upserted:
            answer["upserted"] = upserted
        if errors:
            answer["writeErrors"] = errors
        return answer

    def _delete(self, command: dict[str, Any]) -> dict[str, Any]:
        stored = self.collections.setdefault(command["delete"], {})
        gone = [key for key, doc in stored.items() if any(_fits(doc, part["q"]) for part in command["deletes"])]
        for key in gone:
            del stored[key]
        return {"ok": 1, "n": len(gone)}

    def _createIndexes(self, command: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - MongoDB's name
        self.indexes.setdefault(command["createIndexes"], []).extend(command["indexes"])
        return {"ok": 1}

    def _listCollections(self, command: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - MongoDB's name
        names = [{"name": name, "type": "collection"} for name in self.collections]
        return {"ok": 1, "cursor": {"id": 0, "ns": f"{command['$db']}.$cmd.listCollections", "firstBatch": names}}


def _hello() -> dict[str, Any]:
    return {
        "ok": 1,
        "isWritablePrimary": True,
        "ismaster": True,
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "minWireVersion": 0,
        "maxWireVersion": _WIRE_VERSION,
    }


def _error(fault: Fault) -> dict[str, Any]:
    return {"ok": 0, "code": fault.code, "errmsg": fault.message}


def _candidates(stored: Mapping[Any, dict[str, Any]], query: Mapping[str, Any]) -> list[dict[str, Any]]:
    if isinstance(query.get("_id"), str):
        return [stored[query["_id"]]] if query["_id"] in stored else []
    return list(stored.values())


def _fits(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    for name, wanted in query.items():
        value = document.get(name)
        if isinstance(wanted, dict) and "$gt" in wanted:
            if value is None or not value > wanted["$gt"]:
                return False
        elif value != wanted:
            return False
    return True


def _read_message(body: bytes) -> dict[str, Any]:
    """Return the command of an OP_MSG, with its document sequences as lists in it."""
    command: dict[str, Any] = {}
    sequences: dict[str, list[Any]] = {}
    at = 4
    while at < len(body):
        kind, at = body[at], at + 1
        (length,) = struct.unpack_from("<i", body, at)
        part = body[at : at + length]
        if kind == 0:
            command = bson.decode(part)
        else:
            name_end = part.index(b"\0", 4)
            sequences[part[4:name_end].decode()] = list(bson.decode_iter(part[name_end + 1 :]))
        at += length
    return command | sequences


def _reply(to: int, answer: dict[str, Any], *, is_old: bool) -> bytes:
    document = bson.encode(answer)
    if is_old:
        body = struct.pack("<iqii", 8, 0, 0, 1) + document
        return _HEADER.pack(len(body) + _HEADER.size, 0, to, 1) + body
    body = struct.pack("<iB", 0, 0) + document
    return _HEADER.pack(len(body) + _HEADER.size, 0, to, _OP_MSG) + body
