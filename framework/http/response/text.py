"""Responses whose body is text: decoded, parsed and joined with, each only when asked for and once.

Place in the flow: what a callback usually gets. Parsing, the base URL and the encoding are kept here, so that every
``css()``, ``follow()`` and ``urljoin()`` of a page shares them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urljoin

from w3lib.encoding import (
    html_body_declared_encoding,
    html_to_unicode,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
)
from w3lib.html import get_base_url

from framework.http.headers import HeadersInput
from framework.http.request import Cookies, Request, plain_request
from framework.http.response import Response
from framework.http.response.json_body import parse_json
from framework.http.response.links import followed_hrefs, href_of
from framework.http.url import PlainBase, plain_base
from framework.link import Link
from framework.selector import Selector, SelectorList

__all__ = ["TextResponse"]

logger = logging.getLogger(__name__)

_UNSET: Any = object()
# How far a <base> is looked for, in bytes or characters, as in Scrapy.
_BASE_SCAN = 4096


class TextResponse(Response):
    """A response that is text.

    Args:
        encoding: of the body; wins over what the response says. The other arguments are those of :class:`Response`;
            a str body is encoded with it.

    Raises:
        TypeError: a str body without an encoding.
    """

    attributes: ClassVar[tuple[str, ...]] = (*Response.attributes, "encoding")
    selector_type: str | None = None

    __slots__ = (
        "_base_url",
        "_cached_json",
        "_cached_selector",
        "_cached_text",
        "_encoding",
        "_found_encoding",
        "_plain_base",
    )

    def __init__(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        url: str,
        status: int = 200,
        headers: HeadersInput | None = None,
        body: bytes | str = b"",
        flags: Iterable[str] | None = None,
        request: Request | None = None,
        certificate: Any = None,
        ip_address: Any = None,
        protocol: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self._encoding = encoding
        self._found_encoding: str | None = encoding
        self._cached_text: str | None = None
        self._cached_json: Any = _UNSET
        self._cached_selector: Selector | None = None
        self._base_url: str | None = None
        self._plain_base: PlainBase | None = None
        super().__init__(url, status, headers, body, flags, request, certificate, ip_address, protocol)  # type: ignore[arg-type]

    def _checked_body(self, body: Any) -> bytes:
        if not isinstance(body, str):
            return super()._checked_body(body)
        if self._encoding is None:
            raise TypeError(f"Cannot convert str body: {type(self).__name__} has no encoding. Pass encoding=")
        return body.encode(self._encoding)

    @property
    def encoding(self) -> str:
        """The encoding of the body.

        The first that is known of: the ``encoding`` argument, the byte order mark, the Content-Type header, what the
        body declares (``<meta>``, XML declaration), what the bytes look like.
        """
        encoding = self._found_encoding
        if encoding is None:
            encoding = self._found_encoding = self._declared_encoding() or _inferred_encoding(self._body)
        return encoding

    def _declared_encoding(self) -> str | None:
        content_type = self.header(b"content-type")
        return (
            read_bom(self._body)[0]
            or (_header_encoding(content_type) if content_type else None)
            or html_body_declared_encoding(self._body)
        )

    @property
    def text(self) -> str:
        """The body as str; what cannot be decoded becomes U+FFFD."""
        if self._cached_text is None:
            self._cached_text = html_to_unicode(f"charset={self.encoding}", self._body)[1]
        return self._cached_text

    def json(self) -> Any:
        """Give the body as a JSON value; parsed once.

        Raises:
            ValueError: it is no JSON document.
        """
        if self._cached_json is _UNSET:
            self._cached_json = parse_json(self._body, self.encoding, lambda: self.text, self._url)
        return self._cached_json

    @property
    def selector(self) -> Selector:
        """The whole document as a Selector; parsed once."""
        if self._cached_selector is None:
            self._cached_selector = Selector.of_response(self)
        return self._cached_selector

    def css(self, query: str) -> SelectorList:
        """Find nodes by a CSS query."""
        return self.selector.css(query)

    def xpath(self, query: str, **kwargs: Any) -> SelectorList:
        """Find nodes by an XPath query; ``namespaces`` and XPath variables as keyword arguments."""
        return self.selector.xpath(query, **kwargs)

    def jmespath(self, query: str, **kwargs: Any) -> SelectorList:
        """Find values by a JMESPath query in a JSON body."""
        selector = self.selector
        if selector.type != "json":
            selector = Selector.of_response(self, "json")
        return selector.jmespath(query, **kwargs)  # type: ignore[return-value]

    def _replacement(self, name: str) -> Any:
        return self.encoding if name == "encoding" else super()._replacement(name)

    def urljoin(self, url: str) -> str:
        """Make a URL absolute that was found in this response; ``<base href>`` counts."""
        joined = self._join_plain(url)
        return joined if joined is not None else urljoin(self._base_url or self._url, url)

    def _join_plain(self, href: str) -> str | None:
        if self._base_url is None:
            self._find_base()
        plain = self._plain_base
        return plain.join(href) if plain is not None else None

    def _find_base(self) -> None:
        head = self._body[:_BASE_SCAN]
        # A NUL: perhaps UTF-16, in which "<base" is spelt otherwise.
        if b"<base" in head.lower() or b"\x00" in head:
            self._base_url = get_base_url(self.text[:_BASE_SCAN], self._url)
        else:
            self._base_url = self._url
        self._plain_base = plain_base(self._base_url)

    def follow(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        url: str | Link | Selector,
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: HeadersInput | None = None,
        body: bytes | str | None = None,
        cookies: Cookies | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str | None = None,
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callable[..., Any] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
        flags: Iterable[str] | None = None,
    ) -> Request:
        """Make a request for a link of this response.

        Args:
            url: absolute or relative; a :class:`~framework.link.Link`; a Selector of an ``<a>`` or ``<link>`` element
                or of an attribute (``a::attr(href)``). The other arguments are the request's; ``encoding`` is this
                response's by default.

        Raises:
            ValueError: there is no URL in it, or it is not one to fetch.
        """
        href = url if type(url) is str else href_of(url)
        encoding = encoding or self._found_encoding or self.encoding
        joined = self._join_plain(href)
        if joined is None:
            joined = self.urljoin(href)
        elif method == "GET" and not (headers or body or cookies or flags or priority or dont_filter or errback):
            return plain_request(joined, callback, encoding, meta, cb_kwargs)
        return Request(
            joined,
            callback,
            method,
            headers,
            body,
            cookies,
            meta,
            encoding,
            priority,
            dont_filter,
            errback,
            flags,
            cb_kwargs,
        )

    def follow_all(  # noqa: PLR0913 - Scrapy's documented signature
        self,
        urls: Iterable[str | Link | Selector] | SelectorList | None = None,
        callback: Callable[..., Any] | None = None,
        method: str = "GET",
        headers: HeadersInput | None = None,
        body: bytes | str | None = None,
        cookies: Cookies | None = None,
        meta: Mapping[str, Any] | None = None,
        encoding: str | None = None,
        priority: int = 0,
        dont_filter: bool = False,
        errback: Callable[..., Any] | None = None,
        cb_kwargs: Mapping[str, Any] | None = None,
        flags: Iterable[str] | None = None,
        css: str | None = None,
        xpath: str | None = None,
    ) -> Iterator[Request]:
        """Make a request for each of several links; see :meth:`follow`.

        Args:
            urls: links, as :meth:`follow` takes them. In a SelectorList, what is no link to fetch is passed over: one
                bad link of a page costs nothing but itself. In other iterables it raises, as in :meth:`follow`.
            css: instead: a CSS query for them.
            xpath: instead: an XPath query for them.

        Raises:
            ValueError: not exactly one of urls, css and xpath is given.
        """
        if sum(source is not None for source in (urls, css, xpath)) != 1:
            raise ValueError("Please supply exactly one of the following arguments: urls, css, xpath")
        if css is not None:
            urls = self.css(css)
        elif xpath is not None:
            urls = self.xpath(xpath)
        hrefs = followed_hrefs(urls)
        is_found = hrefs is not urls
        extras = headers or body or cookies or flags or priority or dont_filter or errback
        if method == "GET" and not extras and type(self).follow is TextResponse.follow and isinstance(hrefs, Iterable):
            kwargs = {"callback": callback, "encoding": encoding or self.encoding, "meta": meta, "cb_kwargs": cb_kwargs}
            return self._follow_plain(hrefs, is_found, **kwargs)
        return super().follow_all(
            (href for href in hrefs if self._is_fetchable(href)) if is_found else hrefs,
            callback,
            method,
            headers,
            body,
            cookies,
            meta,
            encoding,
            priority,
            dont_filter,
            errback,
            cb_kwargs,
            flags,
        )

    def _follow_plain(self, urls: Iterable[Any], is_found: bool, **kwargs: Any) -> Iterator[Request]:
        """Follow links by GET without further ado: a page may have hundreds of them."""
        callback, encoding, meta, cb_kwargs = (kwargs[key] for key in ("callback", "encoding", "meta", "cb_kwargs"))
        for url in urls:
            joined = self._join_plain(url) if type(url) is str else None
            if joined is not None:
                yield plain_request(joined, callback, encoding, meta, cb_kwargs)
            elif not is_found or self._is_fetchable(url):
                yield self.follow(url, **kwargs)

    def _is_fetchable(self, href: Any) -> bool:
        """Say whether an unusual link of this page can be made a request of at all."""
        try:
            Request(self.urljoin(href), encoding=self.encoding)
        except ValueError as error:
            logger.debug("Passed over a link of %r: %s", self, error)
            return False
        return True


@lru_cache(maxsize=256)
def _header_encoding(content_type: bytes) -> str | None:
    return http_content_type_encoding(content_type.decode("latin-1"))


def _inferred_encoding(body: bytes) -> str:
    if body.isascii():
        # What browsers take a page for that says nothing; see "ascii" in w3lib.encoding.
        return resolve_encoding("ascii") or "ascii"
    for encoding in ("utf-8", "cp1252"):
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "ascii"
