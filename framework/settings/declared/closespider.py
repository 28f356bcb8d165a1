"""Options that end a crawl: limits of time, items, pages and errors."""

from __future__ import annotations

from ..options import group, option


@group(
    "Close conditions",
    "What ends a crawl before it has fetched everything. 0 switches a condition off. The counts are those of the job: "
    "a run that goes on after a kill, an interruption or the user's stop counts on, and `fwk resume` of a job that "
    "had ended by such a limit begins at 0 again, for a further helping. The two times are those of each run.",
)
class CloseSpiderOptions:
    """What ends a crawl before it has fetched everything."""

    timeout_s: float = option(
        "CLOSESPIDER_TIMEOUT",
        default=0.0,
        minimum=0,
        unit="s",
        doc="The crawl ends after this time; each run of a job has all of it.",
    )
    timeout_no_item_s: float = option(
        "CLOSESPIDER_TIMEOUT_NO_ITEM",
        default=0.0,
        minimum=0,
        unit="s",
        doc="The crawl ends when no item came for this time.",
    )
    itemcount: int = option(
        "CLOSESPIDER_ITEMCOUNT",
        default=0,
        minimum=0,
        unit="items",
        doc="The crawl ends when this many items have passed the pipelines; what is under way is finished.",
    )
    pagecount: int = option(
        "CLOSESPIDER_PAGECOUNT", default=0, minimum=0, unit="pages", doc="The crawl ends after this many responses."
    )
    pagecount_no_item: int = option(
        "CLOSESPIDER_PAGECOUNT_NO_ITEM",
        default=0,
        minimum=0,
        unit="pages",
        doc="The crawl ends after this many responses in a row without an item.",
    )
    errorcount: int = option(
        "CLOSESPIDER_ERRORCOUNT",
        default=0,
        minimum=0,
        unit="errors",
        doc="The crawl ends when this many callbacks have failed.",
    )
