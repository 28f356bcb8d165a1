"""Plugins that come in packages: what pip has installed adds itself, without a line in ``settings.py``.

A package names a plugin in the entry point group ``fwk.plugins``::

    # pyproject.toml of the package
    [project.entry-points."fwk.plugins"]
    shop = "fwk_shop.plugin"

The object named (a module, a class) may have any of:

- ``SETTINGS``: a dictionary of settings, above the defaults and below ``settings.py``. Components in it
  (``DOWNLOADER_MIDDLEWARES``, ``ITEM_PIPELINES``, ...) are added to the built-in ones, so that a project's own stay;
- ``OPTIONS``: groups of options of its own (``framework.settings.group``), checked and explained like the framework's;
- ``OWNS``: patterns (``"SHOP_*"``) of setting names that are the plugin's, so that no near miss is suspected.

Place in the flow: ``load_settings`` calls ``load_plugins`` before any other layer is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from framework.components import why_not_importable
from framework.exceptions import PluginError
from framework.settings import Layer, Settings

ENTRY_POINT_GROUP = "fwk.plugins"


def load_plugins(settings: Settings, found: Iterable[EntryPoint] | None = None) -> None:
    """Add the options and settings of every installed plugin.

    Args:
        settings: to add them to.
        found: the entry points; those of the installed packages when not given.

    Raises:
        PluginError: a plugin cannot be imported, or one of its attributes is of the wrong kind.
    """
    for entry_point in sorted(entry_points(group=ENTRY_POINT_GROUP) if found is None else found):
        plugin = _load(entry_point)
        place = f"plugin {entry_point.name!r} ({entry_point.value})"
        _declare(settings, plugin, place)
        given = getattr(plugin, "SETTINGS", {})
        if not isinstance(given, Mapping):
            msg = f"{place}: SETTINGS must be a dictionary, not {type(given).__name__}"
            raise PluginError(msg)
        values = {name: value for name, value in given.items() if not _is_component_map(settings, name)}
        settings.apply(Layer("plugin", values, dict.fromkeys(values, place)))
        for name in given.keys() - values.keys():
            base = {**settings[f"{name}_BASE"], **given[name]}
            settings.apply(Layer("plugin", {f"{name}_BASE": base}, {f"{name}_BASE": place}))


def _load(entry_point: EntryPoint) -> Any:
    try:
        return entry_point.load()
    except Exception as error:
        package = entry_point.dist.name if entry_point.dist is not None else entry_point.value
        why = why_not_importable(entry_point.module, error)
        msg = f"plugin {entry_point.name!r} of the package {package!r}{why}; mend or uninstall the package"
        raise PluginError(msg) from error


def _declare(settings: Settings, plugin: Any, place: str) -> None:
    try:
        settings.declare(*getattr(plugin, "OPTIONS", ()))
    except (TypeError, ValueError) as error:
        msg = f"{place}: OPTIONS must be groups of options: {error}"
        raise PluginError(msg) from error
    owns = getattr(plugin, "OWNS", ())
    if isinstance(owns, str) or not all(isinstance(pattern, str) for pattern in owns):
        msg = f"{place}: OWNS must be a list of names or patterns, such as ['SHOP_*']"
        raise PluginError(msg)
    settings.own(*owns)


def _is_component_map(settings: Settings, name: str) -> bool:
    return f"{name}_BASE" in settings.catalogue
