"""The layers, read from files, modules, spiders, the environment and the command line."""

import sys
from types import ModuleType

import pytest

from framework.exceptions import SettingsError
from framework.settings import (
    layer_from_environment,
    layer_from_file,
    layer_from_module,
    layer_from_pairs,
    layer_from_spider,
)
from framework.settings.loading import shown_path


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_settings_file_gives_upper_case_names_with_file_and_line(project):
    (project / "settings.py").write_text("import os\nSHOP = 1\nlower = 2\n\nRETRY_TIMES = SHOP + 1\n")

    layer = layer_from_file("settings.py")

    assert layer.name == "project"
    assert layer.values == {"SHOP": 1, "RETRY_TIMES": 2}
    assert layer.places == {"SHOP": "settings.py:2", "RETRY_TIMES": "settings.py:5"}
    assert "settings" not in sys.modules or sys.modules["settings"].__file__ != str(project / "settings.py")


def test_a_name_from_a_star_import_gets_the_line_of_the_import(project, monkeypatch):
    shared = ModuleType("shared_settings_for_test")
    shared.SHOP = 1
    monkeypatch.setitem(sys.modules, "shared_settings_for_test", shared)
    (project / "settings.py").write_text("\nfrom shared_settings_for_test import *\nglobals()['MADE'] = 1\n")

    layer = layer_from_file(project / "settings.py")

    assert layer.places["SHOP"] == "settings.py:2"


def test_a_name_that_no_line_assigns_gets_the_file(project):
    (project / "settings.py").write_text("globals()['MADE'] = 1\n")

    assert layer_from_file("settings.py").places == {"MADE": "settings.py"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("A = 1\nB = (\n", "settings.py:2: this is not valid Python"),
        ("A = 1\nB = 1 / 0\n", "settings.py:2: the settings file fails: ZeroDivisionError: division by zero"),
        ("import no_such_module_here\n", "settings.py:1: the settings file fails: ModuleNotFoundError"),
        ("def f():\n    return NAME\nA = f()\n", "settings.py:2: the settings file fails: NameError"),
        ("A = '\0'\n", "settings.py"),
    ],
)
def test_a_broken_settings_file_is_named_with_its_line(project, source, message):
    (project / "settings.py").write_text(source)

    with pytest.raises(SettingsError) as error:
        layer_from_file("settings.py")

    assert str(error.value).startswith(message)


def test_a_missing_or_unreadable_settings_file_is_named(project):
    (project / "latin.py").write_bytes(b"A = '\xe9'\n")

    with pytest.raises(SettingsError, match=r"settings\.py: the settings file cannot be read: No such file"):
        layer_from_file("settings.py")
    with pytest.raises(SettingsError, match=r"latin\.py: the settings file cannot be read"):
        layer_from_file("latin.py")


def test_a_settings_file_may_raise_a_settings_error_of_its_own(project):
    (project / "settings.py").write_text(
        "from framework.exceptions import SettingsError\nraise SettingsError('set SHOP_API_KEY first')\n"
    )

    with pytest.raises(SettingsError, match=r"^set SHOP_API_KEY first$"):
        layer_from_file("settings.py")


def test_a_path_outside_the_working_folder_is_shown_whole(project):
    assert shown_path(project / "a" / "settings.py") == "a/settings.py"
    assert shown_path(project.parent / "settings.py") == str(project.parent / "settings.py")


def test_a_module_gives_its_names_with_file_and_line(project):
    (project / "shop_settings.py").write_text("\nSHOP = 1\n")
    module = ModuleType("shop_settings")
    module.__file__ = str(project / "shop_settings.py")
    module.SHOP = 1

    assert layer_from_module(module).places == {"SHOP": "shop_settings.py:2"}


def test_a_module_without_a_file_gives_its_name(project):
    module = ModuleType("shop_settings")
    module.SHOP = 1

    layer = layer_from_module(module, "plugin")

    assert (layer.name, layer.places) == ("plugin", {"SHOP": "module shop_settings"})


LOUD = {"LOG_LEVEL": "ERROR"}


class Books:
    """A spider, for tests."""

    custom_settings = {
        "RETRY_TIMES": 5,
        **LOUD,
    }


class Child(Books):
    """Inherits its settings."""


def test_a_spider_gives_its_custom_settings_with_their_place():
    layer = layer_from_spider(Books)

    assert (layer.name, layer.values) == ("spider", {"RETRY_TIMES": 5, "LOG_LEVEL": "ERROR"})
    assert layer.places["RETRY_TIMES"].startswith("spider Books.custom_settings, ")
    assert "test_loading.py:" in layer.places["RETRY_TIMES"]
    assert layer.places["LOG_LEVEL"] == "spider Books.custom_settings"


def test_inherited_custom_settings_name_the_class_that_has_them():
    assert layer_from_spider(Child).places["LOG_LEVEL"] == "spider Books.custom_settings"


def test_a_spider_without_custom_settings_gives_an_empty_layer():
    assert layer_from_spider(type("Plain", (), {})).values == {}
    assert layer_from_spider(type("Plain", (), {"custom_settings": None})).values == {}


def test_a_spider_made_without_source_has_the_class_as_place():
    made = type("Made", (), {"custom_settings": {"A": 1}, "__module__": "nowhere"})

    assert layer_from_spider(made).places == {"A": "spider Made.custom_settings"}


def test_custom_settings_that_are_no_dict_are_refused():
    with pytest.raises(SettingsError, match=r"spider Wrong.custom_settings must be a dict, not list"):
        layer_from_spider(type("Wrong", (), {"custom_settings": ["A"]}))


def test_the_environment_gives_what_has_our_prefix():
    layer = layer_from_environment({"FWK_LOG_LEVEL": "DEBUG", "PATH": "/bin", "FWK_": "x", "XFWK_A": "1"})

    assert layer.values == {"LOG_LEVEL": "DEBUG"}
    assert layer.places == {"LOG_LEVEL": "environment FWK_LOG_LEVEL"}


def test_the_command_line_gives_pairs():
    layer = layer_from_pairs(["A=1", "B=x=y", "C="])

    assert layer.values == {"A": "1", "B": "x=y", "C": ""}
    assert layer.places["B"] == "command line -s B"


def test_texts_that_are_no_pairs_are_reported_together():
    with pytest.raises(SettingsError) as error:
        layer_from_pairs(["A", "=1", "B=1"])

    assert [line.split(":")[0] for line in error.value.problems] == ["command line -s A", "command line -s =1"]
