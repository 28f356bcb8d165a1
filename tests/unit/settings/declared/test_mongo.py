"""The key fields: a list, a dict from item classes to lists, or the same as text."""

from __future__ import annotations

from typing import Any

import pytest

from framework.exceptions import SettingsError
from framework.settings import Settings
from framework.settings.declared import MongoOptions
from framework.settings.validation import validate


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ([], {}),
        (["isbn"], {"*": ("isbn",)}),
        (("shop", "isbn"), {"*": ("shop", "isbn")}),
        ("shop, isbn", {"*": ("shop", "isbn")}),
        ('["isbn"]', {"*": ("isbn",)}),
        ({"Book": ["isbn"], "*": "url"}, {"Book": ("isbn",), "*": ("url",)}),
        ('{"Book": ["isbn"]}', {"Book": ("isbn",)}),
    ],
)
def test_key_fields_are_read(value: Any, key: Any) -> None:
    assert Settings({"MONGO_KEY": value}).group(MongoOptions).key == key


@pytest.mark.parametrize("value", [5, [5], [""], {"Book": 5}, "{"])
def test_what_names_no_fields_is_a_mistake(value: Any) -> None:
    with pytest.raises(SettingsError, match="MONGO_KEY"):
        validate(Settings({"MONGO_KEY": value}))
