"""The options of the framework itself, one file a subject; a plugin declares its own beside its code.

Place in the flow: data only; ``catalogue`` reads ``GROUPS``.
"""

from __future__ import annotations

from .closespider import CloseSpiderOptions
from .components import ComponentOptions
from .compression import CompressionOptions
from .cookies import CookieOptions
from .download import DownloadOptions
from .durability import DurabilityOptions
from .engine import EngineOptions
from .feeds import FeedOptions, FeedRules
from .headers import HeaderOptions
from .logs import LogOptions
from .mongo import MongoOptions
from .politeness import HostRules, PolitenessOptions
from .project import ProjectOptions
from .redirect import RedirectOptions
from .retry import RetryOptions
from .robots import RobotsOptions
from .spidermw import DepthOptions, HttpErrorOptions, RefererOptions, UrlLengthOptions
from .warnings import WarningOptions

GROUPS: tuple[type, ...] = (
    ProjectOptions,
    EngineOptions,
    DurabilityOptions,
    PolitenessOptions,
    DownloadOptions,
    HeaderOptions,
    CompressionOptions,
    CookieOptions,
    RobotsOptions,
    RedirectOptions,
    RetryOptions,
    DepthOptions,
    UrlLengthOptions,
    HttpErrorOptions,
    RefererOptions,
    ComponentOptions,
    CloseSpiderOptions,
    FeedOptions,
    MongoOptions,
    LogOptions,
    WarningOptions,
)
"""Every built-in group, in the order of the reference."""

__all__ = [
    "GROUPS",
    "CloseSpiderOptions",
    "ComponentOptions",
    "CompressionOptions",
    "CookieOptions",
    "DepthOptions",
    "DownloadOptions",
    "DurabilityOptions",
    "EngineOptions",
    "FeedOptions",
    "FeedRules",
    "HeaderOptions",
    "HostRules",
    "HttpErrorOptions",
    "LogOptions",
    "MongoOptions",
    "PolitenessOptions",
    "ProjectOptions",
    "RedirectOptions",
    "RefererOptions",
    "RetryOptions",
    "RobotsOptions",
    "UrlLengthOptions",
    "WarningOptions",
]
