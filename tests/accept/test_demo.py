"""Acceptance line 1: ``make demo`` gives exactly the shop's books, each page fetched once; and so the second time."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from framework.testing import demo
from framework.testing.shop import ThreadedShop

WITHOUT_MONGO = """
from framework import Spider


class Books(Spider):
    name = "books"

    async def start(self):
        yield dict.fromkeys(("title", "author", "price", "stock", "url"), "x")
"""


def items_in(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines; in the order of the books' numbers, since a crawl has no order of its own."""
    return sorted((json.loads(line) for line in path.read_text("utf-8").splitlines()), key=lambda item: item["id"])


def test_the_demo_gives_exactly_the_books_of_the_shop_twice(
    full: bool, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops: list[ThreadedShop] = []

    class WatchedShop(ThreadedShop):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            shops.append(self)

    monkeypatch.setattr(demo, "ThreadedShop", WatchedShop)
    monkeypatch.chdir(repository)
    output = tmp_path / "books.jsonl"
    books = 1000 if full else 100

    for _ in range(2):
        done = CliRunner().invoke(demo.main, ["--books", str(books), "--output", str(output)], catch_exceptions=False)

        assert done.exit_code == 0, done.output
        shop = shops.pop()
        assert items_in(output) == shop.truth()
        assert Counter(path for path in shop.log.paths() if path.startswith("/book/")) == Counter(
            book.url for book in shop.books
        )
        assert max(Counter(shop.log.paths()).values()) == 1
        assert str(output) in done.output
        assert sum(book.title in done.output for book in shop.books) >= 3
        assert f"MongoDB has {books:,} documents in fwk.books. Three of them" in done.output
        assert len(documents_in(done.output) & {book.title for book in shop.books}) == 3
        assert "fwk startproject" in done.output


def documents_in(told: str) -> set[str]:
    """Give the titles of the documents that the demo has read back from MongoDB."""
    return set(re.findall(r"^  [0-9a-f]{16,}: (.+), \S+, seen \d\d:\d\d:\d\d$", told, re.MULTILINE))


def test_the_demo_says_so_when_no_documents_can_be_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spiders").mkdir()
    (tmp_path / "spiders" / "books.py").write_text(WITHOUT_MONGO)
    (tmp_path / "settings.py").write_text('SPIDER_MODULES = ["spiders"]\n')

    done = CliRunner().invoke(demo.main, ["--books", "1"], catch_exceptions=False)

    assert done.exit_code == 0, done.output
    assert "no documents are read back" in done.output
    assert "MongoDB has" not in done.output


def test_the_demo_fails_when_its_crawl_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no project is here, and so no spider called books

    done = CliRunner().invoke(demo.main, ["--books", "1"])

    assert done.exit_code == 2


@pytest.mark.accept
@pytest.mark.timeout(1800)
def test_make_demo_runs_twice_in_a_fresh_clone(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repository), str(clone)], check=True)
    keep = ("HOME", "LANG", "TMPDIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE", "HTTPS_PROXY")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {"PATH": path_without_environments(), "PIP_NO_CACHE_DIR": "1"}

    for _ in range(2):
        done = subprocess.run(
            ["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True, timeout=900, check=False
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert items_in(clone / "books.jsonl") == ThreadedShop(books=1000).truth()
        assert "MongoDB has 1,000 documents" in done.stdout
        assert len(documents_in(done.stdout)) == 3
    assert shutil.which("fwk", path=str(clone / ".venv" / "bin"))


def path_without_environments() -> str:
    """Leave out virtual environments, so that ``python3`` is the system's."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder).with_name("pyvenv.cfg").exists())
