"""The typed getters of Scrapy's Settings API."""

import pytest

from framework.exceptions import SettingsError
from framework.settings import BaseSettings
from framework.settings.getters import Getters


def test_getbool_reads_what_scrapys_documentation_names():
    values = {"A": "1", "B": 1, "C": True, "D": "True", "E": "0", "F": 0, "G": False, "H": "False", "I": None}

    settings = BaseSettings(values)

    assert [settings.getbool(name) for name in values] == [True] * 4 + [False] * 5
    assert settings.getbool("MISSING") is False
    assert settings.getbool("MISSING", True) is True


def test_getint_and_getfloat_read_texts():
    settings = BaseSettings({"N": "3", "F": "2.5", "T": True, "C": 2.9})

    assert settings.getint("N") == 3
    assert settings.getint("T") == 1
    assert settings.getint("C") == 2
    assert settings.getfloat("F") == 2.5
    assert settings.getint("MISSING", 7) == 7
    assert settings.getfloat("MISSING") == 0.0


def test_getlist_makes_a_new_list():
    source = ["a"]
    settings = BaseSettings({"L": source, "T": "a, b", "J": '["a", 1]', "P": ("x",)})

    settings.getlist("L").append("b")

    assert settings["L"] == ["a"]
    assert settings.getlist("T") == ["a", "b"]
    assert settings.getlist("J") == ["a", 1]
    assert settings.getlist("P") == ["x"]
    assert settings.getlist("MISSING") == []
    assert settings.getlist("MISSING", ["d"]) == ["d"]


def test_getdict_makes_a_new_dict():
    settings = BaseSettings({"D": {"a": 1}, "J": '{"a": 1}'})

    settings.getdict("D")["b"] = 2

    assert settings["D"] == {"a": 1}
    assert settings.getdict("J") == {"a": 1}
    assert settings.getdict("MISSING") == {}
    assert settings.getdict("MISSING", {"d": 1}) == {"d": 1}


def test_getdictorlist_reads_both():
    nested = {"a": [1]}
    settings = BaseSettings({"D": nested, "L": ("a",), "J": '{"a": 1}', "K": "[1]", "W": "a,b", "N": "3"})

    settings.getdictorlist("D")["a"].append(2)

    assert nested == {"a": [1]}
    assert settings.getdictorlist("L") == ["a"]
    assert settings.getdictorlist("J") == {"a": 1}
    assert settings.getdictorlist("K") == [1]
    assert settings.getdictorlist("W") == ["a", "b"]
    assert settings.getdictorlist("MISSING") == {}
    assert settings.getdictorlist("MISSING", ["d"]) == ["d"]
    with pytest.raises(SettingsError, match="N = '3'"):
        settings.getdictorlist("N")


@pytest.mark.parametrize(
    ("method", "value", "needs"),
    [
        ("getbool", "maybe", "true or false"),
        ("getint", "abc", "a whole number"),
        ("getint", None, ""),
        ("getfloat", "abc", "a number"),
        ("getlist", 3, "a list"),
        ("getdict", [1], "a dict"),
        ("getdict", "{", "a dict: as a text it must be JSON"),
        ("getdictorlist", 3, "a dict or a list"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place(method, value, needs):
    settings = BaseSettings()
    settings.set("SHOP_X", value, "cmdline", "command line -s SHOP_X")

    if value is None:
        assert getattr(settings, method)("SHOP_X") == 0
        return

    with pytest.raises(SettingsError) as error:
        getattr(settings, method)("SHOP_X")
    assert str(error.value).startswith(f"SHOP_X = {value!r} (command line -s SHOP_X): needs {needs}")


def test_a_default_that_does_not_fit_has_no_place():
    with pytest.raises(SettingsError, match=r"^MISSING = 'x': needs a whole number$"):
        BaseSettings().getint("MISSING", "x")


def test_the_getters_alone_store_nothing():
    with pytest.raises(NotImplementedError):
        Getters().get("A")
    with pytest.raises(NotImplementedError):
        Getters().origin("A")
