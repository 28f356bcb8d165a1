"""What the docs show is what happens: their files are written, their commands typed, their output compared.

The convention, in Markdown's fenced blocks:

- ``python title="spiders/books.py"``: a file of the page's folder, as in ``text title="..."``; with " (at the end)"
  behind the name it is added to the file. Every Python block must compile, and what it imports of the framework exist.
- ``console``: ``$ command`` lines are typed, the lines below are lines of the output in their order (others may come
  between). ``...`` stands for anything in a line; ``^C`` is typed too. Times, rates, sizes and the framework's own
  logger names may differ.
  A command whose output shows an error (``fwk: ...``) must fail, every other one succeed.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITHOUT_EXAMPLES = {"index", "architecture", "performance", "settings"}
"""Pages of words, and generated ones: ``reference/settings.md`` is meant, the how-to ``settings.md`` is asked for."""

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+\+00:00)?"), "TIME"),
    (re.compile(r"\bin [\d.,]+ ?(?:ms|s|min)\b(?:, [\d.,]+/(?:s|min))?"), "in SECONDS"),
    (re.compile(r"\([\d,]+/min\)"), "(RATE)"),
    (re.compile(r"\b[\d.,]+ (?:B|kB|MB)\b"), "SIZE"),
    (re.compile(r"\[framework\.[\w.]+\]"), "[framework]"),
    (re.compile(r" +"), " "),
)


@dataclass(frozen=True)
class Block:
    language: str
    title: str | None
    body: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        title = _TITLE.search(match["info"])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match["language"], title[1] if title else None, match["body"], line))
    return found


def commands_of(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Give each command of a console block with the lines of output below it."""
    command: str | None = None
    shown: list[str] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, shown
            command, shown = line[2:], []
        elif line.strip():
            shown.append(line)
    if command is not None:
        yield command, shown


def plain(line: str) -> str:
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def first_missing(shown: list[str], output: str) -> str | None:
    """Return the first of the lines shown that does not come, in its order, in the output."""
    actual = iter([plain(line) for line in output.splitlines()])
    for line in shown:
        wanted = plain(line)
        if wanted in ("...", "^C"):
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.split("..."))))
        if not any(pattern.fullmatch(found) for found in actual):
            return line
    return None


def test_the_pages_are_found() -> None:
    assert len(PAGES) > 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_types_the_examples_of_a_page_sees_what_it_shows(page: Path, reader: Any) -> None:
    for block in blocks_of(page):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.title is not None:
            reader.write(block.title, block.body)
        if block.language != "console":
            continue
        for command, shown in commands_of(block):
            code, output = reader.type(command, interrupt=any(line.strip() == "^C" for line in shown))
            missing = first_missing(shown, output)
            assert missing is None, f"{where}: $ {command}\ndoes not show: {missing}\nbut:\n{output}"
            shows_error = any(line.startswith("fwk: ") for line in shown)
            assert (code != 0) == shows_error, f"{where}: $ {command}\nended with exit code {code}:\n{output}"


@pytest.mark.parametrize("page", PAGES)
def test_python_of_a_page_compiles_and_imports_what_exists(page: Path) -> None:
    for block in blocks_of(page):
        if block.language != "python":
            continue
        where = f"{page.relative_to(ROOT)}:{block.line}"
        tree = ast.parse(block.body, filename=where)
        compile(tree, where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    if name.name.split(".")[0] == "framework":
                        importlib.import_module(name.name)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "framework":
                module = importlib.import_module(node.module or "")
                for name in node.names:
                    assert hasattr(module, name.name), f"{where}: {node.module} has no {name.name}"


def test_every_page_with_instructions_has_an_example_that_is_run() -> None:
    without = [
        str(page.relative_to(ROOT))
        for page in PAGES
        if page.stem not in WITHOUT_EXAMPLES | {"README"} or page == ROOT / "docs" / "settings.md"
        if not any(block.language == "console" for block in blocks_of(page))
    ]

    assert without == []


@pytest.mark.parametrize(
    ("shown", "is_there"),
    [
        (["a", "c"], True),
        (["c", "a"], False),
        (["b ... more"], True),
        (["pages 3 in 1.2 s, 4/s"], True),
        (["pages 4 in 1.2 s, 4/s"], False),
        (["..."], True),
    ],
)
def test_lines_are_compared_in_their_order_and_without_times(shown: list[str], is_there: bool) -> None:
    output = "a\nb and more\nc\npages  3 in 17.0 s, 99/min\n"

    assert (first_missing(shown, output) is None) is is_there
