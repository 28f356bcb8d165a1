"""Acceptance line 3: spiders written for Scrapy run here once ``scrapy`` is replaced by ``framework``.

The spiders are texts (``spiders/*.py.txt``), since what they import is not installed. Each is ported twice: by
replacing the word wherever it stands, as ``sed`` does, and in the import lines alone.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.testing.shop import ThreadedShop

SPIDERS = Path(__file__).with_name("spiders")
BOOKS = 60

Fwk = Callable[..., "subprocess.CompletedProcess[str]"]
Port = Callable[[str], str]


def everywhere(text: str) -> str:
    return re.sub(r"\bscrapy\b", "framework", text)


def in_import_lines(text: str) -> str:
    text = re.sub(r"^import scrapy$", "import framework as scrapy", text, flags=re.MULTILINE)
    return re.sub(r"^from scrapy\b", "from framework", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def served() -> Iterator[ThreadedShop]:
    with ThreadedShop(books=BOOKS, page_size=7) as shop:
        yield shop


@pytest.fixture
def shop(served: ThreadedShop) -> ThreadedShop:
    served.shop.forget()
    return served


Run = Callable[..., Any]


@pytest.fixture(params=[everywhere, in_import_lines])
def run(request: pytest.FixtureRequest, shop: ThreadedShop, fwk: Fwk, tmp_path: Path) -> Run:
    """Port a spider, run it against the shop, and give its items (the text for formats other than JSON lines)."""

    def run(name: str, *options: str, form: str = "jsonl") -> Any:
        ported = request.param((SPIDERS / f"{name}.py.txt").read_text("utf-8"))
        assert "import scrapy" not in ported.replace("import framework as scrapy", "")
        (tmp_path / f"{name}.py").write_text(ported, "utf-8")
        output = tmp_path / f"out.{form}"
        done = fwk("runspider", f"{name}.py", "-O", output.name, "-a", f"shop={shop.url}", *options)
        assert "Traceback" not in done.stderr or name == "extensions", done.stderr
        text = output.read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()] if form == "jsonl" else text

    return run


def sorted_by(key: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: item[key])


def test_callbacks_with_cb_kwargs_and_errback(run: Run, shop: ThreadedShop) -> None:
    items = run("callbacks")

    seen: Counter[str] = Counter()
    truth = []
    for book in shop.books:
        category = book.category
        truth.append(
            {
                "kind": "book",
                "id": book.id,
                "category": category,
                "price": str(book.price),
                "page": seen[category] // 7 + 1,
            }
        )
        seen[category] += 1
    assert sorted_by("id", [item for item in items if item["kind"] == "book"]) == truth
    assert sorted_by("path", [item for item in items if item["kind"] == "error"]) == [
        {"kind": "error", "path": "/redirect/to?url=http%3A%2F%2F127.0.0.1%3A1%2F", "what": "refused"},
        {"kind": "error", "path": "/slow/30", "what": "too slow"},
        {"kind": "error", "path": "/status/404", "what": "status 404"},
        {"kind": "error", "path": "/status/500", "what": "status 500"},
    ]
    assert max(Counter(shop.log.paths()).values()) == 1


def test_login_by_the_form_of_the_page(run: Run, shop: ThreadedShop) -> None:
    items = run("login")

    assert items == [
        *(
            {"user": "Rita Reader", "number": 1000 + n, "book": book.title, "url": book.url, "total": book.price_text}
            for n, book in enumerate(shop.books[:3], 1)
        ),
        {"after logout": "Log in"},
    ]
    wanted = [("GET", "/login"), ("POST", "/login"), ("GET", "/account"), ("GET", "/logout"), ("GET", "/")]
    assert [(e.method, e.path) for e in shop.log] == [*wanted, ("GET", "/account"), ("GET", "/login")]


def test_a_wrong_password_gives_no_items(run: Run, shop: ThreadedShop) -> None:
    assert run("login", "-a", "password=guess") == []
    assert shop.log.paths() == ["/login", "/login"]


def test_an_item_class_follow_all_a_middleware_and_pipelines(run: Run, shop: ThreadedShop, tmp_path: Path) -> None:
    items = run("components", "-a", "report=report.txt")

    on_offer = [book for book in shop.books if book.stock and book.id != 3]
    assert sorted_by("id", items) == [
        {
            "id": book.id,
            "title": book.title.upper(),
            "price": str(book.price),
            "in_stock": True,
            "seen_by": "components",
        }
        for book in on_offer
    ]
    asked = {e.path for e in shop.log if e.path.startswith("/book/")}
    assert asked == {book.url for book in shop.books if book.id != 3}
    assert {e.headers["x-secret"] for e in shop.log} == {"abc"}
    dropped = sum(not book.stock for book in shop.books if book.id != 3)
    assert (tmp_path / "report.txt").read_text() == f"finished {len(items)} {len(items)} {dropped} True"


def test_the_older_style(run: Run, shop: ThreadedShop, tmp_path: Path) -> None:
    items = run("older", "-a", "report=report.txt")

    assert (tmp_path / "report.txt").read_text() == "seen enough"
    assert [item["n"] for item in items if item["step"] == "tiny"] == [1, 2, 3]  # by priority
    for n in (1, 2, 3):
        assert {"step": "tiny", "n": n, "depth": 0, "flags": ["first"]} in items
        assert any(item["n"] == n for item in items if item["step"] == "again")
    for item in items:
        if item["step"] == "missing":
            n = item["n"]
            assert item == {"step": "missing", "n": n, "status": 404, "from": f"{shop.url}/tiny/{n}"}
    paths = Counter(shop.log.paths())
    assert paths["/tiny/1"] == paths["/tiny/2"] == paths["/tiny/3"] == 2


def test_coroutines_json_requests_and_csv_with_chosen_fields(run: Run, shop: ThreadedShop) -> None:
    text = run("coroutines", form="csv")

    header, *rows = csv.reader(text.splitlines())
    assert header == ["n", "what", "missing"]
    truth = [["0", "from start", ""]]
    for n in "123":
        truth += [[n, "größe", ""], [n, f"inner-{n}", ""], [n, 'a, "list"', ""]]
    assert sorted(rows) == sorted(truth)
    assert Counter(shop.log.paths()) == {
        "/echo": 3,
        **{f"/tiny/inner-{n}": 1 for n in "123"},
        **{f"/tiny/{n}": 1 for n in "123"},
    }


def test_a_spider_middleware_an_extension_an_idle_handler_and_a_retry(run: Run, shop: ThreadedShop) -> None:
    items = run("extensions")

    assert sorted(items, key=str) == sorted(
        [
            {"word": "links", "marked": False},
            {"word": "linked", "marked": True},
            {"saved": "ValueError", "from": "poison"},
            {"word": "broken", "marked": False},
            {"saved": "RuntimeError", "from": "broken"},
            *[{"word": "patience", "marked": False}] * 1,
            *[{"word": "patience", "marked": True}] * 2,
            {"word": "from-idle", "marked": False},
        ],
        key=str,
    )
    assert Counter(shop.log.paths()) == {
        "/tiny/links": 1,
        "/tiny/linked": 1,
        "/tiny/poison": 1,
        "/tiny/broken": 1,
        "/tiny/patience": 3,
        "/tiny/from-idle": 1,
    }


def test_a_script_that_runs_a_spider_by_crawler_process(shop: ThreadedShop, tmp_path: Path) -> None:
    for port in (everywhere, in_import_lines):
        shop.shop.forget()
        (tmp_path / "script.py").write_text(port((SPIDERS / "script.py.txt").read_text("utf-8")), "utf-8")

        done = subprocess.run(
            [sys.executable, "script.py", shop.url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "words.json").read_text("utf-8")) in (
            [{"word": "one"}, {"word": "two"}],
            [{"word": "two"}, {"word": "one"}],
        )
        assert sorted(shop.log.paths()) == ["/tiny/one", "/tiny/two"]
        assert done.stdout.splitlines() == ["after the crawls"]
