"""A server of MongoDB's protocol that a test starts, kills and starts again; and what a collection of one holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient

from framework.pipelines import mongo
from tests.crash.crawls import Rows

SCRIPT = Path(mongo.__file__).with_name("server.py")
FIELDS = ("kind", "what", "note")


class Server:
    """The server that crawls without one of their own start, in a folder, at one port for all its lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(SCRIPT), str(self.folder), "--port", str(self.port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline() or b"{}")
        assert "port" in said, (said, (self.folder / "log").read_text())
        self.port = said["port"]

    def kill(self) -> None:
        """End it as ``kill -9`` does; once more does nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


def documents_at(uri: str) -> list[dict[str, Any]]:
    """Give all documents of the database that crawls store into where nothing else is said."""
    with MongoClient(uri, serverSelectionTimeoutMS=10_000) as client:
        database = client["fwk"]
        return [document for name in database.list_collection_names() for document in database[name].find({})]


def rows_at(uri: str) -> Rows:
    """Give the items in all documents of a server."""
    return Counter(
        tuple(sorted((name, str(document[name])) for name in FIELDS if name in document))
        for document in documents_at(uri)
    )


def rows_below(folder: Path) -> Rows:
    """Give the items in the one embedded database below a folder; its crawl has ended."""
    files = list(folder.rglob("data.sqlite"))
    assert len(files) == 1, f"there should be one embedded database: {files}"
    with Server(files[0].parent) as server:
        return rows_at(server.uri)
