"""Declaring options: groups, records, defaults and messages."""

import dataclasses
from collections.abc import Mapping

import pytest

from framework.settings import Settings, group, group_of, option, record
from framework.settings.kinds import Misfit


@record
class Window:
    """A dict inside a setting."""

    opens_s: float | None = option("opens", default=None, minimum=0, doc="When it opens.")
    days: tuple[int, ...] = option("days", default=(), doc="On which days.")


@group("Shop", "What the shop needs.")
class ShopOptions:
    """A plugin's options."""

    pages: int = option("SHOP_PAGES", default=5, minimum=1, unit="pages", doc="How many pages.")
    tags: tuple[str, ...] = option("SHOP_TAGS", default=("a",), doc="Which tags.")
    prices: Mapping[str, float] = option("SHOP_PRICES", default={}, doc="Known prices.")
    windows: Mapping[str, Window] = option("SHOP_WINDOWS", default={}, doc="Opening times.")
    note: str | None = option("SHOP_NOTE", default=None, doc="A note.")


def test_a_group_can_be_made_with_its_defaults_and_with_other_values():
    assert ShopOptions() == ShopOptions(pages=5, tags=("a",), prices={}, windows={}, note=None)
    assert ShopOptions(pages=7).pages == 7


def test_a_group_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ShopOptions().pages = 3


def test_a_group_knows_its_options():
    shop = group_of(ShopOptions)

    assert [declared.name for declared in shop.options][:2] == ["SHOP_PAGES", "SHOP_TAGS"]
    assert repr(shop) == "<Group Shop: 5 options>"
    assert repr(shop.options[0]) == "<Option SHOP_PAGES>"
    assert (shop.options[0].unit, shop.options[0].bounds, shop.options[0].field) == ("pages", ">= 1", "pages")


def test_a_class_that_is_no_group_is_refused_by_name():
    class Child(ShopOptions):
        pass

    with pytest.raises(TypeError, match="int is no group"):
        group_of(int)
    with pytest.raises(TypeError, match="Child is no group"):
        group_of(Child)


def test_a_default_is_fresh_each_time_it_is_asked_for():
    prices = group_of(ShopOptions).options[2]

    prices.default["x"] = 1

    assert prices.default == {}
    assert ShopOptions().prices == {}


def test_what_an_option_wants_ends_with_an_example():
    pages, tags, prices, windows, note = group_of(ShopOptions).options

    assert pages.wants == "a whole number >= 1, such as 5"
    assert tags.wants == "a list, each entry a text, such as ['a']"
    assert prices.wants == "a dict from a text to a number, such as {'text': 0.5}"
    assert windows.wants.startswith("a dict from a text to a dict with the keys opens, days")
    assert note.wants == "a text, or None, such as 'text'"


def test_a_record_is_read_into_an_object():
    windows = group_of(ShopOptions).options[3]

    assert windows.read({"a": {"opens": "3"}}) == {"a": Window(opens_s=3.0, days=())}
    assert windows.read('{"a": {}}') == {"a": Window()}


def test_a_wrong_part_of_a_record_is_named():
    windows = group_of(ShopOptions).options[3]

    with pytest.raises(Misfit, match="the value of 'a': 'opens' = -1 must be a number >= 0, or None"):
        windows.read({"a": {"opens": -1}})
    with pytest.raises(Misfit, match="there is no key 'closes', only opens, days"):
        windows.read({"a": {"closes": 1}})
    with pytest.raises(Misfit, match=r"'days' = \['x'\] must be .* \(entry 'x' is not a whole number\)"):
        windows.read({"a": {"days": ["x"]}})


def test_an_option_whose_example_is_empty_gives_none():
    @group("G", "g")
    class WithRecord:
        window: Window = option("WINDOW", default=Window(), doc="d")

    declared = group_of(WithRecord).options[0]

    assert declared.read({}) == Window()


def test_a_plugins_group_is_read_from_the_settings():
    settings = Settings({"SHOP_PAGES": "9"})

    settings.declare(ShopOptions)

    assert settings.group(ShopOptions).pages == 9
    assert settings["SHOP_TAGS"] == ["a"]
