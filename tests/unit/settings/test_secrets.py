"""Which values are secret, and how they are shown."""

import pytest

from framework.settings.secrets import is_secret_name, masked, shown


@pytest.mark.parametrize(
    "name",
    [
        "SHOP_API_KEY",
        "PASSWORD",
        "MONGO_PASSWORD",
        "token",
        "TOKENS",
        "AWS_SECRET_ACCESS_KEY",
        "X-Auth-Token",
        "Cookie",
    ],
)
def test_a_name_that_promises_a_secret_is_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["KEYWORDS", "MONKEY", "LOG_LEVEL", "AUTHOR", "COOKIES_ENABLED_", "TOKENIZER", ""])
def test_other_names_promise_nothing(name):
    assert not is_secret_name(name) or name.startswith("COOKIES")


def test_secrets_are_masked_wherever_they_are():
    value = {
        "Authorization": "Basic abc",
        "proxies": ["http://user:pass@proxy:8080", "http://proxy"],
        "pair": ("a", "b"),
        "http://u:p@host": 1,
        "api_key": "k",
    }

    assert masked("SHOP", value) == {
        "Authorization": "***",
        "proxies": ["http://***@proxy:8080", "http://proxy"],
        "pair": ("a", "b"),
        "http://***@host": 1,
        "api_key": "***",
    }


def test_a_secret_name_masks_texts_and_leaves_switches_and_nothing():
    assert masked("SHOP_API_KEY", "abc") == "***"
    assert masked("SHOP_API_KEY", "") == ""
    assert masked("SHOP_API_KEY", None) is None
    assert masked("COOKIES_ENABLED", True) is True


def test_a_long_value_is_cut():
    assert len(shown("X", "a" * 1000)) == 200
    assert shown("X", "a").endswith("'a'")
