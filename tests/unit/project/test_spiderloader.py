from __future__ import annotations

import logging
import sys

import pytest

from framework.exceptions import PluginError
from framework.http import Request
from framework.project.spiderloader import SpiderLoader, load_file, nameless, spiders_of
from framework.settings import Settings

SPIDER = """from framework import Spider


class {cls}(Spider):
    name = '{name}'
    allowed_domains = ['{name}.example']
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that writes the modules of a package called ``room_under_test``; forget them afterwards."""
    folder = tmp_path / "room_under_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def write(**modules):
        for name, text in modules.items():
            path = folder / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return ("room_under_test",)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_spiders_are_found_to_the_bottom_of_a_package(package):
    modules = package(
        **{
            "books": SPIDER.format(cls="Books", name="books"),
            "below/__init__": "",
            "below/arts": SPIDER.format(cls="Arts", name="arts"),
        }
    )

    loader = SpiderLoader(modules)

    assert loader.list() == ["arts", "books"]
    assert loader.load("arts").__name__ == "Arts"
    assert loader.find_by_request(Request("https://www.books.example/")) == ["books"]
    assert loader.problems() == []


def test_settings_name_the_modules(package):
    modules = package(books=SPIDER.format(cls="Books", name="books"))

    assert SpiderLoader.from_settings(Settings({"SPIDER_MODULES": list(modules)})).list() == ["books"]


def test_a_spider_counts_where_it_is_defined_and_once(package):
    modules = package(
        books=SPIDER.format(cls="Books", name="books") + "\n\nAlias = Books\n",
        more="from .books import Books\n\n\nclass Special(Books):\n    name = 'special'\n",
    )

    loader = SpiderLoader(modules)

    assert loader.list() == ["books", "special"]
    assert loader.load("books").__name__ == "Books"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = = 1\n", "syntax error in room_under_test/broken.py:1: invalid syntax: x = = 1"),
        ("import pandaz.core\n", "needs the package 'pandaz', which is not installed (room_under_test/broken.py:1)"),
        ("x = 1\n1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero (room_under_test/broken.py:2)"),
        ("from framework import Spidr\n", "ImportError: cannot import name 'Spidr'"),
    ],
)  # fmt: skip
def test_a_module_that_cannot_be_imported_is_told_with_its_place(package, source, said):
    with pytest.raises(PluginError) as caught:
        SpiderLoader(package(broken=source))

    assert said in str(caught.value)


def test_a_broken_module_may_be_a_warning(package, caplog):
    modules = package(broken="1 / 0\n", books=SPIDER.format(cls="Books", name="books"))

    with caplog.at_level(logging.WARNING):
        loader = SpiderLoader(modules, warn_only=True)

    assert loader.list() == ["books"]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("name", ["no_room_at_all", "room_under_test.nothing"])
def test_a_module_that_is_not_there_is_told(package, name):
    package()

    with pytest.raises(PluginError, match=f"SPIDER_MODULES: there is no module '{name}'"):
        SpiderLoader((name,))


def test_two_spiders_of_one_name_are_told_when_it_is_asked_for(package):
    source = SPIDER.format(cls="Books", name="books")
    loader = SpiderLoader(package(one=source, two=source.replace("Books", "Other")))

    with pytest.raises(PluginError, match=r"Books in room_under_test/one\.py and Other in room_under_test/two\.py"):
        loader.load("books")
    assert len(loader.problems()) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SPIDER.format(cls="Books", name="books"), "there is no spider 'boks'; did you mean 'books'?"),
        (SPIDER.format(cls="Arts", name="arts"), "there is no spider 'boks'; this project has: arts"),
        ("from framework import Spider\n\n\nclass Books(Spider): ...\n", "name is Books in room_under_test/a.py"),
        ("", "nor any other in SPIDER_MODULES (room_under_test); make one: fwk genspider boks URL"),
    ],
)  # fmt: skip
def test_an_unknown_spider_is_told_with_what_there_is(package, source, said):
    with pytest.raises(PluginError) as caught:
        SpiderLoader(package(a=source)).load("boks")

    assert said in str(caught.value)


def test_no_modules_are_nothing():
    with pytest.raises(PluginError, match=r"SPIDER_MODULES \(nothing\)"):
        SpiderLoader(()).load("books")


# -- a file of its own -----------------------------------------------------------------------------------------------


def test_a_file_is_imported_with_its_folder_on_the_path(package, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "neighbour_under_test.py").write_text("URL = 'https://a.example/'\n")
    (folder / "alone_under_test.py").write_text(
        "from neighbour_under_test import URL\n" + SPIDER.format(cls="Alone", name="alone")
    )

    module = load_file(folder / "alone_under_test.py")
    again = load_file(folder / "alone_under_test.py")

    assert [spider.name for spider in spiders_of(module)] == ["alone"]
    assert module.__name__ == "alone_under_test"
    assert again.__name__ == "spider_alone_under_test"


def test_a_file_called_like_a_library_does_not_take_its_place(package, tmp_path):
    import json

    (tmp_path / "json.py").write_text(SPIDER.format(cls="Json", name="json"))

    module = load_file(tmp_path / "json.py")

    assert sys.modules["json"] is json
    assert [spider.name for spider in spiders_of(module)] == ["json"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("no.py", "there is no file no.py"), ("a.txt", "is no Python file"), ("broken.py", "syntax error in broken.py:1")],
)
def test_a_file_that_is_no_spiders_file_is_told(package, tmp_path, name, said):
    from pathlib import Path

    (tmp_path / "a.txt").write_text("")
    (tmp_path / "broken.py").write_text("x = = 1\n")

    with pytest.raises(PluginError, match=said):
        load_file(Path(name))


def test_a_file_without_spiders_says_what_lacks(package, tmp_path):
    (tmp_path / "nothing_under_test.py").write_text("x = 1\n")
    (tmp_path / "nameless_under_test.py").write_text("from framework import Spider\n\n\nclass Books(Spider): ...\n")

    assert nameless(load_file(tmp_path / "nothing_under_test.py")) == " and has a name"
    assert "Books in nameless_under_test.py lacks a name" in nameless(load_file(tmp_path / "nameless_under_test.py"))
