from __future__ import annotations

import pytest

from framework.cli.reasons import meaning, remedy, short


@pytest.mark.parametrize(
    ("reason", "words", "help"),
    [
        ("offsite", "allowed_domains", "allow_offsite"),
        ("HttpError 404", "its status, 404, is none", "handle_httpstatus_list"),
        ("HttpError 503", "its status, 503, is none", "RETRY_TIMES"),
        ("HttpError 429", "its status, 429, is none", "crawl slower"),
        ("callback: ValueError", "its callback raised", "fwk retry"),
        ("DownloadConnectionRefusedError", "nobody listens", "port right"),
        ("DownloadFailedError", "connection broke", "fwk retry"),
        ("ForbiddenAddressError", "private address", "ALLOW_PRIVATE_HOSTS"),
        ("DownloadError", "could not be sent", "the log says"),
        ("DownloadTimeoutError", "did not answer", "DOWNLOAD_TIMEOUT"),
    ],
)
def test_a_reason_is_explained_with_its_remedy(reason, words, help):
    assert words in meaning(reason)
    assert help in remedy(reason)


@pytest.mark.parametrize("reason", ["", "not today", "a rule of my own"])
def test_a_reason_of_the_users_own_speaks_for_itself(reason):
    assert (meaning(reason), remedy(reason)) == ("", "")


def test_an_error_of_a_try_has_the_name_that_a_fate_has():
    assert short("framework.exceptions.DownloadTimeoutError") == "DownloadTimeoutError"
    assert short("503 Service Unavailable") == "503 Service Unavailable"
