"""Options that name components: middlewares, pipelines, extensions, and the classes behind single roles."""

from __future__ import annotations

from collections.abc import Mapping

from ..annotations import Component, Order
from ..options import group, option

_MERGED = "Dotted path (or class) to order number; merged into `{}`, and `None` switches a component off."
_BASE = "The components that are there by default. Change `{}` instead of this."


@group("Components", "Which classes take part in a crawl, and in which order.")
class ComponentOptions:
    """Which classes take part in a crawl, and in which order."""

    downloader_middlewares: Mapping[Component, Order] = option(
        "DOWNLOADER_MIDDLEWARES",
        default={},
        doc="Downloader middlewares. " + _MERGED.format("DOWNLOADER_MIDDLEWARES_BASE"),
    )
    downloader_middlewares_base: Mapping[Component, Order] = option(
        "DOWNLOADER_MIDDLEWARES_BASE",
        default={
            "framework.downloadermiddlewares.offsite.OffsiteMiddleware": 50,
            "framework.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": 100,
            "framework.downloadermiddlewares.httpauth.HttpAuthMiddleware": 300,
            "framework.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": 350,
            "framework.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
            "framework.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            "framework.downloadermiddlewares.retry.RetryMiddleware": 550,
            "framework.downloadermiddlewares.redirect.MetaRefreshMiddleware": 580,
            "framework.downloadermiddlewares.redirect.RedirectMiddleware": 600,
            "framework.downloadermiddlewares.cookies.CookiesMiddleware": 700,
            "framework.downloadermiddlewares.stats.DownloaderStats": 850,
        },
        doc=_BASE.format("DOWNLOADER_MIDDLEWARES"),
    )
    spider_middlewares: Mapping[Component, Order] = option(
        "SPIDER_MIDDLEWARES", default={}, doc="Spider middlewares. " + _MERGED.format("SPIDER_MIDDLEWARES_BASE")
    )
    spider_middlewares_base: Mapping[Component, Order] = option(
        "SPIDER_MIDDLEWARES_BASE",
        default={
            "framework.spidermiddlewares.start.StartSpiderMiddleware": 25,
            "framework.spidermiddlewares.httperror.HttpErrorMiddleware": 50,
            "framework.spidermiddlewares.referer.RefererMiddleware": 700,
            "framework.spidermiddlewares.urllength.UrlLengthMiddleware": 800,
            "framework.spidermiddlewares.depth.DepthMiddleware": 900,
        },
        doc=_BASE.format("SPIDER_MIDDLEWARES"),
    )
    item_pipelines: Mapping[Component, Order] = option(
        "ITEM_PIPELINES", default={}, doc="Item pipelines. " + _MERGED.format("ITEM_PIPELINES_BASE")
    )
    item_pipelines_base: Mapping[Component, Order] = option(
        "ITEM_PIPELINES_BASE", default={}, doc=_BASE.format("ITEM_PIPELINES")
    )
    extensions: Mapping[Component, Order] = option(
        "EXTENSIONS", default={}, doc="Extensions. " + _MERGED.format("EXTENSIONS_BASE")
    )
    extensions_base: Mapping[Component, Order] = option(
        "EXTENSIONS_BASE",
        default={
            "framework.telemetry.blocked.BlockedLoop": 0,
            "framework.telemetry.closespider.CloseSpider": 0,
            "framework.telemetry.corestats.CoreStats": 0,
            "framework.telemetry.progress.Progress": 0,
        },
        doc=_BASE.format("EXTENSIONS"),
    )
    stats_class: Component = option(
        "STATS_CLASS",
        default="framework.telemetry.stats.MemoryStatsCollector",
        doc="The class that collects the stats of a crawl.",
    )
    stats_dump: bool = option(
        "STATS_DUMP",
        default=True,
        doc="Log all stats at DEBUG when the crawl has ended; the summary for people is at INFO in any case.",
    )
    dupefilter: Component = option(
        "DUPEFILTER_CLASS",
        default="framework.dupefilters.RFPDupeFilter",
        doc="The class that says which requests are duplicates. The default goes by `REQUEST_FINGERPRINTER_CLASS` and "
        "`SEEN`, and so does a subclass that changes `request_fingerprint` only; a class with a `request_seen` of its "
        "own is asked instead, and needs `snapshot()` and `restore(snapshot)` where its job is to go on after a crash. "
        "`framework.dupefilters.BaseDupeFilter` filters nothing. A job keeps the class that it was begun with.",
    )
    dupefilter_debug: bool = option(
        "DUPEFILTER_DEBUG",
        default=False,
        doc="Log every request that is dropped as a duplicate; otherwise only the first one is.",
    )
    request_fingerprinter: Component = option(
        "REQUEST_FINGERPRINTER_CLASS",
        default="framework.http.fingerprint.RequestFingerprinter",
        doc="The class whose `fingerprint(request)` says which requests are the same. A job keeps the class that it "
        "was begun with.",
    )
