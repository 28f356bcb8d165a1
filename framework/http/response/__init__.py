"""The response: what came back, and for which request.

Place in the flow: made by a download handler, passed up through the middlewares, given to the callback. Headers may
be kept as the raw pairs that came from the wire; they become :class:`~framework.http.headers.Headers` when somebody
looks at them.

Names, arguments and errors are those of Scrapy's "Requests and Responses" page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar, overload
from urllib.parse import urljoin

from framework.exceptions import NotSupported
from framework.http.headers import Headers, HeadersInput, RawHeaders, raw_value
from framework.http.request import Cookies, Request
from framework.http.response.links import href_of
from framework.http.url import mask_password
from framework.link import Link

__all__ = ["Response"]

_R = TypeVar("_R", bound="Response")


class Response:
    """One HTTP response.

    Args:
        url: where it came from, after redirects.
        status: HTTP status code.
        headers: mapping or pairs. A :class:`Headers` is taken as it is; pairs of bytes are kept raw until touched.
        body: the body, inflated.
        flags: marks for logging, such as ``cached``.
        request: the request it answers.
        certificate: the server's TLS certificate, as the handler gives it.
        ip_address: the address it came from.
        protocol: such as ``HTTP/1.1``.

    Raises:
        TypeError: the URL is no str or the body no bytes.
    """

    attributes: ClassVar[tuple[str, ...]] = (
        "url",
        "status",
        "headers",
        "body",
        "flags",
        "request",
        "certificate",
        "ip_address",
        "protocol",
    )
    """Names of the arguments of ``__init__`` that :meth:`replace` carries over."""

    __slots__ = (
        "__weakref__",
        "_body",
        "_flags",
        "_headers",
        "_url",
        "certificate",
        "ip_address",
        "protocol",
        "request",
        "status",
    )

    _headers: Headers | RawHeaders | None

    def __init__(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        url: str,
        status: int = 200,
        headers: HeadersInput | None = None,
        body: bytes = b"",
        flags: Iterable[str] | None = None,
        request: Request | None = None,
        certificate: Any = None,
        ip_address: Any = None,
        protocol: str | None = None,
    ) -> None:
        self._url = url if isinstance(url, str) else _refuse_url(self, url)
        self.status = int(status)
        self._headers = _kept_headers(headers) if headers else None
        self._body = body if type(body) is bytes else self._checked_body(body)
        self._flags = list(flags) if flags else None
        self.request = request
        self.certificate = certificate
        self.ip_address = ip_address
        self.protocol = protocol

    def _checked_body(self, body: Any) -> bytes:
        if body is None:
            return b""
        if isinstance(body, bytes | bytearray | memoryview):
            return bytes(body)
        raise TypeError(
            f"Response body must be bytes, got {type(body).__name__}. "
            "If you want to pass a str body, use TextResponse or HtmlResponse with an encoding"
        )

    @property
    def url(self) -> str:
        """Where the response came from. Read-only: :meth:`replace` gives a response with another one."""
        return self._url

    @property
    def body(self) -> bytes:
        """The body. Read-only: :meth:`replace` gives a response with another one."""
        return self._body

    @property
    def headers(self) -> Headers:
        """The headers."""
        headers = self._headers
        if type(headers) is not Headers:
            headers = self._headers = Headers.from_raw(headers) if isinstance(headers, tuple | list) else Headers()
        return headers

    @headers.setter
    def headers(self, headers: HeadersInput | None) -> None:
        self._headers = _kept_headers(headers) if headers else None

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

    @property
    def meta(self) -> dict[str, Any]:
        """The ``meta`` of the request (of the last one, after redirects and retries)."""
        if self.request is None:
            raise AttributeError("Response.meta not available, this response is not tied to any request")
        return self.request.meta

    @property
    def cb_kwargs(self) -> dict[str, Any]:
        """The ``cb_kwargs`` of the request."""
        if self.request is None:
            raise AttributeError("Response.cb_kwargs not available, this response is not tied to any request")
        return self.request.cb_kwargs

    @property
    def text(self) -> str:
        """The body as str: only of a text response."""
        raise AttributeError("Response content isn't text")

    def css(self, *args: Any, **kwargs: Any) -> Any:
        """Select by CSS: only in a text response."""
        self._refuse_selection()

    def xpath(self, *args: Any, **kwargs: Any) -> Any:
        """Select by XPath: only in a text response."""
        self._refuse_selection()

    def jmespath(self, *args: Any, **kwargs: Any) -> Any:
        """Select by JMESPath: only in a text response."""
        self._refuse_selection()

    def _refuse_selection(self) -> NoReturn:
        raise NotSupported(f"Response content isn't text: {self} is a {type(self).__name__}")

    def header(self, name: bytes) -> bytes | None:
        """Give the last value of a header, its name in lower case, without building the headers."""
        headers = self._headers
        if isinstance(headers, tuple | list):
            return raw_value(headers, name)
        return headers.get(name) if headers is not None else None

    def copy(self) -> Self:
        """Give a response of the same class and content."""
        return self.replace()

    @overload
    def replace(self, *, cls: type[_R], **kwargs: Any) -> _R: ...

    @overload
    def replace(self, *, cls: None = None, **kwargs: Any) -> Self: ...

    def replace(self, *, cls: type[Response] | None = None, **kwargs: Any) -> Response:
        """Give a response with the same content but for the arguments named here.

        Args:
            cls: the class of the new response; this one's by default.
        """
        cls = cls or type(self)
        for name in self.attributes:
            if name not in kwargs and name in cls.attributes:
                kwargs[name] = self._replacement(name)
        return cls(**kwargs)

    def _replacement(self, name: str) -> Any:
        if name == "headers":
            return self._headers.copy() if isinstance(self._headers, Headers) else self._headers
        return getattr(self, name)

    def urljoin(self, url: str) -> str:
        """Make a URL absolute that was found in this response."""
        return urljoin(self._url, url)

    def follow(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        url: str | Link,
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: HeadersInput | None = None,
        body: bytes | str | None = None,
        cookies: Cookies | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str | None = "utf-8",
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callable[..., Any] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
        flags: Iterable[str] | None = None,
    ) -> Request:
        """Make a request for a link of this response.

        Args:
            url: absolute or relative, or a :class:`~framework.link.Link`. The other arguments are the request's.

        Raises:
            ValueError: url or encoding is ``None``, or the URL is not one to fetch.
        """
        if encoding is None:
            raise ValueError("encoding can't be None")
        return Request(
            url=self.urljoin(href_of(url)),
            callback=callback,
            method=method,
            headers=headers,
            body=body,
            cookies=cookies,
            meta=meta,
            encoding=encoding,
            priority=priority,
            dont_filter=dont_filter,
            errback=errback,
            cb_kwargs=cb_kwargs,
            flags=flags,
        )

    def follow_all(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        urls: Iterable[str | Link],
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: HeadersInput | None = None,
        body: bytes | str | None = None,
        cookies: Cookies | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str | None = "utf-8",
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callable[..., Any] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
        flags: Iterable[str] | None = None,
    ) -> Iterator[Request]:
        """Make a request for each of several links; see :meth:`follow`.

        Raises:
            TypeError: ``urls`` is not iterable.
        """
        if not isinstance(urls, Iterable):
            raise TypeError(f"'urls' argument must be an iterable, got {type(urls).__name__}")
        arguments = (callback, method, headers, body, cookies, meta, encoding)
        more = (priority, dont_filter, errback, cb_kwargs, list(flags) if flags else None)
        return (self.follow(url, *arguments, *more) for url in urls)

    def __repr__(self) -> str:
        return f"<{self.status} {mask_password(self._url)}>"


def _kept_headers(headers: HeadersInput) -> Headers | RawHeaders:
    if isinstance(headers, Headers):
        return headers
    if isinstance(headers, tuple | list) and all(type(part) is bytes for part in headers[0]):
        return headers
    return Headers(headers)


def _refuse_url(response: Response, url: object) -> Any:
    raise TypeError(f"{type(response).__name__} url must be str, got {type(url).__name__}: {url!r}")
