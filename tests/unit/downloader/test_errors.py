"""Exceptions of libraries, mapped to the tree."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any, cast

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from aiohttp.http_exceptions import BadStatusLine
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from framework.downloader.errors import TimeLimits, download_error
from framework.exceptions import (
    CannotResolveHostError,
    DownloadConnectionError,
    DownloadConnectionRefusedError,
    DownloadError,
    DownloadFailedError,
    DownloadTimeoutError,
    ForbiddenAddressError,
    ResponseDataLossError,
    TlsError,
    UnsupportedURLSchemeError,
)
from framework.http import Request

REQUEST = Request("http://user:secret@a.test/path", method="POST")
LIMITS = TimeLimits(connect_s=30, idle_s=60, total_s=180)
KEY = ConnectionKey("a.test", 80, False, True, None, None, None)
INFO = RequestInfo(URL("http://a.test"), "GET", CIMultiDictProxy(CIMultiDict()), URL("http://a.test"))


def connector_error(os_error: OSError) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(KEY, os_error)


CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")
CERTIFICATE.verify_message = "self-signed certificate"

CASES: list[tuple[Exception, type[DownloadError], str]] = [
    (aiohttp.ConnectionTimeoutError("x"), DownloadTimeoutError, "no connection within 30 s (DOWNLOAD_CONNECT_TIMEOUT)"),
    (aiohttp.SocketTimeoutError("x"), DownloadTimeoutError, "sent nothing for 60 s (DOWNLOAD_IDLE_TIMEOUT)"),
    (TimeoutError(), DownloadTimeoutError, "not done within 180 s (DOWNLOAD_TIMEOUT"),
    (
        aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name or service not known")),
        CannotResolveHostError,
        "cannot resolve the host: Name or service not known",
    ),
    (socket.gaierror(-3, "Temporary failure"), CannotResolveHostError, "Temporary failure"),
    (connector_error(socket.gaierror(-2, "Not known")), CannotResolveHostError, "Not known"),
    (
        aiohttp.ClientConnectorCertificateError(KEY, CERTIFICATE),
        TlsError,
        "not to be trusted: self-signed certificate; DOWNLOAD_VERIFY_CERTIFICATES",
    ),
    (CERTIFICATE, TlsError, "self-signed certificate"),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "wrong version")), TlsError, "handshake failed"),
    (ssl.SSLError(1, "wrong version"), TlsError, "handshake failed"),
    (aiohttp.ServerFingerprintMismatch(b"a", b"b", "a.test", 443), TlsError, "fingerprint"),
    (connector_error(OSError(errno.EHOSTUNREACH, "No route to host")), DownloadFailedError, "No route to host"),
    (
        connector_error(ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
        DownloadConnectionRefusedError,
        "nobody listens",
    ),
    (connector_error(OSError(errno.ECONNREFUSED, "several")), DownloadConnectionRefusedError, "nobody listens"),
    (connector_error(TimeoutError(errno.ETIMEDOUT, "timed out")), DownloadTimeoutError, "DOWNLOAD_CONNECT_TIMEOUT"),
    (ConnectionRefusedError(), DownloadConnectionRefusedError, "nobody listens"),
    (aiohttp.ServerDisconnectedError(), DownloadFailedError, "closed the connection before it answered"),
    (aiohttp.ClientOSError(errno.ECONNRESET, "reset by peer"), DownloadFailedError, "reset by peer"),
    (ConnectionResetError(errno.ECONNRESET, "reset by peer"), DownloadFailedError, "reset by peer"),
    (aiohttp.ClientPayloadError("too short"), ResponseDataLossError, "too short; DOWNLOAD_FAIL_ON_DATALOSS"),
    (
        aiohttp.ClientResponseError(INFO, (), status=400, message="Bad\n  status line"),
        DownloadError,
        "not valid HTTP: Bad status line",
    ),
    (BadStatusLine("x" * 1000), DownloadError, "not valid HTTP"),
    (aiohttp.InvalidURL("http://user:secret@"), DownloadError, "this URL cannot be fetched: it is not valid"),
    (aiohttp.InvalidURL("http://127.1", "no canonical address"), DownloadError, "no canonical address"),
    (aiohttp.NonHttpUrlClientError("ftp://a"), UnsupportedURLSchemeError, "neither http nor https"),
    (aiohttp.ClientError("odd"), DownloadError, "ClientError: odd"),
]


@pytest.mark.parametrize(("error", "kind", "text"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_the_message_names_request_reason_and_remedy(error: Exception, kind: type[DownloadError], text: str) -> None:
    mapped = download_error(error, REQUEST, LIMITS)

    assert type(mapped) is kind
    assert str(mapped).startswith("<POST http://user:***@a.test/path>: ")
    assert text in str(mapped)
    assert len(str(mapped)) < 500
    assert "secret" not in str(mapped)
    assert mapped.__cause__ is error


def every_subclass(cls: type[Exception]) -> list[type[Exception]]:
    found = {cls}
    for child in cls.__subclasses__():
        found.update(every_subclass(child))
    return sorted(found, key=str)


@pytest.mark.parametrize("cls", every_subclass(aiohttp.ClientError), ids=str)
def test_every_exception_of_aiohttp_is_mapped(cls: type[Exception]) -> None:
    error = cls.__new__(cls)
    error.args = ("what happened",)
    arguments: dict[str, Any] = {
        "_os_error": OSError(errno.EIO, "what happened"),
        "_conn_key": KEY,
        "_certificate_error": CERTIFICATE,
        "message": "what happened",
        "status": 400,
        "request_info": INFO,
        "history": (),
        "headers": None,
        "_url": "http://a.test",
        "_description": "",
    }
    for name, value in arguments.items():
        setattr(error, name, value)

    mapped = download_error(error, REQUEST, LIMITS)

    assert isinstance(mapped, DownloadError)
    if issubclass(cls, TimeoutError):
        assert isinstance(mapped, DownloadTimeoutError)
    elif issubclass(cls, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch):
        assert isinstance(mapped, TlsError)
    elif issubclass(cls, aiohttp.ClientConnectionError):
        assert isinstance(mapped, DownloadConnectionError)


@pytest.mark.parametrize(
    "own", [ForbiddenAddressError("127.0.0.1 is private"), CannotResolveHostError("no such name")], ids=["guard", "dns"]
)
def test_an_exception_of_ours_keeps_its_class_whatever_aiohttp_wrapped_around_it(own: DownloadError) -> None:
    wrapped = aiohttp.ClientConnectorDNSError(KEY, cast("OSError", own)) if isinstance(own, OSError) else own

    mapped = download_error(wrapped, REQUEST, LIMITS)

    assert type(mapped) is type(own)
    assert str(mapped) == f"<POST http://user:***@a.test/path>: {own}"


@pytest.mark.parametrize("wrap", [lambda error: error, connector_error], ids=["bare", "wrapped"])
def test_a_machine_out_of_descriptors_blames_itself(wrap: Any) -> None:
    mapped = download_error(wrap(OSError(errno.EMFILE, "Too many open files")), REQUEST, LIMITS)

    assert mapped is not None
    assert mapped.blames == "local"
    assert "lower CONCURRENT_REQUESTS" in str(mapped)


def test_blame_and_another_try_follow_the_cause() -> None:
    proxy = download_error(aiohttp.ClientProxyConnectionError(KEY, OSError(1, "x")), REQUEST, LIMITS)
    answer = download_error(aiohttp.ClientHttpProxyError(INFO, (), status=407, message="who?"), REQUEST, LIMITS)
    url = download_error(aiohttp.InvalidURL("http://"), REQUEST, LIMITS)

    assert proxy is not None
    assert answer is not None
    assert url is not None
    assert (proxy.blames, proxy.retryable) == ("proxy", True)
    assert answer.blames == "proxy"
    assert (url.blames, url.retryable) == ("url", False)


def test_what_is_no_error_of_a_transfer_is_not_mapped() -> None:
    assert download_error(KeyError("a bug"), REQUEST, LIMITS) is None
    assert download_error(ValueError("a bug"), REQUEST, LIMITS) is None
