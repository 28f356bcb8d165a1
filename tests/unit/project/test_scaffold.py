from __future__ import annotations

import ast
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.exceptions import UsageError
from framework.project.scaffold import class_name, make_project, make_spider, module_name, spider_templates


def test_a_project_is_written_with_its_name_in_it(tmp_path):
    written = make_project("harbour", tmp_path / "new" / "harbour")

    names = {str(path.relative_to(tmp_path / "new" / "harbour")) for path in written}
    assert {"settings.py", "setup.cfg", "README.md", ".gitignore", "spiders/__init__.py"} <= names
    assert 'BOT_NAME = "harbour"' in (tmp_path / "new/harbour/settings.py").read_text()


@pytest.mark.parametrize("name", ["9x", "", "a b", "-x", "a/b", "a.b", "ä"])
def test_a_name_that_will_not_do_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot name a project"):
        make_project(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_where_one_file_is_in_the_way(tmp_path):
    (tmp_path / "README.md").write_text("mine")

    with pytest.raises(UsageError, match=r"README\.md already"):
        make_project("shop", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="cannot be written: "):
        make_project("shop", tmp_path / "file" / "shop")


@pytest.mark.parametrize("template", spider_templates())
def test_a_spider_is_valid_python_with_name_url_and_domain(tmp_path, template):
    target = make_spider("my-shop", "http://shop.example:8000/books", template, "spiders", tmp_path)

    assert target == tmp_path / "spiders" / "my_shop.py"
    source = target.read_text()
    assert ast.parse(source).body
    assert "class MyShopSpider(Spider):" in source
    assert 'name = "my-shop"' in source
    assert 'start_urls = ["http://shop.example:8000/books"]' in source
    assert 'allowed_domains = ["shop.example"]' in source


def test_a_module_with_dots_is_a_folder_in_a_folder(tmp_path):
    assert make_spider("a", "a.example", "basic", "shop.spiders", tmp_path) == tmp_path / "shop" / "spiders" / "a.py"
    assert make_spider("a", "a.example", "basic", "", tmp_path) == tmp_path / "a.py"


@pytest.mark.parametrize("url", ["http://", "://x", 'http://a.example/"', "http://a.example/\n", "http://a b/"])
def test_a_url_that_will_not_do_is_refused(tmp_path, url):
    with pytest.raises(UsageError, match="is no URL to start from"):
        make_spider("a", url, "basic", "", tmp_path)


def test_an_unknown_template_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'basic'"):
        make_spider("a", "a.example", "baisc", "", tmp_path)
    with pytest.raises(UsageError, match="there are: basic, jsonapi"):
        make_spider("a", "a.example", "xyzzy", "", tmp_path)


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    target = make_spider("a", "a.example", "basic", "", tmp_path)

    with pytest.raises(UsageError, match="--force"):
        make_spider("a", "b.example", "basic", "", tmp_path)
    make_spider("a", "b.example", "basic", "", tmp_path, force=True)

    assert "b.example" in target.read_text()


@pytest.mark.parametrize("name", ["9x", "", "class", "a b", "a/b", "../x", "__x"])
def test_a_name_that_gives_no_file_is_refused(name):
    with pytest.raises(UsageError, match="cannot name a spider"):
        module_name(name)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,12}", fullmatch=True))
def test_every_name_that_is_taken_gives_a_file_and_a_class(name):
    try:
        file = module_name(name)
    except UsageError:
        return
    assert file.isidentifier()
    assert os.sep not in file
    assert class_name(name).isidentifier()
