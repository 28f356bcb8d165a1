"""Every exception of the framework, drawn as one small tree.

::

    Exception
    ├── CrawlError                     something went wrong that a user should read
    │   ├── UsageError                 wrong command line, wrong argument (exit code 2)
    │   ├── SettingsError              one or more wrong settings (exit code 2)
    │   ├── NotConfigured              a component opts out: "leave me out" (Scrapy's name)
    │   ├── PluginError                a plugin could not be imported, built or does not fit
    │   ├── InvalidOutput              a callback or hook returned what nobody can use
    │   ├── ExportError                an item cannot be written in this format
    │   ├── StoredError                stored data cannot be read back, or not by this code
    │   │   └── UnstorableError                 a request or value has no stored form
    │   ├── StoreError                 a job's file cannot be read or written: disk full, I/O error
    │   │   └── DamagedJob             a job's file is cut, altered or missing
    │   └── DownloadError              a request got no usable response
    │       ├── DownloadConnectionError         (also ConnectionError)
    │       │   ├── CannotResolveHostError      (DNS)
    │       │   ├── DownloadConnectionRefusedError
    │       │   └── TlsError
    │       ├── DownloadTimeoutError            (also TimeoutError)
    │       ├── ResponseDataLossError           the body ended too early or is broken
    │       ├── DownloadCancelledError          a limit of ours cut it: size, signal
    │       ├── ForbiddenAddressError           the address guard refused
    │       └── UnsupportedURLSchemeError
    ├── IgnoreRequest                  a hook drops a request (Scrapy's name)
    ├── DropItem                       a pipeline drops an item (Scrapy's name)
    ├── CloseSpider                    a callback ends the crawl (Scrapy's name)
    ├── DontCloseSpider                a spider_idle handler keeps the crawl open (Scrapy's name)
    ├── StopDownload                   a handler of bytes_received / headers_received cuts a body
    ├── NotSupported                   asked for something this object cannot do (Scrapy's name)
    └── ScrapyDeprecationWarning       (a Warning) kept for spiders that filter it

Library exceptions (aiohttp, asyncio, ssl, socket) are mapped to this tree in one place,
``framework.downloader.errors``. The names of the first group are ours, the others are those that
Scrapy documents in its "Exceptions" page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class CrawlError(Exception):
    """Something went wrong that the user should read; the message says what, where and what to do."""


class UsageError(CrawlError):
    """A command was called with arguments that do not fit. The command ends with exit code 2."""


class SettingsError(CrawlError):
    """One or more settings are wrong. All of them are reported together; exit code 2.

    Args:
        problems: one line a problem, each with its place.
    """

    def __init__(self, problems: Iterable[str] | str) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class NotConfigured(CrawlError):  # noqa: N818 - Scrapy's documented name
    """Raised by a component while it is built: it has nothing to do in this crawl and is left out."""


class PluginError(CrawlError):
    """A spider, middleware, pipeline or extension could not be imported or built, or lacks what it needs."""


class InvalidOutput(CrawlError, TypeError):  # noqa: N818 - Scrapy's documented name
    """A callback, hook or pipeline returned something that is not what its place in the flow takes."""


class ExportError(CrawlError):
    """An item cannot be written in the format of the feed, or the output cannot be opened."""


class StoreError(CrawlError):
    """A job's file cannot be read or written: the disk is full or fails, or the file belongs to a newer fwk."""


class DamagedJob(StoreError):  # noqa: N818 - a state of the job, not of the program
    """A job's file is cut, altered or missing, so that going on would silently lose something."""


class StoredError(CrawlError):
    """Stored data cannot be read back: it is damaged, or names a method or class that is not there."""


class UnstorableError(StoredError):
    """A request or a value has no stored form: a function, a live object, an instance of a class of unknown kind."""


class DownloadError(CrawlError):
    """A request got no usable response.

    Attributes:
        retryable: whether the same request may succeed later.
        blames: who is at fault: ``"host"``, ``"url"``, ``"proxy"`` or ``"local"``.
    """

    retryable: bool = True
    blames: str = "host"


class DownloadConnectionError(DownloadError, ConnectionError):
    """The connection could not be made, or broke before a response came."""


class CannotResolveHostError(DownloadConnectionError):
    """The host's name has no address, or the name servers did not answer."""


class DownloadConnectionRefusedError(DownloadConnectionError, ConnectionRefusedError):
    """Nobody listens at the host's address and port."""


class DownloadFailedError(DownloadConnectionError):
    """The connection broke off, or could not be made for another reason than those that have a class of their own."""


class TlsError(DownloadFailedError):
    """The TLS handshake failed or the certificate is not to be trusted."""

    retryable = False


class DownloadTimeoutError(DownloadError, TimeoutError):
    """Connecting, waiting for data or the whole transfer took longer than its limit."""


class ResponseDataLossError(DownloadError):
    """The body ended before its end, or could not be decoded."""


class DownloadCancelledError(DownloadError):
    """The download was cut on purpose: the body is larger than ``DOWNLOAD_MAXSIZE``, or a handler said stop."""

    retryable = False
    blames = "url"


class ForbiddenAddressError(DownloadError):
    """The address guard refused the address that the host's name resolves to."""

    retryable = False
    blames = "url"


class UnsupportedURLSchemeError(DownloadError):
    """No download handler takes this URL's scheme."""

    retryable = False
    blames = "url"


class IgnoreRequest(Exception):  # noqa: N818 - Scrapy's documented name
    """Raised by a downloader middleware: drop this request (its errback is told).

    Attributes:
        refusal: a short word for the reason, under which the request is counted; a middleware may set its own.
    """

    refusal: str = "middleware"


class DropItem(Exception):  # noqa: N818 - Scrapy's documented name
    """Raised by a pipeline: drop this item.

    Args:
        log_level: the level of the log line for this item (default: ``WARNING``).
    """

    def __init__(self, message: str, log_level: str | None = None) -> None:
        super().__init__(message)
        self.log_level = log_level


class CloseSpider(Exception):  # noqa: N818 - Scrapy's documented name
    """Raised by a callback: end the crawl, after what is in flight, with this reason."""

    def __init__(self, reason: str = "cancelled") -> None:
        super().__init__(reason)
        self.reason = reason


class DontCloseSpider(Exception):  # noqa: N818 - Scrapy's documented name
    """Raised by a handler of the ``spider_idle`` signal: keep the crawl open."""


class StopDownload(Exception):  # noqa: N818 - Scrapy's documented name
    """Raised by a handler of ``bytes_received`` or ``headers_received``: read no more of this body.

    Args:
        fail: hand the response to the errback (``True``, the default) or to the callback.
    """

    def __init__(self, *, fail: bool = True) -> None:
        super().__init__()
        self.fail = fail
        self.response: Any = None


class NotSupported(Exception):  # noqa: N818 - Scrapy's documented name
    """The object cannot do what was asked, such as ``css()`` on a response that is not text."""


class ScrapyDeprecationWarning(Warning):
    """Kept under Scrapy's name for code that filters it."""
