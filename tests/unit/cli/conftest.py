from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from framework.cli import jobruns
from framework.cli.main import run
from framework.crawler import Crawler
from framework.frontier.store import Changes, EndKind, FateRow, Row, Store

_PAGE = "data:text/html,<title>A%20page</title>"


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Work in an empty folder; forget afterwards what was imported from it."""
    for name in list(sys.modules):
        if name.partition(".")[0] in {"spiders", "middlewares", "pipelines"}:
            monkeypatch.delitem(sys.modules, name)
    before, path = set(sys.modules), list(sys.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FWK_LOOP", "asyncio")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", None) or sys.modules[name]):
            del sys.modules[name]


@pytest.fixture
def fwk(fresh, capfdbinary):
    """Return the command line, in this process."""

    def call(*args):
        code = run(list(args))
        out, err = capfdbinary.readouterr()
        return Ended(code, out.decode(), err.decode())

    return call


@pytest.fixture
def project(fresh):
    """Return the folder of a project with one spider, whose page is in its URL: nothing is sent anywhere."""
    files = {
        "setup.cfg": "[fwk]\nname = demo\n",
        "settings.py": "BOT_NAME = 'demo'\nPROGRESS = 'off'\n",
        "spiders/__init__.py": "",
        "spiders/page.py": (
            "from framework import Spider\n\n\nclass PageSpider(Spider):\n    name = 'page'\n"
            f"    start_urls = ['{_PAGE}']\n\n"
            "    def parse(self, response):\n        yield {'title': response.css('title::text').get()}\n"
        ),
    }
    for name, text in files.items():
        path = Path(fresh, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return fresh


def stored_by(live, *, pages=12, pending=3, failed=0):
    """Write what a crawl on this job would have stored."""

    async def write():
        kept = Store(live.folder / "frontier.db")
        opened = await kept.open()
        first = opened.highest + 1
        rows = [Row(first + n, first + n, 1, 0, b"") for n in range(pending)]
        fates = [
            FateRow(-1 - n, EndKind.FAILED, "timeout", "http://x/", "GET", 0, 0.0, 0.0, 0, [], data=b"x")
            for n in range(failed)
        ]
        changes = Changes(rows=rows, seen=[row.identity for row in rows], fates=fates)
        await kept.commit(opened.checkpoint + 1, changes, {}, {"pages": pages, "items": 7, "failed": failed})
        await kept.close(clean=True)

    asyncio.run(write())


class Crawls:
    """Takes the place of crawling: notes what was to be crawled, stores something, and ends as it is told."""

    def __init__(self):
        self.end = ("ended", "finished")
        self.pending = 3
        self.failed = 0
        self.crawlers = []
        self.arguments = []
        self.cut = []
        self.error = None

    def run(self, crawler, arguments, said=()):
        self.crawlers.append(crawler)
        self.arguments.append(dict(arguments))
        job = getattr(crawler, "job", None)
        if job is not None:
            with job as live:
                stored_by(live, pending=self.pending, failed=self.failed)
                live.opened()
                if self.end is not None:
                    live.end(*self.end)
        if self.error is not None:
            raise self.error
        return 0

    async def cut_outputs(self, crawler, folder, **arguments):
        self.cut.append((folder.name, arguments))


@pytest.fixture
def crawls(project, monkeypatch):
    """Let commands do everything but crawl."""
    found = Crawls()
    monkeypatch.setattr(jobruns, "run_crawler", found.run)

    async def cut(crawler, folder, **arguments):
        await found.cut_outputs(crawler, folder, **arguments)

    monkeypatch.setattr(Crawler, "cut_outputs", cut, raising=False)
    return found
