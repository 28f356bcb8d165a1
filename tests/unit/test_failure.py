"""What errbacks get."""

import pytest

from framework.exceptions import DownloadConnectionRefusedError, DownloadTimeoutError
from framework.failure import Failure
from framework.http import Request


def test_it_knows_exception_class_and_request():
    error, request = DownloadTimeoutError("slow"), Request("http://a/1")
    failure = Failure(error, request)

    assert (failure.value, failure.type, failure.request) == (error, DownloadTimeoutError, request)
    assert repr(failure) == "<Failure DownloadTimeoutError: slow>"


def test_check_finds_the_first_class_or_name_that_fits():
    failure = Failure(DownloadConnectionRefusedError("no"))

    assert failure.check(LookupError, ConnectionError) is ConnectionError
    assert failure.check("DownloadConnectionError") == "DownloadConnectionError"
    assert failure.check("builtins.ConnectionError") == "builtins.ConnectionError"
    assert failure.check(LookupError, "KeyError") is None


def test_trap_raises_what_it_does_not_find():
    failure = Failure(DownloadTimeoutError("slow"))

    assert failure.trap(LookupError, TimeoutError) is TimeoutError
    with pytest.raises(DownloadTimeoutError):
        failure.trap(LookupError)


def test_messages_and_tracebacks():
    try:
        raise LookupError
    except LookupError as error:
        failure = Failure(error)

    assert failure.getErrorMessage() == "LookupError"
    assert "raise LookupError" in failure.getTraceback()
