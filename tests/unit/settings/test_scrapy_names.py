"""Scrapy's settings that do nothing here."""

from framework.settings import builtin_catalogue
from framework.settings.scrapy_names import NAMES, WITHOUT_MEANING, why_without_effect


def test_no_declared_option_is_said_to_be_without_effect():
    assert not [option.name for option in builtin_catalogue() if option.name in NAMES]


def test_every_name_has_a_reason():
    assert "LOOP" in why_without_effect("TWISTED_REACTOR")
    assert why_without_effect("HTTPCACHE_ENABLED") == "this version does not have it"
    assert why_without_effect("SHOP_API_KEY") is None


def test_a_reason_names_only_settings_that_exist():
    known = {option.name for option in builtin_catalogue()}
    named = {
        word.strip(",;.")
        for reason in WITHOUT_MEANING.values()
        for word in reason.split()
        if word.strip(",;.").isupper() and len(word) > 3
    }

    assert named - known <= {"HTTP"}
