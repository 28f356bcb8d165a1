"""Says aloud what fails silently elsewhere: warnings about a crawl that ended well and yet got nothing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .findings import Stats, answers, errors, is_continued, refusals
from .wording import count

if TYPE_CHECKING:
    from framework.protocols import FrontierView


def verdict(
    stats: Stats, view: FrontierView | None = None, *, wants_items: bool = True, reason: str = "finished"
) -> list[str]:
    """Return one warning for each thing that its user should know, the root causes first.

    Args:
        stats: all values of the crawl, under Scrapy's keys.
        view: the frontier's last numbers, where there are some.
        wants_items: whether a crawl without items is told of (``WARN_NO_ITEMS``).
        reason: why the crawl ended: pages of one that its user has stopped may have had no time to give items.
    """
    pages = int(stats.get("response_received_count", 0))
    items = int(stats.get("item_scraped_count", 0))
    found = [*_nothing_crawled(stats, view, pages), *_refused(stats, pages), *_answers(stats)]
    # A later run of a job sees some of its pages only, and those of a retry gave their items before.
    is_whole = reason != "shutdown" and not is_continued(stats)
    if pages and not items and not found and wants_items and is_whole:
        found.extend(_no_items(stats, pages))
    lost = int(stats.get("item_error_count", 0))
    if lost:
        found.append(f"{count(lost, 'item')} lost by exceptions in pipelines; the log has the tracebacks")
    return found


def _nothing_crawled(stats: Stats, view: FrontierView | None, pages: int) -> list[str]:
    if pages:
        return []
    broken = [error for error in errors(stats) if not error.what.startswith("answer")]
    if broken:
        worst = broken[0]
        advice = f": {worst.remedy}" if worst.remedy else ""
        return [f"no page was crawled; {worst.what} ({count(worst.count, 'time')}){advice}"]
    if view is not None and view.failed and not is_continued(stats):
        return [f"no page was crawled; {count(view.failed, 'request')} failed: the log says why"]
    if view is not None and not view.offered and not view.refused and not refusals(stats):
        return ["the spider made no request: start_urls is empty, or start() yields nothing"]
    return []


def _refused(stats: Stats, pages: int) -> list[str]:
    found = refusals(stats)
    by_reason = {
        "offsite": "every link found was offsite: does allowed_domains name the site's host, without scheme and path?",
        "scheme": "nothing fetches URLs of this scheme: write http:// or https://, or see DOWNLOAD_HANDLERS",
        "robots": "robots.txt forbids every page asked for; ROBOTSTXT_OBEY = False would ignore it, if you may",
    }
    # With one page (the start) or none, what was refused is all that there was to follow.
    return [said for reason, said in by_reason.items() if found.get(reason) and pages <= 1]


def _answers(stats: Stats) -> list[str]:
    good, broken = answers(stats)
    if good or not broken:
        return []
    worst = next(error for error in errors(stats) if error.what.startswith("answer"))
    advice = f": {worst.remedy}" if worst.remedy else ""
    return [f"every page was an HTTP error, mostly {worst.what.removeprefix('answer ')}{advice}"]


def _no_items(stats: Stats, pages: int) -> list[str]:
    dropped = int(stats.get("item_dropped_count", 0))
    if dropped:
        return [f"no item was kept: the pipelines dropped {'it' if dropped == 1 else f'all {dropped:,}'}"]
    if any(key.startswith("spider_exceptions/") for key in stats):
        return ["no item: the callbacks raised exceptions; the log has the tracebacks"]
    crawled = count(pages, "page")
    too_deep = refusals(stats).get("depth")
    if too_deep:
        return [f"{crawled} crawled and no item; DEPTH_LIMIT refused {count(too_deep, 'link')}"]
    if not int(stats.get("item_error_count", 0)):
        return [f"{crawled} crawled and no item: do the selectors fit? Try them with: fwk fetch URL"]
    return []
