"""The embedded server's process: nx-27017 (MongoDB's protocol over a SQLite file), made durable and tied to its crawl.

Started by ``embedded`` as a script of its own (``python -P server.py``); imports nothing of the framework.

What is added to nx-27017:

- each command is one SQLite transaction, all or nothing, and synced before it is answered (``synchronous = FULL``), so
  that what was acknowledged survives a SIGKILL of this process and a power cut; nx-27017 alone syncs now and then;
- a document that is updated keeps its types: nx-27017's short cut by SQL makes texts of times, and is switched off;
- errors carry MongoDB's codes, where it has some for them;
- the port is chosen here, bound, and then told on stdout;
- the process ends when its stdin is closed, which happens however the crawl ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

logger = logging.getLogger("fwk.mongo.server")

_WRITES = ("insert", "update", "delete", "createIndexes")
_TROUBLE = re.compile(r"disk I/O|database is locked|readonly database|unable to open|disk image", re.IGNORECASE)
_CLOSE_S = 10.0
_HOST = "127.0.0.1"


def durable_handler(path: Path) -> Any:  # noqa: C901 - the class is made here so that nx-27017 is loaded late
    """Return nx-27017's handler for a database file, with each write in a transaction of its own."""
    from neosqlite.collection.query_helper import set_force_fallback  # type: ignore[import-untyped]
    from nx_27017.handler import NeoSQLiteHandler  # type: ignore[import-untyped]

    class DurableHandler(NeoSQLiteHandler):  # type: ignore[misc]
        """Answers commands."""

        def handle_insert(self, msg: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            return self._durably(super().handle_insert, msg)

        def handle_command(self, msg: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            if not any(name in _body(msg) for name in _WRITES):
                return self._answer(super().handle_command, msg)
            return self._durably(super().handle_command, msg)

        def _durably(self, handle: Any, msg: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            with self._db_lock:
                database = self.conn.db
                set_force_fallback(True)
                try:
                    self._make_collection(_body(msg))
                    database.execute("BEGIN IMMEDIATE")
                    answer: tuple[int, dict[str, Any]] = handle(msg)
                    if database.in_transaction:
                        database.execute("COMMIT")
                except Exception as error:
                    if database.in_transaction:
                        database.execute("ROLLBACK")
                    return _failure(msg, error)
                finally:
                    set_force_fallback(False)
                return answer

        def _make_collection(self, body: dict[str, Any]) -> None:
            # Outside of the transaction: nx-27017 remembers that it is there, and a rollback would take it away.
            name = next((body[command] for command in _WRITES if command in body), None)
            if name and name not in self.conn.list_collection_names():
                self.conn[name].create()

        def _answer(self, handle: Any, msg: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            try:
                answer: tuple[int, dict[str, Any]] = handle(msg)
            except Exception as error:
                return _failure(msg, error)
            return answer

    handler = DurableHandler(str(path), journal_mode="WAL")
    handler.conn.db.execute("PRAGMA synchronous = FULL")
    return handler


def _body(msg: dict[str, Any]) -> dict[str, Any]:
    return next((part for kind, part in msg["sections"] if kind == "body"), {})


def _failure(msg: dict[str, Any], error: Exception) -> tuple[int, dict[str, Any]]:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "IntegrityError" in kinds:
        code, name = 11000, "DuplicateKey"
    elif "disk is full" in str(error):
        code, name = 14031, "OutOfDiskSpace"
    elif isinstance(error, OSError) or ("DatabaseError" in kinds and _TROUBLE.search(str(error))):
        code, name = 8, "UnknownError"
    else:
        code, name = 2, "BadValue"
    logger.warning("%s: %s", name, error)
    return msg["request_id"], {"ok": 0, "errmsg": str(error) or type(error).__name__, "code": code, "codeName": name}


async def serve(folder: Path, port: int, tell: Callable[[dict[str, Any]], None], stopped: asyncio.Event) -> None:
    """Serve the database of a folder on loopback until ``stopped``.

    Args:
        folder: of the database, and of the pid file that is there meanwhile.
        port: 0 for any.
        tell: called with the port when connections are accepted.
        stopped: ends it, after the command that runs then.
    """
    from nx_27017.server import handle_client  # type: ignore[import-untyped]

    handler = durable_handler(folder / "data.sqlite")
    server = await asyncio.start_server(lambda reader, writer: handle_client(reader, writer, handler), _HOST, port)
    pid_file = folder / "pid"
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    tell({"port": server.sockets[0].getsockname()[1]})
    await stopped.wait()
    server.close()
    # A command that runs now is finished; then nothing may write any more.
    if handler._db_lock.acquire(timeout=_CLOSE_S):
        with contextlib.suppress(Exception):
            handler.conn.close()
    pid_file.unlink(missing_ok=True)


async def _serve_the_crawl(folder: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    watch_end(0, lambda: loop.call_soon_threadsafe(stopped.set))
    await serve(folder, port, _tell, stopped)
    os._exit(0)  # clients that are still connected are not waited for


def watch_end(descriptor: int, on_end: Callable[[], object]) -> None:
    """Call ``on_end``, in a thread, when nothing more can be read from a file."""

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            on_end()

    threading.Thread(target=watch, daemon=True).start()


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve the database of a folder until stdin is closed or SIGTERM comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the crawl, which ends this process when it is done
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    logging.getLogger("neosqlite").setLevel(logging.ERROR)  # its warnings are about its own query plans
    try:
        asyncio.run(_serve_the_crawl(options.folder, options.port))
    except Exception as error:
        logger.exception("The server has ended")
        _tell({"error": f"{type(error).__name__}: {error}"})
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
