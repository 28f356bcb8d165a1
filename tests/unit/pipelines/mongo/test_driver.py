"""Addresses: what is shown of them, and which are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.exceptions import PluginError, SettingsError
from framework.pipelines.mongo.driver import open_client, shown_uri


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://localhost/", "mongodb://localhost/"),
        ("mongodb://ann:s3cret@h1,h2/db?w=1", "mongodb://***@h1,h2/db?w=1"),
        ("mongodb+srv://ann:a/b@h1/", "mongodb+srv://***@h1/"),
        ("mongodb://h/?tlsCertificateKeyFilePassword=s3cret&w=1", "mongodb://h/?tlsCertificateKeyFilePassword=***&w=1"),
    ],
)
def test_an_address_is_shown_without_its_secrets(uri: str, shown: str) -> None:
    assert shown_uri(uri) == shown


@given(st.text(st.characters(exclude_characters="@/?", min_codepoint=33, max_codepoint=126), min_size=4))
def test_no_password_is_shown(password: str) -> None:
    assert password not in shown_uri(f"mongodb://u:{password}@host/").removesuffix("@host/").removeprefix("mongodb://")


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
@pytest.mark.parametrize("uri", ["http://ann:s3cret@host/", "mongodb://ann:s3cret@:x/", "mongodb://h:99999999/"])
def test_an_address_that_is_none_is_a_mistake_in_the_settings(driver: str, uri: str) -> None:
    with pytest.raises(SettingsError, match="MONGO_URI") as told:
        open_client(driver, uri, 1.0)

    assert "s3cret" not in str(told.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "motor.motor_asyncio", None)

    with pytest.raises(PluginError, match="pip install motor"):
        open_client("motor", "mongodb://localhost/", 1.0)
