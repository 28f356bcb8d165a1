"""Running the real ``fwk`` in a process of its own, as a user does, against a demo shop on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from framework.testing.shop import ThreadedShop

_PATIENCE_S = 40.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What a person saw, both streams."""
        return self.out + self.err


@dataclass(slots=True)
class Command:
    """Runs ``fwk`` in a folder.

    Attributes:
        folder: the working folder.
        environ: more variables for the environment.
    """

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *args: str, folder: Path | None = None, stdin: str = "") -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "framework", *args],
            cwd=folder or self.folder,
            env=self._environ(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def begin(self, *args: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own and do not wait for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "framework", *args],
            cwd=self.folder,
            env=self._environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder; the text may be indented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        """Return a file of the folder."""
        return (self.folder / name).read_text(encoding="utf-8")

    def _environ(self) -> Mapping[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FWK_", "COV_"))}
        # Warnings of Python itself (unclosed sockets and files, coroutines never awaited) are to be seen.
        return {**clean, "PYTHONWARNINGS": "default", "COLUMNS": "100", **self.environ}


@pytest.fixture
def fwk(tmp_path: Path) -> Command:
    """Return the command, in an empty folder."""
    return Command(tmp_path)


@pytest.fixture
def project(fwk: Command) -> Command:
    """Return the command, in a small project without delays and with one spider, ``books``."""
    fwk.write("setup.cfg", "[fwk]\nname = demo\n")
    fwk.write("settings.py", "BOT_NAME = 'demo'\nRETRY_TIMES = 0\n")
    fwk.write("spiders/__init__.py", "")
    fwk.write(
        "spiders/books.py",
        """
        from framework import Spider


        class BooksSpider(Spider):
            name = "books"

            def __init__(self, url, **kwargs):
                super().__init__(**kwargs)
                self.start_urls = [url]

            def parse(self, response):
                yield {"url": response.url, "title": response.css("title::text").get()}
        """,
    )
    return fwk


@pytest.fixture(scope="session")
def running_shop() -> Iterator[ThreadedShop]:
    """Keep one shop for all tests."""
    with ThreadedShop(books=40) as shop:
        yield shop


@pytest.fixture
def shop(running_shop: ThreadedShop) -> ThreadedShop:
    """Return the shop, without memory of earlier tests."""
    running_shop.shop.forget()
    running_shop.shop.pages.clear()
    return running_shop
