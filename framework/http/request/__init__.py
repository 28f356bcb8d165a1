"""The request: what to fetch, who takes the answer, and what travels with it.

Place in the flow: yielded by a spider, offered to the frontier, leased, sent by the downloader through the
middlewares. A million of them may be pending, so a plain one holds a URL and little else: headers, cookies, meta,
cb_kwargs and flags come into being when they are touched.

Names, arguments and errors are those of Scrapy's "Requests and Responses" page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, Self, TypeVar, overload

from framework.http.curl import curl_command, request_arguments
from framework.http.headers import Headers, HeadersInput
from framework.http.request.callbacks import NO_CALLBACK, callback_from_name, callback_name
from framework.http.request.checks import checked_method, checked_url, encoded_body, refuse, refuse_priority
from framework.http.url import is_safe, mask_password

__all__ = ["NO_CALLBACK", "RIDES", "Request", "plain_request", "request_from_dict", "request_to_curl"]

Cookies = dict[str, Any] | list[dict[str, Any]]
"""Cookies of a request: names to values, or a list of dictionaries with name, value, domain, path, secure."""

RIDES: Final = -(1 << 63)
"""In the place of a row's number: the request cannot be stored and rides on its parent, in memory."""

_R = TypeVar("_R", bound="Request")

# Where an attribute can be read without making what was never touched.
_SLOT_OF = {"headers": "_headers", "cookies": "_cookies", "meta": "_meta", "cb_kwargs": "_cb_kwargs", "flags": "_flags"}


