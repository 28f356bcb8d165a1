"""What the reasons of fates mean, and what may help, for ``fwk why``. Pure."""

from __future__ import annotations

import re

_RULES = {
    "offsite": (
        "its host is not in the spider's allowed_domains",
        'add the host there, or give the request meta={"allow_offsite": True}',
    ),
    "depth": ("it is deeper than DEPTH_LIMIT", "raise DEPTH_LIMIT; 0 is no limit"),
    "url length": ("its URL is longer than URLLENGTH_LIMIT", "raise URLLENGTH_LIMIT; 0 is no limit"),
    "scheme": ("nothing fetches URLs of this scheme", "write http:// or https://, or see DOWNLOAD_HANDLERS"),
    "unstorable": (
        "it carries something that cannot be stored, and UNSTORABLE is 'refuse'; the log names it",
        "give it a method of the spider as callback and data in meta and cb_kwargs, or set UNSTORABLE = 'ride'",
    ),
    "changed": (
        "it was changed after it was yielded, and could not be stored any more; the log names what is in it",
        "change a request before its yield, and put only data into meta and cb_kwargs",
    ),
    "broken": ("a rule raised an exception when it was asked; the log has the traceback", "mend that rule"),
    "dropped by a signal handler": (
        "a handler of the signal request_scheduled raised IgnoreRequest",
        "look at the handlers that are connected to that signal",
    ),
    "robots": (
        "the site's robots.txt forbids it",
        "ROBOTSTXT_OBEY = False would ignore that, if you may",
    ),
    "redirects": ("it was redirected too often", "raise REDIRECT_MAX_TIMES"),
    "HttpError": (
        "its status is none that the spider handles",
        "name the status in handle_httpstatus_list to get such pages into the callback, or give the request an errback",
    ),
    "IgnoreRequest": ("a middleware dropped it", "the log says which, with LOG_LEVEL = 'DEBUG'"),
    "suspect": (
        "the process died while it, and nothing else, was in flight, three times",
        "look at what its callback does, then fwk retry",
    ),
    "callback": (
        "its callback raised; what it had yielded before is kept",
        "the log has the traceback; mend the spider, then fwk retry",
    ),
    "internal": ("an error inside fwk or a plugin; the log has the traceback", "mend the plugin, or report it"),
    "UnsupportedURLSchemeError": ("nothing fetches URLs of this scheme", "see DOWNLOAD_HANDLERS"),
    "CannotResolveHostError": ("its host has no address", "is the host right? If so: fwk retry, later"),
    "DownloadConnectionRefusedError": (
        "nobody listens at its host and port",
        "are scheme, host and port right? If so: fwk retry, later",
    ),
    "DownloadFailedError": ("the connection broke", "fwk retry, later"),
    "ForbiddenAddressError": (
        "its host leads to a private address, where no link may lead",
        "name the host in ALLOW_PRIVATE_HOSTS, if you mean it",
    ),
    "DownloadError": ("it could not be sent or read as it was", "look at its URL; the log says what was wrong"),
    "DownloadTimeoutError": ("the host did not answer in time", "fwk retry, later; or raise DOWNLOAD_TIMEOUT"),
    "TlsError": ("the host's certificate or encryption was refused", "the log says what is wrong with it"),
    "DownloadCancelledError": ("its body was larger than allowed", "raise DOWNLOAD_MAXSIZE"),
    "ResponseDataLossError": ("the body ended too early", "DOWNLOAD_FAIL_ON_DATALOSS = False takes such pages"),
}  # fmt: skip
_STATUS = re.compile(r"HttpError (\d+)")


def meaning(reason: str) -> str:
    """Return what a reason means, in words; empty where it speaks for itself."""
    status = _STATUS.fullmatch(reason)
    words = _words(reason)[0]
    return words.replace("its status", f"its status, {status[1]},") if status else words


def remedy(reason: str) -> str:
    """Return what may help; empty where nothing is known."""
    status = _STATUS.fullmatch(reason)
    if status and (status[1] == "429" or status[1] >= "500"):
        return "the site is overloaded or broken: crawl slower, or raise RETRY_TIMES"
    return _words(reason)[1]


def short(error: str) -> str:
    """Return the error of a try under the name that fates have for it: retries note the whole path of its class."""
    return error.removeprefix("framework.exceptions.")


def _words(reason: str) -> tuple[str, str]:
    for start in (reason, reason.partition(":")[0], reason.partition(" ")[0]):
        if start in _RULES:
            return _RULES[start]
    return "", ""
