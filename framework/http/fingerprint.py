"""What makes two requests the same: fingerprints, and the frontier's 64-bit identities.

Place in the flow: computed once for every request that is offered; de-duplication, the cache and resuming all go by
it. Two requests with the same method, the same URL but for order and spelling, the same body (and the same values of
the headers that were asked for) have the same fingerprint; see ``REQUEST_FINGERPRINTER_CLASS`` in Scrapy's "Requests
and Responses" page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from struct import Struct
from typing import Any, ClassVar, Final, Self

from w3lib.url import canonicalize_url

from framework.http.request import Request

FINGERPRINT_BYTES = 20
_IDENTITY_BYTES = 8
# Longer URLs (data: above all) are not worth the memory of a cache.
_CACHED_CHARACTERS = 512

_first_64_bits = Struct(">q").unpack_from

# http(s), host in lower case, a path without escapes and parameters, a query of pairs of plain words. Without dot
# segments it is what canonicalize_url leaves as it is, but for the order of the pairs; a property test holds it so.
_match_plain = re.compile(
    r"https?://[a-z0-9.\-]++(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
    r"/[A-Za-z0-9\-._~:/@!$&'()*+,=]*+"
    r"(?:\?([A-Za-z0-9\-._~]++=[A-Za-z0-9\-._~]*+(?:&[A-Za-z0-9\-._~]++=[A-Za-z0-9\-._~]*+)*+))?+"
).fullmatch


def canonical_url(url: str, keep_fragments: bool = False) -> str:
    """Give the spelling of a URL that stands for all its equivalents, as ``w3lib.url.canonicalize_url`` does."""
    match = _match_plain(url)
    if match is None or "/." in url:
        canonicalize = _canonicalized if len(url) <= _CACHED_CHARACTERS else _canonicalized.__wrapped__
        return canonicalize(url, keep_fragments)
    query = match.group(1)
    if query is None or "&" not in query:
        return url
    pairs = sorted(pair.split("=") for pair in query.split("&"))
    return f"{url[: match.start(1)]}{'&'.join(map('='.join, pairs))}"


@lru_cache(maxsize=4096)
def _canonicalized(url: str, keep_fragments: bool) -> str:
    return canonicalize_url(url, keep_fragments=keep_fragments)


def fingerprint(
    request: Request, *, include_headers: Iterable[bytes | str] | None = None, keep_fragments: bool = False
) -> bytes:
    """Give 20 bytes that are the same for requests that ask for the same.

    Args:
        request: its method, URL and body count; not its cookies, meta or callback.
        include_headers: names of headers that count too, in any case.
        keep_fragments: tell ``#a`` from ``#b``, for pages that a browser renders.
    """
    parts = _canonical_form(request, keep_fragments)
    for name in sorted({_header_name(name) for name in include_headers or ()}):
        values = request.headers.getlist(name) if request._headers or request._page_headers else []
        if values:
            # Lengths before the parts, so that no two lists of headers read the same.
            parts += b"\0%b\0%d" % (name, len(values))
            parts += b"".join(b"\0%d:%b" % (len(value), value) for value in values)
    return blake2b(parts).digest()[:FINGERPRINT_BYTES]


def _header_name(name: bytes | str) -> bytes:
    return (name.encode() if isinstance(name, str) else bytes(name)).lower()


def _canonical_form(request: Request, keep_fragments: bool) -> bytes:
    url = canonical_url(request._url, keep_fragments)
    if request._method == "GET" and not request._body:
        return url.encode()
    # No URL holds a NUL, so this cannot be mistaken for a plain URL.
    body = request._body
    return b"%b\0%b\0%d:%b" % (request._method.encode(), url.encode(), len(body), body)


def identity_of(fingerprint: bytes) -> int:
    """Give the 64-bit identity, signed as SQLite's integers are, that stands for a fingerprint."""
    if len(fingerprint) < _IDENTITY_BYTES:
        fingerprint = blake2b(fingerprint).digest()
    identity: int = _first_64_bits(fingerprint)[0]
    return identity


_identities: Final[dict[str, int]] = {}
"""Of plain GETs by URL: most links of a page were on the pages before. ``lru_cache`` would take longer at each new one
than the dictionary that now and then begins anew."""
_IDENTITIES_MAX: Final = 8192


def _identity_of_url(url: str) -> int:
    match = _match_plain(url)
    if match is None or match.group(1) or "/." in url:
        url = canonical_url(url)
    identity: int = _first_64_bits(blake2b(url.encode()).digest())[0]
    return identity


def _remembered_identity(url: str) -> int:
    if len(_identities) >= _IDENTITIES_MAX:
        _identities.clear()
    identity = _identities[url] = _identity_of_url(url)
    return identity


class RequestFingerprinter:
    """The default ``REQUEST_FINGERPRINTER_CLASS``.

    A class of one's own needs :meth:`fingerprint` only; the frontier makes the identity of it with :func:`identity_of`.
    """

    _is_default: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._is_default = cls.fingerprint is RequestFingerprinter.fingerprint

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Build it for a crawl."""
        return cls()

    def fingerprint(self, request: Request) -> bytes:
        """Give 20 bytes that are the same for requests that ask for the same."""
        return fingerprint(request)

    def identity(self, request: Request) -> int:
        """Give the first 64 bits of :meth:`fingerprint` as a signed integer, and keep it on the request."""
        identity = request._identity
        if identity is None:
            url = request._url
            if self._is_default and request._method == "GET" and not request._body and len(url) <= _CACHED_CHARACTERS:
                identity = _identities.get(url) or _remembered_identity(url)
            else:
                identity = identity_of(self.fingerprint(request))
            request._identity = identity
        return identity
