from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framework.components import accepts, build_enabled, build_from_crawler, load_object, tell_misspelt_hooks
from framework.exceptions import NotConfigured, PluginError

CRAWLER: Any = SimpleNamespace(settings={"A": 1})


class Plain:
    def __init__(self, size: int = 3) -> None:
        self.size = size


class FromCrawler(Plain):
    @classmethod
    def from_crawler(cls, crawler: Any, size: int = 7) -> FromCrawler:
        return cls(size)


class FromSettings(Plain):
    @classmethod
    def from_settings(cls, settings: Any) -> FromSettings:
        return cls(settings["A"])


class NeedsSomething:
    def __init__(self, something: Any) -> None: ...


class BrokenInside:
    def __init__(self) -> None:
        len(5)  # type: ignore[arg-type]


class ReturnsNone:
    @classmethod
    def from_crawler(cls, crawler: Any) -> None:
        return None


class Silent:
    def __init__(self) -> None:
        raise NotConfigured


class Explains:
    def __init__(self) -> None:
        raise NotConfigured("no server is set")


def test_a_dotted_path_names_a_class_and_other_objects_are_themselves() -> None:
    assert load_object("framework.exceptions.DropItem").__name__ == "DropItem"
    assert load_object(Plain) is Plain


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("Sign", "is no dotted path; write module.Name"),
        ("framework.nowhere.Sign", "there is no module 'framework.nowhere'; check the spelling"),
        ("nowhere_at_all.sign.Sign", "there is no module 'nowhere_at_all'"),
        ("framework.exceptions.DropItm", "has no 'DropItm'; did you mean 'DropItem'?"),
        ("framework.exceptions.Zzz", "has no 'Zzz'"),
    ],
)
def test_a_wrong_path_is_one_clear_error(path: str, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        load_object(path)

    assert repr(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import package_that_is_not_there", "needs the package 'package_that_is_not_there', which is not installed"),
        ("import scrapy.http", r"imports scrapy \(.*plugin_under_test.py:1\); write framework in its place"),
        ("raise ImportError('too old')", "cannot be imported: ImportError: too old"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    (tmp_path / "plugin_under_test.py").write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(PluginError, match=message):
        load_object("plugin_under_test.Sign")


def test_a_component_is_built_as_scrapy_builds_it() -> None:
    assert build_from_crawler(FromCrawler, CRAWLER).size == 7
    assert build_from_crawler(FromCrawler, CRAWLER, size=9).size == 9
    assert build_from_crawler(FromSettings, CRAWLER).size == 1
    assert build_from_crawler(Plain, CRAWLER).size == 3
    assert build_from_crawler(Plain, CRAWLER, 5).size == 5


def test_wrong_arguments_name_the_class_and_the_remedy() -> None:
    with pytest.raises(PluginError, match=r"NeedsSomething cannot be built: .*; give it from_crawler"):
        build_from_crawler(NeedsSomething, CRAWLER)


def test_an_error_inside_a_component_is_shown_as_it_is() -> None:
    with pytest.raises(TypeError, match="has no len"):
        build_from_crawler(BrokenInside, CRAWLER)


def test_a_component_must_be_returned() -> None:
    with pytest.raises(PluginError, match=r"ReturnsNone\.from_crawler returned None"):
        build_from_crawler(ReturnsNone, CRAWLER)


def test_components_that_opt_out_are_left_out_and_those_that_explain_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        built = build_enabled([FromCrawler, Silent, Explains, "framework.signalmanager.SignalManager"], CRAWLER)

    assert [type(component).__name__ for component in built] == ["FromCrawler", "SignalManager"]
    [record] = caplog.records
    assert "no server is set" in record.getMessage()


def test_a_hook_may_take_a_name_or_everything() -> None:
    def old(item: Any, spider: Any) -> None: ...
    def new(item: Any) -> None: ...
    def any_name(**names: Any) -> None: ...

    assert [accepts(hook, "spider") for hook in (old, new, any_name)] == [True, False, True]


def test_a_component_that_raises_while_it_is_built_is_one_line_with_its_place() -> None:
    with pytest.raises(PluginError, match=r"BrokenInside cannot be built: TypeError: .*test_components\.py:\d+"):
        build_enabled([BrokenInside], CRAWLER)


def test_the_missing_package_of_an_extra_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rendering_under_test.py").write_text("import playwright.async_api")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "playwright", None)

    with pytest.raises(PluginError, match=r"pip install 'fwk\[playwright\]'"):
        load_object("rendering_under_test.Handler")


class Misspelt:
    def process_reqest(self, request: Any) -> None: ...

    def process_response(self, request: Any, response: Any) -> None: ...

    def process_responses(self, responses: Any) -> None: ...

    def spider_opened(self, spider: Any) -> None: ...

    def _process_item(self, item: Any) -> None: ...


def test_a_misspelt_hook_is_told_and_a_method_of_the_users_own_is_not(caplog: pytest.LogCaptureFixture) -> None:
    tell_misspelt_hooks([Misspelt(), Plain()])

    assert caplog.messages == ["Misspelt.process_reqest is no hook, so nothing calls it; did you mean process_request?"]
