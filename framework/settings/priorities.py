"""The layers that give a setting its value, their order, and the place a value came from.

Place in the flow: lowest file of the room; every stored value carries a priority and an ``Origin``.
"""

from __future__ import annotations

from dataclasses import dataclass

SETTINGS_PRIORITIES: dict[str, int] = {
    "default": 0,
    "command": 10,
    "plugin": 15,
    "addon": 15,
    "project": 20,
    "spider": 30,
    "environment": 35,
    "cmdline": 40,
}
"""Layer name to priority; a greater number wins. Scrapy's names, with ``plugin`` (an add-on) and ``environment``."""

LAYER_TITLES: dict[str, str] = {
    "default": "default",
    "command": "default of the command",
    "plugin": "plugin",
    "addon": "add-on",
    "project": "project settings",
    "spider": "spider",
    "environment": "environment",
    "cmdline": "command line",
}
"""How a layer is called in messages."""


def get_settings_priority(priority: int | str) -> int:
    """Return the number of a priority that is given by name or by number.

    Raises:
        KeyError: there is no layer of that name.
    """
    return SETTINGS_PRIORITIES[priority] if isinstance(priority, str) else priority


def layer_name(priority: int | str) -> str:
    """Return the layer's name for a priority, or the number as text where no layer has it."""
    if isinstance(priority, str):
        return priority
    return next((name for name, number in SETTINGS_PRIORITIES.items() if number == priority), str(priority))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    Attributes:
        layer: a name of ``SETTINGS_PRIORITIES`` (or a number as text).
        place: what a person can look up: ``settings.py:12``, ``environment FWK_LOG_LEVEL``, ``command line -s X``.
    """

    layer: str
    place: str

    def __str__(self) -> str:
        return self.place


def origin_of_layer(priority: int | str) -> Origin:
    """Return the origin of a value about which only its layer is known."""
    name = layer_name(priority)
    return Origin(name, LAYER_TITLES.get(name, f"priority {name}"))