class Request:
    """One HTTP request.

    Args:
        url: absolute, with its scheme; escaped where needed. Read-only afterwards: use :meth:`replace`.
        callback: called with the response; ``None`` means the spider's ``parse``.
        method: HTTP method.
        headers: mapping or pairs; ``None`` as a value leaves a default header out.
        body: bytes, or str that is encoded with ``encoding``. Read-only afterwards.
        cookies: a dictionary, or a list of dictionaries with ``name``, ``value``, ``domain``, ``path``, ``secure``.
        meta: data for middlewares and extensions; copied (shallow).
        encoding: of the URL's query and of a str body.
        priority: higher goes first.
        dont_filter: fetch it even if the same was fetched before.
        errback: called with a failure when no callback could be.
        flags: marks for logging.
        cb_kwargs: keyword arguments of the callback; copied (shallow).

    Raises:
        ValueError: the URL has no scheme or cannot be understood; the method or a header holds forbidden characters.
        TypeError: an argument is of the wrong type.
    """

    attributes: ClassVar[tuple[str, ...]] = (
        "url",
        "callback",
        "method",
        "headers",
        "body",
        "cookies",
        "meta",
        "encoding",
        "priority",
        "dont_filter",
        "errback",
        "flags",
        "cb_kwargs",
    )
    """Names of the arguments of ``__init__`` that :meth:`replace` and :meth:`to_dict` carry over."""

    __slots__ = (
        "__weakref__",
        "_body",
        "_cb_kwargs",
        "_cookies",
        "_encoding",
        "_flags",
        "_headers",
        "_identity",
        "_meta",
        "_method",
        "_not_before_at",
        "_origin",
        "_page_headers",
        "_page_meta",
        "_retry",
        "_row",
        "_url",
        "callback",
        "dont_filter",
        "errback",
        "priority",
    )

    # For the code of the per-link path, which reads them without making anything:
    _url: str
    _method: str
    _body: bytes
    _encoding: str
    _headers: Headers | None
    _cookies: Cookies | None
    _meta: dict[str, Any] | None
    _cb_kwargs: dict[str, Any] | None
    _flags: list[str] | None
    _identity: int | None
    """The frontier's key, kept here once it was computed."""
    _not_before_at: float | None
    """Not to be sent before this moment (``time.time()``)."""
    _retry: object | None
    """Set by the retry policy."""
    _origin: object | None
    """Who found it, and when: the frontier's, one object for all links of a page."""
    _row: int | None
    """The number of its row in the frontier's store, given when it is accepted; ``RIDES`` for one that cannot be
    stored, ``None`` for one that was not offered yet."""
    _page_meta: dict[str, Any] | None
    _page_headers: Headers | None
    """What all links of one page have in common (depth, referrer): one object for all of them, copied into ``meta`` and
    ``headers`` when these are touched, so that a pending link does not carry its own. Only read while shared."""

    def __init__(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        url: str,
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: HeadersInput | None = None,
        body: bytes | str | None = None,
        cookies: Cookies | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str = "utf-8",
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callable[..., Any] | None = None,
        flags: Iterable[str] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self._encoding = encoding
        self._method = "GET" if method == "GET" else checked_method(method)
        self._url = url if type(url) is str and is_safe(url) else checked_url(url, encoding)
        self._body = encoded_body(body, encoding) if body else b""
        self.callback = callback if callback is None or callable(callback) else refuse("callback", callback)
        self.errback = errback if errback is None or callable(errback) else refuse("errback", errback)
        self.priority = priority if isinstance(priority, int) else refuse_priority(priority)
        self.dont_filter = dont_filter
        self._headers = Headers(headers, encoding=encoding) if headers else None
        self._cookies = cookies or None
        self._meta = dict(meta) if meta else None
        self._cb_kwargs = dict(cb_kwargs) if cb_kwargs else None
        self._flags = list(flags) if flags else None
        self._identity = None
        self._not_before_at = None
        self._retry = None
        self._origin = None
        self._row = None
        self._page_meta = None
        self._page_headers = None

    @property
    def url(self) -> str:
        """The URL, escaped. Read-only: :meth:`replace` gives a request with another one."""
        return self._url

    @property
    def body(self) -> bytes:
        """The body. Read-only: :meth:`replace` gives a request with another one."""
        return self._body

    @property
    def encoding(self) -> str:
        """The encoding of the URL's query and of a str body."""
        return self._encoding

    @property
    def method(self) -> str:
        """The HTTP method, in upper case."""
        return self._method

    @method.setter
    def method(self, method: str) -> None:
        self._method = checked_method(method)

    @property
    def headers(self) -> Headers:
        """The headers."""
        headers = self._headers
        if headers is None:
            shared, self._page_headers = self._page_headers, None
            headers = self._headers = Headers(encoding=self._encoding) if shared is None else shared.copy()
        return headers

    @headers.setter
    def headers(self, headers: HeadersInput | None) -> None:
        self._page_headers = None
        given = isinstance(headers, Headers)
        self._headers = headers if given else Headers(headers, encoding=self._encoding)  # type: ignore[assignment]

    @property
    def cookies(self) -> Cookies:
        """The cookies, as they were given."""
        cookies = self._cookies
        if cookies is None:
            cookies = self._cookies = {}
        return cookies

    @cookies.setter
    def cookies(self, cookies: Cookies | None) -> None:
        self._cookies = cookies

    @property
    def meta(self) -> dict[str, Any]:
        """Data for middlewares and extensions; a response shows its request's."""
        meta = self._meta
        if meta is None:
            shared, self._page_meta = self._page_meta, None
            meta = self._meta = {} if shared is None else dict(shared)
        return meta

    @property
    def cb_kwargs(self) -> dict[str, Any]:
        """Keyword arguments of the callback."""
        cb_kwargs = self._cb_kwargs
        if cb_kwargs is None:
            cb_kwargs = self._cb_kwargs = {}
        return cb_kwargs

    @property
    def flags(self) -> list[str]:
        """Marks for logging."""
        flags = self._flags
        if flags is None:
            flags = self._flags = []
        return flags

    @flags.setter
    def flags(self, flags: Iterable[str] | None) -> None:
        self._flags = list(flags) if flags else None

    def meta_get(self, key: str, default: Any = None) -> Any:
        """Give ``meta.get(key, default)`` without making a dictionary where there is none."""
        meta = self._meta
        if meta is None:
            meta = self._page_meta
        return default if meta is None else meta.get(key, default)

    def copy(self) -> Self:
        """Give a request of the same class and content."""
        return self.replace()

    @overload
    def replace(self, *, cls: type[_R], **kwargs: Any) -> _R: ...

    @overload
    def replace(self, *, cls: None = None, **kwargs: Any) -> Self: ...

    def replace(self, *, cls: type[Request] | None = None, **kwargs: Any) -> Request:
        """Give a request with the same content but for the arguments named here.

        ``meta`` and ``cb_kwargs`` are copied shallowly unless new ones are given.

        Args:
            cls: the class of the new request; this one's by default.
        """
        for name in self.attributes:
            if name not in kwargs:
                kwargs[name] = getattr(self, _SLOT_OF.get(name, name))
        if kwargs["meta"] is None:
            kwargs["meta"] = self._page_meta
        if kwargs["headers"] is None:
            kwargs["headers"] = self._page_headers
        return (cls or type(self))(**kwargs)

    def to_dict(self, *, spider: object | None = None) -> dict[str, Any]:
        """Give the content as a dictionary; :func:`request_from_dict` makes a request of it again.

        Args:
            spider: when given, callback and errback are written as names of its methods.

        Raises:
            ValueError: callback or errback is not a method of ``spider``.
        """
        content: dict[str, Any] = {name: getattr(self, name) for name in self.attributes}
        content["headers"] = dict(self.headers)
        if spider is not None:
            for name in ("callback", "errback"):
                if content[name] is not None:
                    content[name] = callback_name(content[name], spider)
        if type(self) is not Request:
            content["_class"] = f"{type(self).__module__}.{type(self).__qualname__}"
        return content

    @classmethod
    def from_curl(cls, curl_command: str, ignore_unknown_options: bool = True, **kwargs: Any) -> Self:
        """Make a request of a ``curl`` command, as a browser's "Copy as cURL" gives it.

        Args:
            curl_command: the command line, from ``curl`` on.
            ignore_unknown_options: pass over options that say nothing about the request; ``False``: refuse them.
            kwargs: arguments of the request; they win over those of the command.

        Raises:
            ValueError: it is no curl command, has no URL, or an option is unknown and they are not ignored.
        """
        arguments = request_arguments(curl_command, ignore_unknown_options)
        arguments.update(kwargs)
        return cls(**arguments)

    def to_curl(self) -> str:
        """Give a ``curl`` command for a POSIX shell that sends this request."""
        headers = [(name, value) for name, values in self.headers.items() for value in values]
        return curl_command(self._method, self._url, headers, self._body, self._cookies or {}, self._encoding)

    def __repr__(self) -> str:
        return f"<{self._method} {mask_password(self._url)}>"


def plain_request(
    url: str,
    callback: Callable[..., Any] | None,
    encoding: str,
    meta: Mapping[str, Any] | None,
    cb_kwargs: Mapping[str, Any] | None,
) -> Request:
    """Build a GET request from a URL that is known to be safe (see ``framework.http.url.join_plain``).

    Only for the code that joined the URL: nothing is checked a second time.
    """
    request = Request.__new__(Request)
    request._encoding = encoding
    request._method = "GET"
    request._url = url
    request._body = b""
    request.callback = callback if callback is None or callable(callback) else refuse("callback", callback)
    request.errback = None
    request.priority = 0
    request.dont_filter = False
    request._headers = None
    request._cookies = None
    request._meta = dict(meta) if meta else None
    request._cb_kwargs = dict(cb_kwargs) if cb_kwargs else None
    request._flags = None
    request._identity = None
    request._not_before_at = None
    request._retry = None
    request._origin = None
    request._row = None
    request._page_meta = None
    request._page_headers = None
    return request


def request_from_dict(d: Mapping[str, Any], *, spider: object | None = None) -> Request:
    """Make a request of what :meth:`Request.to_dict` gave.

    Args:
        d: the dictionary.
        spider: whose methods the names of callback and errback are.

    Raises:
        ValueError: the spider has no such method, or the class of the request is not known.
    """
    cls = _request_class(d["_class"]) if "_class" in d else Request
    kwargs = {name: value for name, value in d.items() if name in cls.attributes}
    if spider is not None:
        for name in ("callback", "errback"):
            if kwargs.get(name):
                kwargs[name] = callback_from_name(kwargs[name], spider)
    return cls(**kwargs)


def request_to_curl(request: Request) -> str:
    """Give a ``curl`` command for a POSIX shell that sends ``request``."""
    return request.to_curl()


def _request_class(path: str) -> type[Request]:
    module_name, _, name = path.rpartition(".")
    # What is stored must not be able to run code, so nothing is imported for it except our own modules.
    if module_name.startswith("framework."):
        import_module(module_name)
    cls = getattr(sys.modules.get(module_name), name, None)
    if not (isinstance(cls, type) and issubclass(cls, Request)):
        raise ValueError(f"Stored request of unknown class {path!r}: import it at the top of the spider's module")
    return cls
