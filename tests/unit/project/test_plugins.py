"""Plugins that come in packages."""

import sys
from importlib.metadata import EntryPoint

import pytest

from framework.exceptions import PluginError, SettingsError
from framework.project.plugins import ENTRY_POINT_GROUP, load_plugins
from framework.settings import Settings, group, option
from framework.settings.loading import layer_from_pairs
from framework.settings.validation import validate


@group("Shop plugin", "Options of a plugin.")
class ShopOptions:
    pages: int = option("SHOP_PAGES", default=3, minimum=1, doc="How many pages.")


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Make modules that entry points name; the fixture returns what loads the named ones."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(settings, **modules):
        for name, code in modules.items():
            (tmp_path / f"{name}.py").write_text(code)
            monkeypatch.delitem(sys.modules, name, raising=False)
        load_plugins(settings, [EntryPoint(name, name, ENTRY_POINT_GROUP) for name in modules])
        return settings

    return load


def test_a_plugins_settings_stand_between_the_defaults_and_the_project(plugin):
    settings = plugin(Settings(), myplugin="SETTINGS = {'RETRY_TIMES': 7, 'DOWNLOAD_DELAY': 2}")
    settings.set("DOWNLOAD_DELAY", 1, "project")

    assert settings.getint("RETRY_TIMES") == 7
    assert settings.getfloat("DOWNLOAD_DELAY") == 1
    assert settings.origin("RETRY_TIMES").place == "plugin 'myplugin' (myplugin)"


def test_a_plugins_components_are_added_to_those_of_the_project(plugin):
    settings = plugin(Settings(), myplugin="SETTINGS = {'ITEM_PIPELINES': {'myplugin.Count': 10}}")
    settings.set("ITEM_PIPELINES", {"mine.Check": 20}, "project")

    assert settings.ordered_components("ITEM_PIPELINES") == ["myplugin.Count", "mine.Check"]

    settings.set("ITEM_PIPELINES", {"mine.Check": 20, "myplugin.Count": None}, "project")
    assert settings.ordered_components("ITEM_PIPELINES") == ["mine.Check"]


def test_a_plugins_options_are_checked_like_the_frameworks(plugin):
    code = f"import sys\nOPTIONS = [sys.modules[{__name__!r}].ShopOptions]"
    settings = plugin(Settings(), myplugin=code)
    assert settings.group(ShopOptions).pages == 3

    settings.apply(layer_from_pairs(["SHOP_PAGES=none"]))

    with pytest.raises(SettingsError, match="SHOP_PAGES = 'none'"):
        validate(settings)


def test_names_that_a_plugin_owns_are_no_near_misses(plugin):
    near = {"USER_AGENTS": "a"}
    with pytest.raises(SettingsError):
        validate(Settings(near))

    assert validate(plugin(Settings(near), myplugin="OWNS = ['USER_AGENT*']")) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nowhere_at_all", "needs the package 'nowhere_at_all'"),
        ("1 / 0", "division by zero"),
        ("SETTINGS = ['RETRY_TIMES']", "SETTINGS must be a dictionary, not list"),
        ("OPTIONS = [int]", "OPTIONS must be groups of options"),
        ("OWNS = 'SHOP_*'", "OWNS must be a list"),
    ],
)
def test_a_broken_plugin_is_named_with_the_reason(plugin, code, message):
    with pytest.raises(PluginError, match=f"plugin 'broken'.*{message}"):
        plugin(Settings(), broken=code)


def test_without_plugins_nothing_changes():
    settings = Settings()

    load_plugins(settings, [])

    assert settings.owned == ()
