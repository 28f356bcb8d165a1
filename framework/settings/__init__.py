"""Every option declared once, and the layers that give it a value.

``Settings`` is Scrapy's documented class of that name with typed groups: ``settings.group(RetryOptions).times``.
Layers, weakest first: default, plugin, settings file, spider, environment ``FWK_*``, command line ``-s``.
"""

from __future__ import annotations

from .annotations import Component, HeaderValue, ItemFields, LogLevel, Order
from .catalogue import Catalogue, builtin_catalogue
from .loading import (
    Layer,
    layer_from_environment,
    layer_from_file,
    layer_from_module,
    layer_from_pairs,
    layer_from_spider,
)
from .options import Group, Option, group, group_of, option, record
from .priorities import SETTINGS_PRIORITIES, Origin, get_settings_priority
from .settings import Settings
from .store import BaseSettings
from .validation import validate

__all__ = [
    "SETTINGS_PRIORITIES",
    "BaseSettings",
    "Catalogue",
    "Component",
    "Group",
    "HeaderValue",
    "ItemFields",
    "Layer",
    "LogLevel",
    "Option",
    "Order",
    "Origin",
    "Settings",
    "builtin_catalogue",
    "get_settings_priority",
    "group",
    "group_of",
    "layer_from_environment",
    "layer_from_file",
    "layer_from_module",
    "layer_from_pairs",
    "layer_from_spider",
    "option",
    "record",
    "validate",
]
