"""Which values are secret, and how they are shown: in messages, listings and logs.

Place in the flow: used wherever a value is turned into a text for people.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"

_SECRET_WORDS = frozenset(
    {"PASSWORD", "PASSWD", "PASS", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "APIKEY", "CREDENTIALS", "AUTH", "COOKIE"}
)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*@")


def is_secret_name(name: str) -> bool:
    """Say whether a name, in upper case, lower case or header spelling, promises a secret: ``SHOP_API_KEY``."""
    words = re.split(r"[^A-Z0-9]+", name.upper())
    return any(word in _SECRET_WORDS or word.removesuffix("S") in _SECRET_WORDS for word in words)


def masked(name: Any, value: Any) -> Any:
    """Return the value without its secrets: those that a name promises and the userinfo of URIs."""
    if isinstance(name, str) and is_secret_name(name) and value and not isinstance(value, bool | int | float):
        return MASK
    if isinstance(name, str) and name.upper().endswith("AUTHORIZATION") and value:
        return MASK
    if isinstance(value, str):
        return _USERINFO.sub(f"{MASK}@", value)
    if isinstance(value, Mapping):
        return {masked("", key): masked(key, entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(masked("", entry) for entry in value) if type(value) in (list, tuple) else value
    return value


def shown(name: str, value: Any, limit: int = 200) -> str:
    """Return the value as Python would write it, without secrets and not longer than ``limit`` characters."""
    text = repr(masked(name, value))
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
