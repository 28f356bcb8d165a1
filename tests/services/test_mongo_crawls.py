"""Whole crawls into a MongoDB server that dies, as a user runs them: nothing lost, nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from framework.testing.shop import ThreadedShop

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 60.0
_OURS = {"_id", "_job", "_checkpoint", "first_seen", "last_seen"}


class Crawl:
    """The command ``fwk crawl books`` in this repository's project, with what it says."""

    def __init__(self, shop: ThreadedShop, folder: Path, **settings: Any) -> None:
        self.said: list[str] = []
        command = [sys.executable, "-m", "framework", "crawl", "books", "-a", f"shop={shop.url}"]
        for name, value in {"JOBDIR": folder / "job", **settings}.items():
            command += ["-s", f"{name}={value}"]
        environ = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)
        self.process.stderr.close()

    def wait(self) -> int:
        try:
            return self.process.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            raise AssertionError("the crawl does not end; it said:\n" + "".join(self.said)) from None
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join()


@pytest.fixture
def shop() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=300) as opened:
        yield opened


def wait_for(what: Callable[[], Any]) -> Any:
    give_up_at = time.monotonic() + _PATIENCE_S
    while not (found := what()) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    assert found
    return found


def stored(uri: str) -> list[dict[str, Any]]:
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        documents = list(client["fwk"]["books"].find({}))
    items = [{name: value for name, value in document.items() if name not in _OURS} for document in documents]
    return sorted(items, key=lambda item: int(item["id"]))


@pytest.mark.timeout(200)
def test_a_server_that_is_killed_ten_times_during_a_crawl_has_each_item_once(
    nx: Any, shop: ThreadedShop, tmp_path: Path, driver: str
) -> None:
    options = {"MONGO_URI": nx.uri, "MONGO_DRIVER": driver, "MONGO_BATCH_SIZE": 20, "UNSEALED_MAX": 25}
    crawl = Crawl(shop, tmp_path, **options, CHECKPOINT_INTERVAL=0.1, MONGO_BACKOFF_MAX=0.2)
    for kill in range(10):
        wait_for(lambda kill=kill: len(shop.log.paths()) > 25 * (kill + 1) or crawl.process.poll() is not None)
        nx.kill()
        time.sleep(0.1)
        nx.start()

    assert crawl.wait() == 0, "".join(crawl.said)
    assert stored(nx.uri) == shop.truth()


@pytest.mark.timeout(200)
def test_a_crawl_whose_server_is_gone_pauses_says_so_and_continues_later(
    nx: Any, shop: ThreadedShop, tmp_path: Path, driver: str
) -> None:
    options = {"MONGO_URI": nx.uri, "MONGO_DRIVER": driver, "MONGO_PAUSE_AFTER": 1, "UNSEALED_MAX": 30}
    crawl = Crawl(shop, tmp_path, **options, CHECKPOINT_INTERVAL=0.2)
    wait_for(lambda: len(shop.log.paths()) > 60)
    nx.kill()
    wait_for(lambda: any("The crawl is paused" in line for line in crawl.said))
    wait_for(lambda: sum("The crawl is paused" in line for line in crawl.said) > 1)
    pages = len(shop.log.paths())
    time.sleep(1.0)
    assert len(shop.log.paths()) == pages < 250
    crawl.process.send_signal(signal.SIGINT)
    wait_for(lambda: any("once more to stop at once" in line for line in crawl.said))
    time.sleep(1.0)  # a second Ctrl-C within half a second is taken for the first
    crawl.process.send_signal(signal.SIGINT)
    assert crawl.wait() != 0
    assert any("Nothing is lost" in line for line in crawl.said)

    nx.start()
    again = Crawl(shop, tmp_path, **options)

    assert again.wait() == 0, "".join(again.said)
    assert stored(nx.uri) == shop.truth()


def test_two_short_crawls_in_one_folder_keep_the_documents_of_both(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text(
        """\
import framework

class ShortSpider(framework.Spider):
    name = "short"
    start_urls = ["data:,page"]
    custom_settings = {"ITEM_PIPELINES": {"framework.pipelines.mongo.MongoPipeline": 800}}

    def parse(self, response):
        for n in range(3):
            yield {"n": n}
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "framework", "runspider", "short.py", "-s", "MONGO_URI=embedded"]
    for _ in range(2):
        done = subprocess.run(
            [*command, "-s", "JOBDIR=crawl"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr

    with contextlib.closing(sqlite3.connect(tmp_path / "crawl" / "mongo" / "data.sqlite")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    assert 6 in counts.values(), counts
