"""Copies of settings values: containers are copied, what they hold is shared.

A live object or a class in a setting stays the same object; only lists, dicts, sets and tuples are new, so that no
two settings objects share one that can be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def copy_containers(value: Any) -> Any:
    """Return the value with every plain container in it copied."""
    if isinstance(value, dict):
        return {key: copy_containers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [copy_containers(entry) for entry in value]
    if type(value) is tuple:
        return tuple(copy_containers(entry) for entry in value)
    if isinstance(value, set):
        return set(value)
    return value


def plain(value: Any) -> Any:
    """Return the value with every mapping in it as a dict."""
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return copy_containers(value)
