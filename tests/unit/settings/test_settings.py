"""``Settings``: defaults, layers, typed groups, origins."""

import pytest

from framework.exceptions import SettingsError
from framework.settings import Layer, Settings, builtin_catalogue, layer_from_environment, layer_from_pairs
from framework.settings.declared import GROUPS, EngineOptions, FeedOptions, LogOptions, RetryOptions


def test_without_any_layer_every_option_has_its_default():
    settings = Settings()

    assert len(settings) == len(list(builtin_catalogue()))
    assert settings["RETRY_TIMES"] == 2
    assert str(settings.origin("RETRY_TIMES")) == "default"
    assert all(settings.group(cls) == cls() for cls in GROUPS)
    assert settings.user_names() == []


def test_two_settings_share_no_default():
    one, other = Settings(), Settings()

    one["RETRY_HTTP_CODES"].append(1)
    one["DOWNLOADER_MIDDLEWARES_BASE"]["x.Y"] = 1

    assert 1 not in other["RETRY_HTTP_CODES"]
    assert "x.Y" not in other["DOWNLOADER_MIDDLEWARES_BASE"]


def test_the_layers_win_in_their_order_whatever_the_order_of_applying():
    layers = [
        Layer("cmdline", {"A": "cmdline"}),
        Layer("environment", {"A": "environment", "B": "environment"}),
        Layer("spider", {"B": "spider", "C": "spider"}),
        Layer("project", {"C": "project", "D": "project"}),
        Layer("plugin", {"D": "plugin", "RETRY_TIMES": 7}),
    ]

    for order in (layers, layers[::-1]):
        settings = Settings()
        for layer in order:
            settings.apply(layer)

        assert [settings[name] for name in "ABCD"] == ["cmdline", "environment", "spider", "project"]
        assert settings["RETRY_TIMES"] == 7


def test_every_value_remembers_where_it_came_from():
    settings = Settings()

    settings.apply(layer_from_environment({"FWK_LOG_LEVEL": "debug"})).apply(layer_from_pairs(["RETRY_TIMES=5"]))

    assert str(settings.origin("LOG_LEVEL")) == "environment FWK_LOG_LEVEL"
    assert settings.origin("RETRY_TIMES").layer == "cmdline"
    assert str(settings.origin("RETRY_TIMES")) == "command line -s RETRY_TIMES"


def test_a_group_is_typed_wherever_its_values_came_from():
    settings = Settings({"RETRY_TIMES": "5", "RETRY_HTTP_CODES": "500, 503", "RETRY_ENABLED": "off"}, "cmdline")

    retry = settings.group(RetryOptions)

    assert (retry.times, retry.http_codes, retry.enabled) == (5, (500, 503), False)


def test_a_group_is_kept_until_a_value_changes():
    settings = Settings()
    before = settings.group(EngineOptions)

    assert settings.group(EngineOptions) is before

    settings["CONCURRENT_REQUESTS"] = 3
    assert settings.group(EngineOptions).concurrent_requests == 3
    assert before.concurrent_requests == 16


def test_a_copy_builds_its_groups_anew():
    settings = Settings()
    settings.group(EngineOptions)

    other = settings.copy()
    other["CONCURRENT_REQUESTS"] = 3

    assert other.group(EngineOptions).concurrent_requests == 3
    assert settings.group(EngineOptions).concurrent_requests == 16


def test_frozen_settings_still_give_groups():
    settings = Settings({"RETRY_TIMES": 4}).frozencopy()

    assert settings.group(RetryOptions) is settings.group(RetryOptions)
    assert settings.group(RetryOptions).times == 4


def test_all_wrong_values_of_a_group_are_reported_together():
    settings = Settings().apply(layer_from_pairs(["RETRY_TIMES=abc", "RETRY_BACKOFF_BASE=-1", "LOG_LEVEL=loud"]))

    with pytest.raises(SettingsError) as error:
        settings.group(RetryOptions)

    assert error.value.problems == (
        "RETRY_TIMES = 'abc' (command line -s RETRY_TIMES): needs a whole number >= 0, such as 2",
        "RETRY_BACKOFF_BASE = '-1' (command line -s RETRY_BACKOFF_BASE): needs a number >= 0, such as 1.0",
    )


def test_a_none_that_somebody_set_is_not_the_default():
    settings = Settings({"FEED_EXPORT_ENCODING": None})

    assert settings.group(FeedOptions).export_encoding is None


def test_a_deleted_option_reads_as_its_default_in_its_group():
    settings = Settings()

    del settings["LOG_LEVEL"]

    assert settings.group(LogOptions).level == "INFO"


def test_is_set_tells_a_value_from_a_default():
    settings = Settings({"RETRY_TIMES": 2})

    assert settings.is_set("RETRY_TIMES")
    assert not settings.is_set("LOG_LEVEL")
    assert not settings.is_set("NO_SUCH")


def test_names_that_nobody_declares_are_the_users_own():
    settings = Settings({"SHOP_API_KEY": "x", "ANOTHER": 1, "RETRY_TIMES": 1})

    assert settings.user_names() == ["ANOTHER", "SHOP_API_KEY"]


def test_getwithbase_merges_the_base_and_keeps_priorities():
    settings = Settings()
    settings.set("EXTENSIONS", {"a.B": 5, "framework.telemetry.logstats.LogStats": None}, "spider")

    merged = settings.getwithbase("EXTENSIONS")

    assert merged["a.B"] == 5
    assert merged["framework.telemetry.logstats.LogStats"] is None
    assert merged["framework.telemetry.corestats.CoreStats"] == 0
    assert (merged.getpriority("a.B"), merged.getpriority("framework.telemetry.corestats.CoreStats")) == (30, 0)


def test_a_name_without_a_base_is_its_own_base():
    assert Settings({"SHOP": {"a": 1}}).getwithbase("SHOP") == {"a": 1}


def test_a_class_takes_the_place_of_its_path_in_the_merged_dict():
    class Local:
        pass

    path = f"{Local.__module__}.{Local.__qualname__}"
    settings = Settings({"SPIDER_MIDDLEWARES": {Local: 5}, "SPIDER_MIDDLEWARES_BASE": {path: 1}})

    assert settings.get_component_priority_dict_with_base("SPIDER_MIDDLEWARES") == {Local: 5}


def test_declaring_a_group_twice_changes_nothing():
    settings = Settings()
    before = settings.catalogue

    settings.declare(RetryOptions)

    assert settings.catalogue.groups[0].cls is before.groups[0].cls
    assert len(settings.catalogue.groups) == len(before.groups)


def test_a_slots_rule_is_read_into_an_object():
    settings = Settings({"DOWNLOAD_SLOTS": {"shop.example": {"delay": 2, "concurrency": "1"}}})
    from framework.settings.declared import HostRules, PolitenessOptions

    rules = settings.group(PolitenessOptions).hosts

    assert rules == {"shop.example": HostRules(concurrency=1, delay_s=2.0, randomize_delay=None)}


def test_feeds_are_read_into_objects():
    from pathlib import Path

    settings = Settings({"FEEDS": {Path("a.json"): {"format": "json", "fields": ["x"], "overwrite": True}}})

    feed = settings.group(FeedOptions).feeds["a.json"]

    assert (feed.format, feed.fields, feed.overwrite, feed.encoding) == ("json", ("x",), True, None)


def test_a_misspelt_key_of_a_feed_is_named():
    settings = Settings({"FEEDS": {"a.json": {"formt": "json"}}})

    with pytest.raises(SettingsError, match=r"the value of 'a.json': there is no key 'formt'"):
        settings.group(FeedOptions)
