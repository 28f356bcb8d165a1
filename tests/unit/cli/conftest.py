from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from framework.cli.main import run

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
