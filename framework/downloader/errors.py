"""The one place where exceptions of aiohttp, asyncio, ssl and the socket layer become those of this framework.

Place in the flow: the HTTP handler catches what a transfer raises and asks ``download_error``. The most specific
class that the table knows wins, by the order of the exception's own bases. A message names the request (its password
masked), what happened and what can be done.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from framework.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    TlsError,
    UnsupportedURLSchemeError,
)
from framework.http import Request


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """The limits of one transfer, in seconds (0: none), for the message of the one that was passed."""

    connect_s: float
    idle_s: float
    total_s: float


_Reason = Callable[[Any, TimeLimits], str]


@dataclass(frozen=True, slots=True)
class _Mapping:
    """What an exception becomes: class, message, and who is to blame where the class does not say."""

    error: type[DownloadError]
    reason: _Reason
    blames: str | None = None
    retryable: bool | None = None


def _connect_timeout(_: Any, limits: TimeLimits) -> str:
    return f"no connection within {limits.connect_s:g} s (DOWNLOAD_CONNECT_TIMEOUT)"


def _idle_timeout(_: Any, limits: TimeLimits) -> str:
    return f"the server sent nothing for {limits.idle_s:g} s (DOWNLOAD_IDLE_TIMEOUT)"


def _total_timeout(_: Any, limits: TimeLimits) -> str:
    return f"not done within {limits.total_s:g} s (DOWNLOAD_TIMEOUT, or download_timeout in the request's meta)"


def _unresolved(error: Any, _: TimeLimits) -> str:
    cause = getattr(error, "os_error", error)
    return f"cannot resolve the host: {getattr(cause, 'strerror', None) or cause}; check its spelling"


def _certificate(error: Any, _: TimeLimits) -> str:
    cause = getattr(error, "certificate_error", error)
    detail = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or str(cause)
    return (
        f"the server's certificate is not to be trusted: {detail}; "
        "DOWNLOAD_VERIFY_CERTIFICATES = False turns the check off for a server that you know"
    )


def _handshake(error: Any, _: TimeLimits) -> str:
    cause = getattr(error, "os_error", error)
    return f"the TLS handshake failed: {getattr(cause, 'reason', None) or cause}"


def _fingerprint(_: Any, __: TimeLimits) -> str:
    return "the server's certificate is not the one that was asked for by its fingerprint"


def _no_connection(error: Any, _: TimeLimits) -> str:
    cause = getattr(error, "os_error", error)
    return f"cannot connect: {getattr(cause, 'strerror', None) or cause}"


def _refused(_: Any, __: TimeLimits) -> str:
    return "connection refused: nobody listens at this address and port"


def _broken(error: Any, _: TimeLimits) -> str:
    return f"the connection broke before an answer came: {getattr(error, 'strerror', None) or error}"


def _closed(_: Any, __: TimeLimits) -> str:
    return "the server closed the connection before it answered"


def _proxy(error: Any, _: TimeLimits) -> str:
    return f"the proxy did not make the connection: {getattr(error, 'strerror', None) or _short(error)}"


def _data_loss(error: Any, _: TimeLimits) -> str:
    return (
        f"the body is not complete: {_short(error)}; "
        "DOWNLOAD_FAIL_ON_DATALOSS = False hands over what came, flagged 'dataloss'"
    )


def _no_http(error: Any, _: TimeLimits) -> str:
    return f"the answer is not valid HTTP: {_short(error)}"


def _bad_url(error: Any, _: TimeLimits) -> str:
    # Its text holds the URL, password and all, so only the description is taken.
    return f"this URL cannot be fetched: {getattr(error, 'description', None) or 'it is not valid'}"


def _no_web_scheme(_: Any, __: TimeLimits) -> str:
    return "the URL's scheme is neither http nor https"


def _other(error: Any, _: TimeLimits) -> str:
    return f"{type(error).__name__}: {_short(error)}"


def _local(error: Any, _: TimeLimits) -> str:
    return f"this machine has no more to give: {error.strerror}; lower CONCURRENT_REQUESTS or raise 'ulimit -n'"


_TABLE: Mapping[type[BaseException], _Mapping] = {
    aiohttp.ConnectionTimeoutError: _Mapping(DownloadTimeoutError, _connect_timeout),
    aiohttp.ServerTimeoutError: _Mapping(DownloadTimeoutError, _idle_timeout),
    TimeoutError: _Mapping(DownloadTimeoutError, _total_timeout),
    aiohttp.ClientConnectorDNSError: _Mapping(CannotResolveHostError, _unresolved),
    socket.gaierror: _Mapping(CannotResolveHostError, _unresolved),
    aiohttp.ClientConnectorCertificateError: _Mapping(TlsError, _certificate),
    ssl.SSLCertVerificationError: _Mapping(TlsError, _certificate),
    aiohttp.ServerFingerprintMismatch: _Mapping(TlsError, _fingerprint),
    aiohttp.ClientSSLError: _Mapping(TlsError, _handshake),
    ssl.SSLError: _Mapping(TlsError, _handshake),
    aiohttp.ClientProxyConnectionError: _Mapping(DownloadFailedError, _proxy, blames="proxy"),
    aiohttp.ClientHttpProxyError: _Mapping(DownloadFailedError, _proxy, blames="proxy"),
    aiohttp.ClientConnectorError: _Mapping(DownloadFailedError, _no_connection),
    ConnectionRefusedError: _Mapping(DownloadConnectionRefusedError, _refused),
    aiohttp.ServerDisconnectedError: _Mapping(DownloadFailedError, _closed),
    aiohttp.ClientConnectionError: _Mapping(DownloadFailedError, _broken),
    OSError: _Mapping(DownloadFailedError, _broken),
    aiohttp.ClientPayloadError: _Mapping(ResponseDataLossError, _data_loss),
    aiohttp.ClientResponseError: _Mapping(DownloadError, _no_http),
    HttpProcessingError: _Mapping(DownloadError, _no_http),
    aiohttp.InvalidURL: _Mapping(DownloadError, _bad_url, blames="url", retryable=False),
    aiohttp.NonHttpUrlClientError: _Mapping(UnsupportedURLSchemeError, _no_web_scheme),
    aiohttp.ClientError: _Mapping(DownloadError, _other),
}
_LOCAL = _Mapping(DownloadFailedError, _local, blames="local")
_LOCAL_ERRNOS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def download_error(error: Exception, request: Request, limits: TimeLimits) -> DownloadError | None:
    """Give the framework's exception for what a transfer raised, with its cause set.

    Args:
        error: what was caught.
        request: for the message.
        limits: the limits that held.

    Returns:
        A new exception; ``None`` when the table does not know the class, which then is a defect of ours.
    """
    own = _own_cause(error)
    if own is not None:
        return _build(type(own), f"{request!r}: {own}", own)
    mapping = _mapping_of(error)
    if mapping is None:
        return None
    mapped = _build(mapping.error, f"{request!r}: {mapping.reason(error, limits)}", error)
    if mapping.blames is not None:
        mapped.blames = mapping.blames
    if mapping.retryable is not None:
        mapped.retryable = mapping.retryable
    return mapped


def _own_cause(error: Exception) -> DownloadError | None:
    """Find an exception of ours that aiohttp has wrapped: the resolver's or the guard's."""
    for candidate in (error, getattr(error, "os_error", None), error.__cause__):
        if isinstance(candidate, DownloadError):
            return candidate
    return None


def _mapping_of(error: Exception) -> _Mapping | None:
    cause = getattr(error, "os_error", error)
    if isinstance(cause, OSError) and cause.errno in _LOCAL_ERRNOS:
        return _LOCAL
    for cls in type(error).__mro__:
        if cls in _TABLE:
            if cls is aiohttp.ClientConnectorError:
                return _connector_mapping(cause)
            return _TABLE[cls]
    return None


def _connector_mapping(cause: Any) -> _Mapping:
    """Look behind aiohttp's wrapper of whatever went wrong while connecting."""
    if isinstance(cause, ConnectionRefusedError) or getattr(cause, "errno", None) == errno.ECONNREFUSED:
        return _TABLE[ConnectionRefusedError]
    if isinstance(cause, socket.gaierror):
        return _TABLE[socket.gaierror]
    if isinstance(cause, TimeoutError):
        return _TABLE[aiohttp.ConnectionTimeoutError]
    return _TABLE[aiohttp.ClientConnectorError]


def _build(cls: type[DownloadError], message: str, cause: BaseException) -> DownloadError:
    error = cls(message)
    error.__cause__ = cause
    return error


def _short(error: BaseException) -> str:
    """Give an exception's message on one line of bounded length: a peer may have written a part of it."""
    text = " ".join((getattr(error, "message", "") or str(error)).split())
    return text if len(text) <= 200 else text[:200] + "..."
