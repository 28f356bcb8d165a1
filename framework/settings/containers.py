"""What a value with parts may be: optional, list, dict, and a dict whose keys are declared.

Texts are read as JSON; a list may also be words between commas. Place in the flow: above ``kinds``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .kinds import Kind, Misfit

_NONE_TEXTS = frozenset({"", "none", "null"})


class OptionalKind(Kind):
    """The inner kind, or nothing; an empty text, ``none`` and ``null`` mean nothing."""

    def __init__(self, inner: Kind) -> None:
        self.inner = inner
        self.wants = f"{inner.wants}, or None"
        self.example = inner.example
        self.type_name = f"{inner.type_name} or None"

    def read(self, value: Any) -> Any:
        """Read the inner kind or ``None``."""
        if value is None or (isinstance(value, str) and value.strip().lower() in _NONE_TEXTS):
            return None
        return self.inner.read(value)


class ListKind(Kind):
    """Many values of one kind, kept as a tuple."""

    def __init__(self, inner: Kind) -> None:
        self.inner = inner
        self.wants = f"a list, each entry {inner.wants}"
        self.example = [inner.example]
        self.type_name = f"list of {inner.type_name}"

    def read(self, value: Any) -> tuple[Any, ...]:
        """Read a list; a text is a JSON list or words between commas."""
        if isinstance(value, str):
            value = list_from_text(value)
        if not isinstance(value, list | tuple | set | frozenset):
            raise Misfit
        return tuple(_part(self.inner, entry, "entry") for entry in value)


class MapKind(Kind):
    """A dict with keys of one kind and values of one kind."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self.key = key
        self.value = value
        self.wants = f"a dict from {key.wants} to {value.wants}"
        self.example = {key.example: value.example}
        self.type_name = f"dict of {key.type_name} to {value.type_name}"

    def read(self, value: Any) -> dict[Any, Any]:
        """Read a dict; a text is a JSON object."""
        return {
            _part(self.key, key, "key"): _part(self.value, entry, f"the value of {key!r}:")
            for key, entry in mapping_from(value).items()
        }


class RecordKind(Kind):
    """A dict with declared keys, read into a frozen object (``options.record``)."""

    type_name = "dict"

    def __init__(self, names: Iterable[str], build: Callable[[Mapping[str, Any]], Any]) -> None:
        self.names = tuple(names)
        self.build = build
        self.wants = f"a dict with the keys {', '.join(self.names)}"
        self.example = {}

    def read(self, value: Any) -> Any:
        """Read a dict whose keys are all known."""
        values = mapping_from(value)
        for name in values:
            if name not in self.names:
                msg = f"there is no key {name!r}, only {', '.join(self.names)}"
                raise Misfit(msg)
        return self.build(values)


class FieldsKind(Kind):
    """Names of item fields: a list, or a dict from field to the name in the output."""

    wants = "a list of field names, or a dict from field name to the name in the output"
    example = ["name", "price"]
    type_name = "list or dict of str"

    def read(self, value: Any) -> tuple[str, ...] | dict[str, str]:
        """Read field names."""
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = mapping_from(value)
        if isinstance(value, Mapping):
            if all(isinstance(text, str) for pair in value.items() for text in pair):
                return dict(value)
        elif isinstance(value, str | list | tuple):
            names = list_from_text(value) if isinstance(value, str) else value
            if all(isinstance(name, str) for name in names):
                return tuple(names)
        raise Misfit


def list_from_text(text: str) -> list[Any]:
    """Read a JSON list, or words between commas (blanks around them and empty words are dropped).

    Raises:
        Misfit: it looks like JSON and is none.
    """
    if text.lstrip().startswith("["):
        return json_from_text(text)  # type: ignore[no-any-return] # JSON that begins with [ is a list
    return [word.strip() for word in text.split(",") if word.strip()]


def mapping_from(value: Any) -> Mapping[Any, Any]:
    """Read a mapping, or a text that is a JSON object.

    Raises:
        Misfit: it is neither.
    """
    if isinstance(value, str):
        value = json_from_text(value)
    if isinstance(value, Mapping):
        return value
    raise Misfit


def json_from_text(text: str) -> Any:
    """Read JSON.

    Raises:
        Misfit: the text is none, with the place in it.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"as a text it must be JSON ({error})"
        raise Misfit(msg) from None


def _part(kind: Kind, value: Any, what: str) -> Any:
    try:
        return kind.read(value)
    except Misfit as misfit:
        if str(misfit):
            msg = f"{what} {misfit}" if what.endswith(":") else str(misfit)
        else:
            msg = f"{what} {value!r} is not {kind.wants}"
        raise Misfit(msg) from None
