"""Changes inside lists and component dicts."""

import pytest

from framework.exceptions import SettingsError
from framework.settings import BaseSettings, Settings
from framework.settings.edits import Edits, component_path


class Retry:
    """A component, for tests."""


class Better(Retry):
    """Another component."""


RETRY = component_path(Retry)


def test_a_class_and_its_path_are_the_same_component():
    assert component_path("a.B") == "a.B"
    assert component_path(Retry).endswith(".Retry")


def test_an_item_is_added_to_a_list_once_and_the_priority_stays():
    settings = BaseSettings({"L": ["a"]}, "spider")

    settings.add_to_list("L", "b")
    settings.add_to_list("L", "b")
    settings.add_to_list("NEW", "x")

    assert settings["L"] == ["a", "b"]
    assert settings.getpriority("L") == 30
    assert (settings["NEW"], settings.getpriority("NEW")) == (["x"], 20)


def test_an_item_is_removed_from_a_list():
    settings = BaseSettings({"L": ["a", "b"]})

    settings.remove_from_list("L", "a")

    assert settings["L"] == ["b"]
    with pytest.raises(ValueError, match="'a' is not in the setting L"):
        settings.remove_from_list("L", "a")


def test_a_component_gets_an_order_in_place_of_its_old_one():
    settings = BaseSettings({"M": {RETRY: 1, "a.B": 2}})

    settings.set_in_component_priority_dict("M", Retry, 5)

    assert settings["M"] == {"a.B": 2, Retry: 5}


def test_a_component_gets_an_order_only_if_it_has_none():
    settings = BaseSettings({"M": {RETRY: 1}})

    settings.setdefault_in_component_priority_dict("M", Retry, 5)
    settings.setdefault_in_component_priority_dict("M", "a.B", 7)

    assert settings["M"] == {RETRY: 1, "a.B": 7}


def test_a_component_takes_the_place_of_another():
    settings = BaseSettings({"M": {RETRY: 1}})

    settings.replace_in_component_priority_dict("M", Retry, Better)
    assert settings["M"] == {Better: 1}

    settings.replace_in_component_priority_dict("M", Better, Retry, 9)
    assert settings["M"] == {Retry: 9}


def test_a_default_component_is_replaced_by_switching_it_off():
    settings = Settings()
    old = "framework.downloadermiddlewares.retry.RetryMiddleware"

    settings.replace_in_component_priority_dict("DOWNLOADER_MIDDLEWARES", old, Better)

    assert settings["DOWNLOADER_MIDDLEWARES"] == {old: None, Better: 550}
    order = settings.ordered_components("DOWNLOADER_MIDDLEWARES")
    assert Better in order
    assert old not in order


def test_a_component_that_is_not_there_cannot_be_replaced():
    with pytest.raises(KeyError, match="not in M"):
        BaseSettings({"M": {}}).replace_in_component_priority_dict("M", Retry, Better)


def test_components_are_ordered_with_their_base_and_none_leaves_one_out():
    settings = BaseSettings({"M_BASE": {"a.A": 3, "b.B": 1, RETRY: 2}, "M": {"a.A": None, Retry: 9, "c.C": 0}})

    assert settings.ordered_components("M") == ["c.C", "b.B", Retry]


def test_components_of_equal_order_stay_as_they_were_written():
    assert BaseSettings({"M": {"b.B": 1, "a.A": 1}}).ordered_components("M") == ["b.B", "a.A"]


def test_an_order_that_is_no_number_is_refused_by_name():
    with pytest.raises(SettingsError, match="M: the order numbers must be numbers"):
        BaseSettings({"M": {"b.B": 1, "a.A": "x"}}).ordered_components("M")


def test_the_edits_alone_store_nothing():
    for call in (lambda: Edits().set("A", 1), lambda: Edits().getpriority("A"), lambda: Edits()._assert_mutable()):
        with pytest.raises(NotImplementedError):
            call()
