"""Options of the download handlers: time-outs, sizes, names, addresses, TLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..annotations import Component
from ..options import group, option


@group("Download", "Time-outs, sizes, connections, names and TLS of every fetch.")
class DownloadOptions:
    """Time-outs, sizes, connections, names and TLS of every fetch."""

    timeout_s: float = option(
        "DOWNLOAD_TIMEOUT",
        default=180.0,
        minimum=0.001,
        unit="s",
        doc="How long one fetch may take, from connecting to the last byte. A spider's `download_timeout` "
        "attribute and "
        "a request's `meta['download_timeout']` go before it.",
    )
    connect_timeout_s: float = option(
        "DOWNLOAD_CONNECT_TIMEOUT",
        default=30.0,
        minimum=0.001,
        unit="s",
        doc="How long connecting may take, TLS included. Not in Scrapy.",
    )
    idle_timeout_s: float = option(
        "DOWNLOAD_IDLE_TIMEOUT",
        default=60.0,
        minimum=0.001,
        unit="s",
        doc="How long a connection may be silent while a response is awaited or read. Not in Scrapy.",
    )
    keepalive_timeout_s: float = option(
        "DOWNLOAD_KEEPALIVE_TIMEOUT",
        default=60.0,
        minimum=0,
        unit="s",
        doc="How long an unused connection is kept open for the next request. Not in Scrapy.",
    )
    pool_per_host: int = option(
        "DOWNLOAD_POOL_PER_HOST",
        default=0,
        minimum=0,
        unit="connections",
        doc="Connections to one host at most; 0 leaves it to `CONCURRENT_REQUESTS_PER_DOMAIN`. Not in Scrapy.",
    )
    maxsize_bytes: int = option(
        "DOWNLOAD_MAXSIZE",
        default=1024 * 1024 * 1024,
        minimum=0,
        unit="bytes",
        doc="A larger body, counted after decompression, is cut off and the request fails; 0 for no limit. "
        "`meta['download_maxsize']` goes before it.",
    )
    warnsize_bytes: int = option(
        "DOWNLOAD_WARNSIZE",
        default=32 * 1024 * 1024,
        minimum=0,
        unit="bytes",
        doc="A larger body gives a warning; 0 for none. `meta['download_warnsize']` goes before it.",
    )
    fail_on_dataloss: bool = option(
        "DOWNLOAD_FAIL_ON_DATALOSS",
        default=True,
        doc="A body that ends too early or is broken fails the request; otherwise the callback gets what came, with "
        "`dataloss` among `response.flags`. `meta['download_fail_on_dataloss']` goes before it.",
    )
    verify_certificates: bool = option(
        "DOWNLOAD_VERIFY_CERTIFICATES",
        default=True,
        doc="Refuse a server whose TLS certificate is not to be trusted. Scrapy's default is `False`.",
    )
    address_family: Literal["any", "ipv4", "ipv6"] = option(
        "ADDRESS_FAMILY",
        default="any",
        doc="Which addresses of a host are used. Not in Scrapy.",
    )
    dns_cache: bool = option("DNSCACHE_ENABLED", default=True, doc="Remember the addresses of hosts.")
    dns_cache_size: int = option(
        "DNSCACHE_SIZE", default=10_000, minimum=1, unit="hosts", doc="Hosts whose addresses are remembered."
    )
    dns_cache_ttl_s: float = option(
        "DNSCACHE_TTL",
        default=300.0,
        minimum=0,
        unit="s",
        doc="How long the addresses of a host are remembered. Not in Scrapy, which remembers them for the whole crawl.",
    )
    dns_timeout_s: float = option(
        "DNS_TIMEOUT", default=60.0, minimum=0.001, unit="s", doc="How long looking up a host may take."
    )
    handlers: Mapping[str, Component | None] = option(
        "DOWNLOAD_HANDLERS",
        default={},
        doc="Handlers of your own: URL scheme to dotted path; they are merged into `DOWNLOAD_HANDLERS_BASE`, and "
        "`None` "
        "switches a scheme off. For `file:` URLs, which are off, name `framework.downloader.file.FileDownloadHandler`.",
    )
    handlers_base: Mapping[str, Component | None] = option(
        "DOWNLOAD_HANDLERS_BASE",
        default={
            "http": "framework.downloader.http.HttpDownloadHandler",
            "https": "framework.downloader.http.HttpDownloadHandler",
            "data": "framework.downloader.data.DataDownloadHandler",
        },
        doc="The handlers that are there by default. Change `DOWNLOAD_HANDLERS` instead of this. "
        "Scrapy has `file`, `ftp` and `s3` among them.",
    )
    stats: bool = option(
        "DOWNLOADER_STATS", default=True, doc="Count requests, responses and exceptions in the `downloader/` stats."
    )
