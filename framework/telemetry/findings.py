"""What a crawl's statistics say about refusals, errors and finish reasons, grouped for people. Pure.

Place in the flow: reads the stats that components count under Scrapy's keys; the summary words what is found here, the
verdict judges it. A component that refuses requests under a reason of its own counts ``refused/<reason>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Stats = Mapping[str, Any]

_REFUSED = "refused/"
# Scrapy's key of each refusal that has one, by the word that the summary uses for it.
_REFUSAL_KEYS = {
    "dupefilter/filtered": "duplicate",
    "offsite/filtered": "offsite",
    "robotstxt/forbidden": "robots",
    "urllength/request_ignored_count": "url length",
}
_ANSWER_KEYS = {"downloader/response_status_count": 1, "robotstxt/response_status_count": -1}
_KINDS = {
    "spider_exceptions/": "exception in the spider",
    "downloader/exception_type_count/": "download failed",
    "downloader/response_status_count/": "answer",
}
_COUNTED = {
    "item_error_count": "item lost in a pipeline",
    "mongodb/dead_letters": "item refused by MongoDB",
}
_OWN = ("exception in the spider", *_COUNTED.values())
_REMEDIES = {
    "answer 401": "the site wants a login: set http_user and http_pass, or log in by a form",
    "answer 403": "the site refuses: look at USER_AGENT and cookies, and crawl slower",
    "answer 404": "links lead nowhere: look at the URLs that the spider builds",
    "answer 407": "the proxy wants a password: put it into the proxy's URL",
    "answer 429": "the site says too fast: raise DOWNLOAD_DELAY",
    "answer 5": "the site is overloaded or broken: crawl slower, or raise RETRY_TIMES",
    "exception in the spider InvalidOutput": "the log says which callback gave what, and where",
    "item refused by MongoDB": "the log says why, and the file of dead letters has the items",
    "exception in the spider": "the log has the traceback, with file and line",
    "item lost in a pipeline": "the log has the traceback, with file and line",
    "download failed CannotResolveHostError": "check the host's spelling and the name server",
    "download failed DownloadConnectionRefusedError": "nobody listens there: check scheme, host and port",
    "download failed DownloadError": "the log says what is wrong with the URL or the answer",
    "download failed DownloadTimeoutError": "raise DOWNLOAD_TIMEOUT, or lower the concurrency",
    "download failed DownloadCancelledError": "larger than DOWNLOAD_MAXSIZE: raise it if these pages are wanted",
    "download failed TlsError": "the certificate is not to be trusted: check the host and the clock",
    "download failed UnsupportedURLSchemeError": "no handler for this scheme: look at DOWNLOAD_HANDLERS",
}
_REASONS = {
    "finished": "finished: nothing was left to crawl",
    "failed": "ended by an error that it could not go on from; the log has it",
    "start_error": "ended after start() raised: what it had yielded before was crawled",
    "cancelled": "stopped by the spider",
    "shutdown": "stopped by its user or by a signal; what was pending is not done",
    "closespider_timeout": "stopped: CLOSESPIDER_TIMEOUT was reached",
    "closespider_itemcount": "stopped: CLOSESPIDER_ITEMCOUNT was reached",
    "closespider_pagecount": "stopped: CLOSESPIDER_PAGECOUNT was reached",
    "closespider_pagecount_no_item": "stopped: CLOSESPIDER_PAGECOUNT_NO_ITEM pages in a row gave no item",
    "closespider_errorcount": "stopped: CLOSESPIDER_ERRORCOUNT was reached",
    "closespider_timeout_no_item": "stopped: no item for CLOSESPIDER_TIMEOUT_NO_ITEM seconds",
}


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error: what, how often, and what may help."""

    what: str
    count: int
    remedy: str = ""


def refusals(stats: Stats) -> dict[str, int]:
    """Return how many requests were refused by reason, the most frequent first."""
    found = {key[len(_REFUSED) :]: int(value) for key, value in stats.items() if key.startswith(_REFUSED)}
    for key, reason in _REFUSAL_KEYS.items():
        if stats.get(key):
            # Whoever refuses counts Scrapy's key, the engine its own: the same requests, counted once.
            found[reason] = max(int(stats[key]), found.get(reason, 0))
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def errors(stats: Stats) -> list[ErrorKind]:
    """Return the kinds of errors: those of the spider and the pipelines, then the others, the most frequent first.

    Answers count from status 400.
    """
    found = []
    for key, value in stats.items():
        for prefix, kind in _KINDS.items():
            name = key.removeprefix(prefix)
            # Names of our exceptions may come with their module, as in Scrapy's stats.
            short = name.rpartition(".")[2]
            # A request that a middleware dropped on purpose is a refusal, not an error.
            if name in (key, "count") or short == "IgnoreRequest" or (kind == "answer" and not _is_error_status(name)):
                continue
            what = f"{kind} {short}"
            found.append(ErrorKind(what, int(value), _remedy(what)))
    found += [ErrorKind(what, int(stats[key]), _remedy(what)) for key, what in _COUNTED.items() if stats.get(key)]
    # What only its author can mend must not hide behind a site's many answers.
    return sorted(found, key=lambda error: (not error.what.startswith(_OWN), -error.count, error.what))


def answers(stats: Stats) -> tuple[int, int]:
    """Return how many pages were answered with a status below 400, and how many with 400 or more; robots.txt apart."""
    good = bad = 0
    for key, value in stats.items():
        prefix, _, status = key.rpartition("/")
        if prefix in _ANSWER_KEYS and status.isdecimal():
            number = int(value) * _ANSWER_KEYS[prefix]
            good, bad = (good, bad + number) if _is_error_status(status) else (good + number, bad)
    return max(good, 0), max(bad, 0)


def is_continued(stats: Stats) -> bool:
    """Say whether the crawl is a later run of a job: what it counts is less than what the job did."""
    return int(stats.get("job/runs", 1)) > 1


def reason_in_words(reason: str) -> str:
    """Return why a crawl ended, as a sentence; a reason of the user's own as it is."""
    return _REASONS.get(reason, f"stopped: {reason}")


def _is_error_status(name: str) -> bool:
    return name.isdecimal() and int(name) >= 400


def _remedy(what: str) -> str:
    return next((remedy for start, remedy in _REMEDIES.items() if what.startswith(start)), "")
