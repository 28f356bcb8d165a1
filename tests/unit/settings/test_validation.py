"""The judgement on all settings at once."""

import pytest

from framework.exceptions import SettingsError
from framework.settings import Settings, layer_from_environment, layer_from_file, layer_from_pairs, validate
from framework.settings.validation import suggestion


def problems_of(settings, **kwargs):
    with pytest.raises(SettingsError) as error:
        validate(settings, **kwargs)
    return error.value.problems


def test_settings_without_problems_give_no_notes():
    assert validate(Settings({"SHOP_API_KEY": "x", "RETRY_TIMES": 3})) == []


def test_all_problems_come_together_each_with_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.py").write_text(
        "SHOP = 1\nRETRY_TIMES = 'many'\nCONCURENT_REQUESTS = 8\nITEM_PIPELINES = ['pipelines.Price']\n"
    )
    settings = Settings().apply(layer_from_file("settings.py"))
    settings.apply(layer_from_environment({"FWK_LOG_LEVEL": "loud", "FWK_DOWNLOAD_DELY": "1"}))
    settings.apply(layer_from_pairs(["CONCURRENT_REQUESTS_PER_DOMAIN=abc"]))

    problems = problems_of(settings)

    assert len(problems) == 6
    text = "\n".join(problems)
    assert "RETRY_TIMES = 'many' (settings.py:2): needs a whole number >= 0, such as 2" in text
    assert "CONCURENT_REQUESTS = 8 (settings.py:3): there is no such setting; did you mean CONCURRENT_REQUESTS?" in text
    assert "ITEM_PIPELINES = ['pipelines.Price'] (settings.py:4): needs a dict" in text
    assert "LOG_LEVEL = 'loud' (environment FWK_LOG_LEVEL): needs a log level" in text
    assert "DOWNLOAD_DELY = '1' (environment FWK_DOWNLOAD_DELY): there is no such setting" in text
    assert (
        "CONCURRENT_REQUESTS_PER_DOMAIN = 'abc' (command line -s CONCURRENT_REQUESTS_PER_DOMAIN): "
        "needs a whole number >= 1, such as 8" in text
    )


def test_a_near_miss_is_accepted_when_the_settings_say_so():
    settings = Settings({"USER_AGENTS": "a", "SETTINGS_ACCEPT": ["USER_AGENTS"]})

    assert validate(settings) == []


def test_a_near_miss_is_accepted_when_a_plugin_owns_it():
    settings = Settings({"USER_AGENTS": "a", "RETRY_TIME": 3})

    settings.own("RETRY_*")
    assert len(problems_of(settings)) == 1

    settings.own("USER_AGENTS")
    assert validate(settings) == []


def test_a_wrong_list_of_exceptions_is_one_problem_more():
    settings = Settings({"USER_AGENTS": "a", "SETTINGS_ACCEPT": 3})

    assert len(problems_of(settings)) == 2


def test_scrapys_settings_without_effect_are_notes():
    settings = Settings(
        {
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "TELNETCONSOLE_ENABLED": False,
            "HTTPCACHE_ENABLED": "false",
            "MEMUSAGE_ENABLED": "jobs",
        }
    )

    notes = validate(settings)

    assert len(notes) == 2
    assert (
        notes[0] == "MEMUSAGE_ENABLED (project settings) is a setting of Scrapy that has no effect here: "
        "this version does not have it"
    )
    assert "use LOOP" in notes[1]


def test_a_near_miss_of_a_setting_without_effect_is_nobodys_problem():
    assert validate(Settings({"HTTPCACHE_ENABLE": True})) == []


def test_secrets_stay_out_of_messages():
    settings = Settings({"DOWNLOAD_DELAY": "http://user:secret@host"})

    assert "secret" not in problems_of(settings)[0]


def test_a_suggestion_is_made_for_a_name():
    assert suggestion(Settings(), "LOGLEVEL") == "LOG_LEVEL"
    assert suggestion(Settings(), "SHOP") is None


def test_defaults_are_not_judged_again():
    settings = Settings()
    settings.set("RETRY_TIMES", "x", "default")

    assert validate(settings) == []


def test_a_deleted_option_is_no_problem():
    settings = Settings()
    del settings["RETRY_TIMES"]

    assert validate(settings) == []
