"""Options of politeness: how often and how much at once one host is asked, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..options import group, option, record


@record
class HostRules:
    """One entry of ``DOWNLOAD_SLOTS``; what is ``None`` is as for every host."""

    concurrency: int | None = option(
        "concurrency", default=None, minimum=1, unit="requests", doc="Requests to this host at the same time."
    )
    delay_s: float | None = option(
        "delay", default=None, minimum=0, unit="s", doc="Time between two requests to this host."
    )
    randomize_delay: bool | None = option(
        "randomize_delay", default=None, doc="Vary the delay between half and one and a half of it."
    )


@group("Politeness", "How often and how much at once one host is asked, and in which order requests are taken.")
class PolitenessOptions:
    """How often and how much at once one host is asked, and in which order."""

    delay_s: float = option(
        "DOWNLOAD_DELAY",
        default=0.0,
        minimum=0,
        unit="s",
        doc="Time between two requests to the same host. A spider's `download_delay` attribute goes before it.",
    )
    randomize_delay: bool = option(
        "RANDOMIZE_DOWNLOAD_DELAY",
        default=True,
        doc="Vary each delay at random between half and one and a half of `DOWNLOAD_DELAY`.",
    )
    concurrency_per_host: int = option(
        "CONCURRENT_REQUESTS_PER_DOMAIN",
        default=8,
        minimum=1,
        unit="requests",
        doc="Requests to one host at the same time.",
    )
    hosts: Mapping[str, HostRules] = option(
        "DOWNLOAD_SLOTS",
        default={},
        doc="Rules for single hosts: host name to a dict of `concurrency`, `delay` (s) and `randomize_delay`; "
        "what is left out is as for every host.",
    )
    crawl_order: Literal["depth", "breadth"] = option(
        "CRAWL_ORDER",
        default="depth",
        doc="Among requests of equal priority to one host: the newest first (`depth`, as Scrapy does) or the oldest "
        "first (`breadth`). In the place of Scrapy's `SCHEDULER_MEMORY_QUEUE` and `SCHEDULER_DISK_QUEUE`.",
    )
    dead_host_failures: int = option(
        "DEAD_HOST_FAILURES",
        default=5,
        minimum=1,
        unit="failures",
        doc="After this many failures in a row without an answer a host gets one request at a time, until it answers. "
        "Not in Scrapy.",
    )
