"""The layers, their order and their names."""

import pytest

from framework.settings.priorities import (
    SETTINGS_PRIORITIES,
    Origin,
    get_settings_priority,
    layer_name,
    origin_of_layer,
)


def test_each_layer_is_above_the_one_before():
    order = ["default", "plugin", "project", "spider", "environment", "cmdline"]

    numbers = [SETTINGS_PRIORITIES[name] for name in order]

    assert numbers == sorted(set(numbers))


def test_scrapys_priorities_have_scrapys_numbers():
    documented = {"default": 0, "command": 10, "addon": 15, "project": 20, "spider": 30, "cmdline": 40}

    assert documented.items() <= SETTINGS_PRIORITIES.items()


def test_a_priority_is_given_by_name_or_by_number():
    assert get_settings_priority("spider") == 30
    assert get_settings_priority(33) == 33
    with pytest.raises(KeyError):
        get_settings_priority("nowhere")


def test_a_number_gets_the_name_of_its_layer_where_there_is_one():
    assert layer_name(30) == "spider"
    assert layer_name("spider") == "spider"
    assert layer_name(33) == "33"


def test_an_origin_reads_as_its_place():
    assert str(Origin("project", "settings.py:12")) == "settings.py:12"
    assert str(origin_of_layer("cmdline")) == "command line"
    assert str(origin_of_layer(33)) == "priority 33"
