"""Changes inside a setting, for add-ons and plugins: lists, and dicts of components (Scrapy's names).

A component may be written as a class or as its dotted path; both mean the same component here.

Place in the flow: between ``getters`` and ``store``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.exceptions import SettingsError

from .getters import Getters


def component_path(component: Any) -> str:
    """Return the dotted path of a component that is given as a class, a function or a path."""
    if isinstance(component, str):
        return component
    module, name = getattr(component, "__module__", ""), getattr(component, "__qualname__", repr(component))
    return f"{module}.{name}"


class Edits(Getters):
    """The methods that change a list or a dict of components in place."""

    def set(self, name: Any, value: Any, priority: int | str = "project", place: str | None = None) -> None:
        """Store a value."""
        raise NotImplementedError

    def getpriority(self, name: Any) -> int | None:
        """Return the priority of the value."""
        raise NotImplementedError

    def _assert_mutable(self) -> None:
        raise NotImplementedError

    def add_to_list(self, name: Any, item: Any) -> None:
        """Append ``item`` to a list setting, unless it is there; the priority stays."""
        values = self.getlist(name)
        if item not in values:
            self._replace(name, [*values, item])

    def remove_from_list(self, name: Any, item: Any) -> None:
        """Remove ``item`` from a list setting; the priority stays.

        Raises:
            ValueError: it is not in the list.
        """
        values = self.getlist(name)
        if item not in values:
            msg = f"{item!r} is not in the setting {name}, which is {values!r}"
            raise ValueError(msg)
        values.remove(item)
        self._replace(name, values)

    def set_in_component_priority_dict(self, name: Any, cls: Any, priority: int | None) -> None:
        """Give a component an order number, in place of the one it has; ``None`` switches it off."""
        self._replace(name, {**_without(self.getdict(name), cls), cls: priority})

    def setdefault_in_component_priority_dict(self, name: Any, cls: Any, priority: int | None) -> None:
        """Give a component an order number, unless it has one."""
        values = self.getdict(name)
        if _without(values, cls) == values:
            self._replace(name, {**values, cls: priority})

    def replace_in_component_priority_dict(
        self, name: Any, old_cls: Any, new_cls: Any, priority: int | None = None
    ) -> None:
        """Put a component in the place of another, with the same order number unless one is given.

        The defaults in ``<name>_BASE`` are looked at too; there the old one is switched off.

        Raises:
            KeyError: the old component is not there.
        """
        merged = self._merged(name)
        order = next((value for key, value in merged.items() if component_path(key) == component_path(old_cls)), None)
        if order is None:
            raise KeyError(f"{component_path(old_cls)} is not in {name} (or {name}_BASE)")
        values = _without(self.getdict(name), old_cls)
        if _without(self.getdict(f"{name}_BASE"), old_cls) != self.getdict(f"{name}_BASE"):
            values[old_cls] = None
        self._replace(name, {**_without(values, new_cls), new_cls: order if priority is None else priority})

    def ordered_components(self, name: str) -> list[Any]:
        """Return the components of a setting and its ``_BASE`` by order number; those with ``None`` are left out.

        Args:
            name: such as ``DOWNLOADER_MIDDLEWARES``.

        Raises:
            SettingsError: the setting is no dict.
        """
        merged = [(order, component) for component, order in self._merged(name).items() if order is not None]
        try:
            return [component for _, component in sorted(merged, key=lambda pair: pair[0])]
        except TypeError:
            msg = f"{name}: the order numbers must be numbers or None, not {[order for order, _ in merged]!r}"
            raise SettingsError(msg) from None

    def _merged(self, name: str) -> dict[Any, Any]:
        """Return ``<name>_BASE`` updated by ``name``; a class and its dotted path are one key."""
        merged = self.getdict(f"{name}_BASE")
        for component, order in self.getdict(name).items():
            merged = {**_without(merged, component), component: order}
        return merged

    def _replace(self, name: Any, value: Any) -> None:
        self._assert_mutable()
        priority = self.getpriority(name)
        origin = self.origin(name)
        if priority is None or origin is None:
            self.set(name, value)
        else:
            self.set(name, value, priority, origin.place)


def _without(components: Mapping[Any, Any], component: Any) -> dict[Any, Any]:
    path = component_path(component)
    return {key: value for key, value in components.items() if component_path(key) != path}
