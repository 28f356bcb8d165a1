"""MongoDB's protocol over TCP: nx-27017 as it is installed, a real server where ``TEST_MONGO_URI`` names one."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest

from framework.pipelines.mongo import MongoPipeline
from framework.protocols import Job
from framework.settings.declared import MongoOptions
from framework.statscollectors import StatsCollector

_START_S = 20.0


class Nx:
    """The nx-27017 command in a process of its own, to be killed and started again on the same port and file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def start(self) -> None:
        (self.folder / "nx.pid").unlink(missing_ok=True)
        command = [Path(sys.executable).with_name("nx-27017"), "--db", self.folder / "nx.sqlite", "-p", str(self.port)]
        command += ["--log-file", self.folder / "nx.log", "--pid-file", self.folder / "nx.pid"]
        output = subprocess.DEVNULL
        self.process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output)
        give_up_at = time.monotonic() + _START_S
        while time.monotonic() < give_up_at:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("nx-27017 does not listen")

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def nx(tmp_path: Path) -> Iterator[Nx]:
    server = Nx(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["motor", "pymongo"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["nx-27017", *filter(None, [os.environ.get("TEST_MONGO_URI")])])
def server_uri(request: pytest.FixtureRequest) -> str:
    """The address of nx-27017, and that of a real server where one is named."""
    return str(request.getfixturevalue("nx").uri if request.param == "nx-27017" else request.param)


@pytest.fixture
def database() -> str:
    return f"fwk_test_{secrets.token_hex(4)}"


@pytest.fixture
def documents(database: str) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Read a collection with a client that is none of ours; the database is dropped in the end."""
    clients: dict[str, Any] = {}

    def read(uri: str, collection: str = "books") -> list[dict[str, Any]]:
        if uri not in clients:
            clients[uri] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=5000)
        return list(clients[uri][database][collection].find({}))

    yield read
    for uri, client in clients.items():
        if uri == os.environ.get("TEST_MONGO_URI"):
            client.drop_database(database)
        client.close()


@pytest.fixture
def crawler(tmp_path: Path) -> Any:
    """What the pipeline reads of a crawler, with a job's folder."""
    folder = tmp_path / "job"
    folder.mkdir()
    spider = SimpleNamespace(name="books")
    return SimpleNamespace(spider=spider, stats=StatsCollector(), engine=None, job=Job("books-1", "books", folder))


@pytest.fixture
def make(crawler: Any, driver: str, database: str) -> Callable[..., MongoPipeline]:
    """Build the sink with options that wait for little."""

    def build(uri: str, **options: Any) -> MongoPipeline:
        given = {"backoff_max_s": 0.2, "timeout_s": 5.0, "batch_interval_s": 0.02, "batch_size": 50, **options}
        if isinstance(given.get("key"), (list, tuple)):
            given["key"] = {"*": tuple(given["key"])}
        return MongoPipeline(MongoOptions(uri=uri, driver=driver, database=database, **given), crawler)

    return build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Forgive pymongo one socket: its asynchronous client drops one that it is connecting when it is closed."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and "pymongo" in item.name:
            unclosed = r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"
            item.add_marker(pytest.mark.filterwarnings(unclosed))
