"""Options of what survives: the frontier's file, jobs, the seen-set, fates."""

from __future__ import annotations

from typing import Literal

from ..options import group, option


@group("Jobs and durability", "What is kept on disk, so that a crawl that was killed goes on where it was.")
class DurabilityOptions:
    """What is kept on disk, and what of it in memory."""

    frontier: Literal["auto", "sqlite", "memory"] = option(
        "FRONTIER",
        default="auto",
        doc="Where requests wait. `sqlite`: in a job folder, so that the crawl survives its process. `memory`: in"
        " memory and, when it grows, in an unnamed temporary file; it ends with its process. `auto`: `sqlite`"
        " for the commands `crawl` and `runspider` and wherever `JOBDIR` is set, `memory` for other crawls "
        "that are started from code. In the place of Scrapy's `SCHEDULER`.",
    )
    jobdir: str | None = option(
        "JOBDIR",
        default=None,
        doc="Folder of this one job: the crawl goes on there if it holds an unfinished job.",
    )
    jobs_folder: str = option(
        "JOBS_FOLDER",
        default=".fwk/jobs",
        doc="Folder of all jobs that have no `JOBDIR`, in the project's folder (without a project, in the current"
        " one). Not in Scrapy.",
    )
    jobs_keep: int = option(
        "JOBS_KEEP",
        default=20,
        minimum=0,
        unit="jobs",
        doc="Jobs that are over (ended, also by a limit, or abandoned) that are kept; older ones are removed when a "
        "new job begins. Those that the same command would continue, and those that hold an embedded database or "
        "refused items, are never removed by this. Not in Scrapy.",
    )
    seen: Literal["bloom+verify", "bloom", "exact"] = option(
        "SEEN",
        default="bloom+verify",
        doc="How a request is known to be seen. `bloom+verify`: a Bloom filter says what is new, the job's file "
        "confirms what is not; no URL is ever lost. `bloom`: the filter alone; it loses a share of "
        "`BLOOM_ERROR_RATE`. `exact`: every identity in memory, some 80 bytes each. Not in Scrapy.",
    )
    bloom_engine: Literal["auto", "pybloom", "rbloom"] = option(
        "BLOOM_ENGINE",
        default="auto",
        doc="The Bloom filter's implementation: pybloom-live, or rbloom, which is faster; `auto` takes rbloom "
        "where it is installed. Not in Scrapy.",
    )
    bloom_error_rate: float = option(
        "BLOOM_ERROR_RATE",
        default=1e-6,
        minimum=1e-12,
        maximum=0.1,
        doc="Share of new requests that a filter with `SEEN = 'bloom'` may take for seen. Not in Scrapy.",
    )
    memory_limit_mb: int | None = option(
        "MEMORY_LIMIT",
        default=None,
        minimum=64,
        unit="MB",
        doc="Memory that the crawl should stay under. Requests and hosts beyond it wait on disk. `None`: the "
        "container's limit where there is one, else 1,024. Not in Scrapy.",
    )
    fates: Literal["all", "failures", "off"] = option(
        "FATES",
        default="all",
        doc="Which ended requests are kept for `fwk why` and `fwk fates`: all, those that gave no page, or none. "
        "Not in Scrapy.",
    )
    unstorable: Literal["ride", "refuse"] = option(
        "UNSTORABLE",
        default="ride",
        doc="What happens to a request that cannot be stored (a lambda as callback, a live object in `meta`). "
        "`ride`: it is kept in memory, and its parent is not committed before it has ended. `refuse`: it is "
        "refused, with key and line. Not in Scrapy.",
    )
    riders_max: int = option(
        "RIDERS_MAX",
        default=1000,
        minimum=1,
        unit="visits",
        doc="Visits that may wait for requests that cannot be stored; above that the next such request is "
        "refused. Not in Scrapy.",
    )
