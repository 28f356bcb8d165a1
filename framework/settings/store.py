"""The store of settings: a mapping whose values carry a priority and an origin (Scrapy's ``BaseSettings``).

Place in the flow: ``getters`` reads, ``edits`` changes lists and component dicts, ``settings.Settings`` adds the
declared options.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from importlib import import_module
from types import ModuleType
from typing import Any, Self

from framework.exceptions import SettingsError

from .copying import copy_containers, plain
from .edits import Edits
from .priorities import Origin, get_settings_priority, layer_name, origin_of_layer


class Entry:
    """One stored value."""

    __slots__ = ("origin", "priority", "value")

    def __init__(self, value: Any, priority: int, origin: Origin) -> None:
        self.value = value
        self.priority = priority
        self.origin = origin

    def copy(self) -> Entry:
        """Return an entry whose containers are its own."""
        value = self.value.copy() if isinstance(self.value, BaseSettings) else copy_containers(self.value)
        return Entry(value, self.priority, self.origin)


class BaseSettings(Edits, MutableMapping[Any, Any]):
    """A dict-like store in which a value replaces another only when its priority is at least as high.

    Args:
        values: a mapping to begin with.
        priority: the priority of ``values``, a name of ``SETTINGS_PRIORITIES`` or a number.

    Attributes:
        attributes: name to stored value, with ``value``, ``priority`` and ``origin`` (Scrapy's name).
        frozen: whether every change is refused.
    """

    def __init__(self, values: Mapping[Any, Any] | str | None = None, priority: int | str = "project") -> None:
        self.frozen = False
        self.attributes: dict[Any, Entry] = {}
        if values:
            self.update(values, priority)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {len(self.attributes)} values{', frozen' if self.frozen else ''}>"

    def __getitem__(self, name: Any) -> Any:
        entry = self.attributes.get(name)
        return None if entry is None else entry.value

    def __contains__(self, name: object) -> bool:
        return name in self.attributes

    def __iter__(self) -> Iterator[Any]:
        return iter(self.attributes)

    def __len__(self) -> int:
        return len(self.attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and self.copy_to_dict() == plain(other)

    __hash__ = None  # type: ignore[assignment] # it can be changed, so it is no key

    def __setitem__(self, name: Any, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: Any) -> None:
        self._assert_mutable()
        del self.attributes[name]
        self._changed()

    def get(self, name: Any, default: Any = None) -> Any:
        """Return the value, or ``default`` when nobody has set it (a value of ``None`` is as good as none)."""
        value = self[name]
        return default if value is None else value

    def getpriority(self, name: Any) -> int | None:
        """Return the priority of the value, or ``None`` when nobody has set it."""
        entry = self.attributes.get(name)
        return None if entry is None else entry.priority

    def maxpriority(self) -> int:
        """Return the highest priority of all values, or that of defaults when there are none."""
        return max((entry.priority for entry in self.attributes.values()), default=get_settings_priority("default"))

    def origin(self, name: Any) -> Origin | None:
        """Return where the value came from, or ``None`` when nobody has set it."""
        entry = self.attributes.get(name)
        return None if entry is None else entry.origin

    def set(self, name: Any, value: Any, priority: int | str = "project", place: str | None = None) -> None:
        """Store a value, unless one of higher priority is there.

        Args:
            name: the setting's name.
            value: what it is to be.
            priority: a name of ``SETTINGS_PRIORITIES`` or a number.
            place: where the value is written, for messages (default: the name of the layer).

        Raises:
            TypeError: the settings are frozen.
        """
        self._assert_mutable()
        number = get_settings_priority(priority)
        entry = self.attributes.get(name)
        if entry is not None and number < entry.priority:
            return
        origin = origin_of_layer(priority) if place is None else Origin(layer_name(priority), place)
        self.attributes[name] = Entry(value, number, origin)
        self._changed()

    def setdefault(self, name: Any, default: Any = None, priority: int | str = "project") -> Any:
        """Return the value; store ``default`` first when nobody has set it."""
        if name not in self:
            self.set(name, default, priority)
        return self[name]

    def setdict(self, values: Mapping[Any, Any] | str, priority: int | str = "project") -> None:
        """Store many values; as ``update``."""
        self.update(values, priority)

    def setmodule(self, module: ModuleType | str, priority: int | str = "project") -> None:
        """Store every upper-case name of a module, given as such or by dotted name."""
        self._assert_mutable()
        if isinstance(module, str):
            module = import_module(module)
        for name in dir(module):
            if name.isupper():
                self.set(name, getattr(module, name), priority)

    # The signature is Scrapy's documented one: a priority where MutableMapping has keywords.
    def update(  # type: ignore[override]
        self, values: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | str, priority: int | str = "project"
    ) -> None:
        """Store many values: a mapping, pairs, or a text that is a JSON object.

        Another ``BaseSettings`` keeps the priority and the origin of each of its values.

        Raises:
            SettingsError: the text is no JSON object.
        """
        self._assert_mutable()
        if isinstance(values, BaseSettings):
            for name, entry in values.attributes.items():
                self.set(name, entry.value, entry.priority, entry.origin.place)
            return
        if isinstance(values, str):
            values = _json_object(values)
        for name, value in values.items() if isinstance(values, Mapping) else values:
            self.set(name, value, priority)

    def delete(self, name: Any, priority: int | str = "project") -> None:
        """Remove a value, unless it is of higher priority or there is none."""
        self._assert_mutable()
        entry = self.attributes.get(name)
        if entry is not None and get_settings_priority(priority) >= entry.priority:
            del self[name]

    def pop(self, name: Any, *default: Any) -> Any:
        """Remove a value of whatever priority and return it.

        Raises:
            KeyError: nobody has set it and no default is given.
        """
        self._assert_mutable()
        if name not in self.attributes:
            if default:
                return default[0]
            raise KeyError(name)
        value = self[name]
        del self[name]
        return value

    def copy(self) -> Self:
        """Return settings that can be changed without changing these; objects inside containers are shared."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.frozen = False
        other.attributes = {name: entry.copy() for name, entry in self.attributes.items()}
        other._changed()
        return other

    def copy_to_dict(self) -> dict[Any, Any]:
        """Return all values as a plain dict."""
        return {name: plain(value) for name, value in self.items()}

    def freeze(self) -> None:
        """Refuse every change from now on."""
        self.frozen = True

    def frozencopy(self) -> Self:
        """Return a copy that refuses every change."""
        other = self.copy()
        other.freeze()
        return other

    def _changed(self) -> None:
        """Do what a change asks for; nothing here."""

    def _assert_mutable(self) -> None:
        if self.frozen:
            msg = "these settings are frozen: change them before the crawl is built, or change a copy()"
            raise TypeError(msg)


def _json_object(text: str) -> dict[Any, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        msg = f"settings given as a text must be a JSON object: {error}"
        raise SettingsError(msg) from None
    if not isinstance(values, dict):
        msg = f"settings given as a text must be a JSON object, not {text!r}"
        raise SettingsError(msg)
    return values
