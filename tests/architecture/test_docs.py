"""The docs are complete and in step with the code: every option, command, signal, middleware and key is in them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from framework import exceptions, signals
from framework.cli.main import fwk
from framework.settings.catalogue import builtin_catalogue
from framework.settings.scrapy_names import NAMES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference" / "settings.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

NOT_SETTINGS = {
    # upper-case words in code that are something else, and settings of their own that examples make up
    "DEBUG", "ERROR", "FWK_DOWNLOAD_DELAY", "FWK_LOG_LEVEL", "FWK_MONGO_URI", "INFO", "LANGUAGE", "MOST_EXPENSIVE",
    "SHOP_API_KEY", "SHOP_SECRET", "SLOW_S", "SQLITE_TMPDIR", "TEST_MONGO_URI", "WARNING",
}  # fmt: skip
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"(?<![\w\[.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w*])")
_FAMILY = re.compile(r"(?<!\w)([A-Z][A-Z0-9_]*_)\*")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def prose_of(page: Path) -> str:
    return _FENCE.sub("", text_of(page))


def hand_written() -> str:
    return "\n".join(text_of(page) for page in PAGES if page != REFERENCE)


def names_in_framework(pattern: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "framework").rglob("*.py"):
        found.update(re.findall(pattern, path.read_text(encoding="utf-8")))
    return found


def test_the_settings_reference_is_what_the_declarations_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "framework.settings.reference", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    known = {option.name for option in builtin_catalogue()}
    code = "\n".join(_CODE.findall(prose_of(page)))
    named = set(_NAME.findall(code)) - NOT_SETTINGS
    families = _FAMILY.findall(code)

    assert named - known - NAMES == set()
    assert [family for family in families if not any(name.startswith(family) for name in known | NAMES)] == []


def test_every_setting_with_a_meaning_of_its_own_is_in_the_reference() -> None:
    headings = set(re.findall(r"^### (\w+)$", text_of(REFERENCE), re.MULTILINE))

    assert headings == {option.name for option in builtin_catalogue()}


@pytest.mark.parametrize("base", ["DOWNLOADER_MIDDLEWARES_BASE", "SPIDER_MIDDLEWARES_BASE"])
def test_every_built_in_middleware_is_explained_with_its_number(base: str) -> None:
    page = DOCS / f"{'downloader' if base.startswith('DOWN') else 'spider'}-middlewares.md"
    option = builtin_catalogue().get(base)
    assert option is not None

    missing = [
        path
        for path, number in option.default.items()
        if f"| {number} | `{'.'.join(path.split('.')[-2:])}`" not in text_of(page)
    ]

    assert missing == []


def test_every_command_is_explained() -> None:
    page = text_of(DOCS / "commands.md")

    assert [name for name in fwk.list_commands(None) if f"fwk {name}" not in page] == []  # type: ignore[arg-type]


def test_every_signal_is_in_the_reference() -> None:
    page = text_of(DOCS / "reference" / "signals.md")
    own = {value.name: value for value in vars(signals).values() if isinstance(value, signals.Signal)}

    assert [name for name in own if f"`{name}`" not in page] == []
    for name, signal in own.items():
        row = re.search(rf"^\| `{name}` \| ([^|]*)\|", page, re.MULTILINE)
        if row is not None:
            assert row[1].strip() == ", ".join(signal.arguments), name


def test_every_exception_is_explained() -> None:
    page = text_of(DOCS / "errors.md") + text_of(DOCS / "extending.md")
    own = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    internal = {
        "CrawlError",
        "ExportError",
        "ForbiddenAddressError",
        "InvalidOutput",
        "ScrapyDeprecationWarning",
        "Any",
    }

    assert {name for name in own - internal if f"`{name}" not in page} == set()


# What a checkpoint stores is called meta too, and "book" and "session" are examples in docstrings.
STORED_META = {"components", "cuts", "samples", "started", "state"}


def test_every_key_of_meta_is_in_the_reference() -> None:
    pattern = r"""(?:meta_get\(|meta\.get\(|meta\[|["']?meta["']?\]?\.setdefault\()["'](\w+)["']"""
    used = names_in_framework(pattern) - {"json_schema_extra", "serializer", "book", "session"} - STORED_META
    page = text_of(DOCS / "reference" / "meta-keys.md")

    assert "download_slot" in used
    assert {key for key in used if f"| `{key}` |" not in page} == set()


def test_every_key_of_the_stats_is_in_the_reference() -> None:
    used = names_in_framework(r"""(?:inc|set|max|min)_value\(f?["']([a-z_]+(?:/[a-z_0-9]+)*)""")
    page = text_of(DOCS / "reference" / "stats.md")
    families = re.findall(r"`([\w./]+/)\{\w+\}`", page)

    assert "scheduler/enqueued" in used
    assert {key for key in used if key not in page and not key.startswith(tuple(families))} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(prose_of(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            broken.append(target)

    assert broken == []


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_no_page_names_a_file_of_the_repository_that_is_not_there() -> None:
    named = set(re.findall(r"`((?:framework|spiders|middlewares|pipelines)/[\w/]+\.py)`", hand_written()))
    made_in_the_tutorial = {"spiders/books.py"}

    assert [name for name in named - made_in_the_tutorial if not (ROOT / name).exists()] == []


def test_the_rooms_of_the_architecture_page_are_those_of_the_package() -> None:
    page = text_of(DOCS / "architecture.md")
    rooms = {path.name for path in (ROOT / "framework").iterdir() if (path / "__init__.py").exists()}

    assert [room for room in sorted(rooms) if f"{room}/" not in page] == []


def test_the_picture_is_well_formed_and_its_words_are_those_of_the_page() -> None:
    text = (DOCS / "architecture.svg").read_text(encoding="utf-8")
    words = re.findall(r'<text class="label"[^>]*>([^<]+)</text>', text)
    page = text_of(DOCS / "architecture.md")

    assert text.count("<text") == text.count("</text>")
    assert [word for word in words if f"**{word}.**" not in page and word != "requests, items"] == []


def test_python_of_the_docs_is_formatted_as_ours() -> None:
    too_long = [
        f"{page.relative_to(ROOT)}: {line}"
        for page in PAGES
        for block in re.findall(r"^```python[^\n]*\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if len(line) > 120 and page != REFERENCE
    ]
    for page in PAGES:
        for block in re.findall(r"^```python[^\n]*\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL):
            ast.parse(block)

    assert too_long == []


@pytest.mark.timeout(120)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").exists()
