"""What ``fwk settings NAME`` shows."""

import pytest

from framework.exceptions import SettingsError
from framework.settings import Settings, layer_from_pairs
from framework.settings.description import describe, describe_all


def test_a_declared_setting_is_described_with_value_origin_and_doc():
    settings = Settings().apply(layer_from_pairs(["RETRY_BACKOFF_BASE=3"]))

    found = describe(settings, "RETRY_BACKOFF_BASE")

    assert (found.value, str(found.origin), found.default) == ("'3'", "command line -s RETRY_BACKOFF_BASE", "1.0")
    assert (found.type_name, found.unit, found.bounds, found.group) == ("float", "s", ">= 0", "Retry")
    assert found.is_declared
    assert "back-off" in found.doc


def test_a_users_own_setting_is_described_without_its_secret():
    found = describe(Settings({"SHOP_API_KEY": "abc", "MEMUSAGE_ENABLED": "x"}), "SHOP_API_KEY")

    assert (found.value, found.is_declared, found.default) == ("'***'", False, "")
    assert "a name of your own" in found.doc


def test_a_setting_of_scrapys_without_effect_says_so():
    assert "no effect here" in describe(Settings({"MEMUSAGE_ENABLED": "x"}), "MEMUSAGE_ENABLED").doc
    with pytest.raises(SettingsError, match="MEMUSAGE_ENABLED is a setting of Scrapy that has no effect here"):
        describe(Settings(), "MEMUSAGE_ENABLED")


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(SettingsError, match=r"no setting LOGLEVEL; did you mean LOG_LEVEL?"):
        describe(Settings(), "LOGLEVEL")
    with pytest.raises(SettingsError, match="no setting SHOP; `fwk settings` lists all"):
        describe(Settings(), "SHOP")


def test_all_settings_are_described_with_the_users_own_at_the_end():
    everything = describe_all(Settings({"SHOP": 1}))

    assert everything[0].name == "BOT_NAME"
    assert everything[-1].name == "SHOP"
    assert len(everything) == len(Settings()) + 1
