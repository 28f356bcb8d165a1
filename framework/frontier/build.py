"""Building the frontier of a crawl from its settings.

Place in the flow: ``crawler.py`` calls ``build_frontier`` once the spider and the gates exist. With a folder the
frontier is kept in the job's files; without one it is the same frontier on an unnamed temporary file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from framework import jobfiles
from framework.components import load_object
from framework.http.stored import StoredForm
from framework.protocols import Crawler, Gate
from framework.settings.declared import DurabilityOptions, PolitenessOptions

from .hosts import Politeness
from .local import LocalFrontier
from .memorylimit import in_memory_max, memory_limit_bytes
from .seen import HEADER_BYTES, engine_of, make_seen
from .seen.own import OwnDupeFilter
from .store.filters import filter_starts
from .store.sqlite import Store

logger = logging.getLogger(__name__)

_IDENTIFYING: Final = ("REQUEST_FINGERPRINTER_CLASS", "DUPEFILTER_CLASS")


def build_frontier(  # noqa: PLR0913 - built in one place
    crawler: Crawler,
    fingerprinter: Any,
    stored: StoredForm,
    gates: Sequence[Gate],
    *,
    folder: Path | None = None,
    must_exist: bool = False,
    own_filter: OwnDupeFilter | None = None,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> LocalFrontier:
    """Build the frontier of one crawl; nothing is opened yet.

    Args:
        crawler: with its settings and spider.
        fingerprinter: says which requests are the same one.
        stored: makes requests data.
        gates: asked about each request before it is leased.
        folder: the job's; ``None`` for a crawl that ends with its process.
        own_filter: a duplicate filter of the user's.
        must_exist: the job was begun before, and a missing file is damage.
        clock, wall_clock: monotonic seconds, and seconds since 1970.

    Raises:
        SettingsError: the seen-set that is asked for, or the job's stored one, needs a package that is not installed.
        StoreError: a stored seen-set cannot be read.
    """
    options: DurabilityOptions = crawler.settings.group(DurabilityOptions)
    path = None if folder is None else folder / jobfiles.STORE
    stored_engine = None if path is None else engine_of(filter_starts(path, HEADER_BYTES))
    return LocalFrontier(
        fingerprinter,
        politeness_of(crawler),
        gates,
        store=Store(
            path,
            seen_mode="log" if options.seen == "bloom" else "exact",
            must_exist=must_exist,
        ),
        stored=stored,
        seen=make_seen(options, stored_engine=stored_engine),
        fates=options.fates,
        in_memory_max=in_memory_max(memory_limit_bytes(options.memory_limit_mb)),
        riders_max=options.riders_max,
        inflight=None if folder is None else folder / jobfiles.IN_FLIGHT,
        own_filter=own_filter,
        identified_by={setting: _path_of(crawler.settings[setting], crawler.spider) for setting in _IDENTIFYING},
        clock=clock,
        wall_clock=wall_clock,
    )


def _path_of(component: Any, spider: object) -> str:
    """Return the one dotted path of a class, whichever it was named by; the spider's file may be renamed."""
    kind = load_object(component)
    module = "<the spider's module>" if kind.__module__ == type(spider).__module__ else kind.__module__
    return f"{module}.{kind.__qualname__}"


def politeness_of(crawler: Crawler) -> Politeness:
    """Return the rules that hosts start with, from settings and spider."""
    options: PolitenessOptions = crawler.settings.group(PolitenessOptions)
    for key in options.hosts:
        if "/" in key or (":" in key and not key.count(":") > 1):
            logger.warning("DOWNLOAD_SLOTS: %r fits no host: name it without scheme, port and path", key)
    return Politeness(
        delay_s=float(getattr(crawler.spider, "download_delay", options.delay_s)),
        randomize=options.randomize_delay,
        concurrency=options.concurrency_per_host,
        own_rules=options.hosts,
        dead_after=options.dead_host_failures,
        order=options.crawl_order,
    )
