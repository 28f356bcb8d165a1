"""Sets the ``Referer`` header: Scrapy's ``RefererMiddleware`` and its policies.

Place in the flow: sees each request that a callback yields. A page's address is the same for all its links, so what
may be told to whom is worked out once a page; a link costs a look at its scheme, and at its origin where the policy
asks for it.

The policies are those of the W3C's "Referrer Policy", section 3. A referrer never holds user information or a fragment.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit, urlunsplit

from framework.components import load_object
from framework.exceptions import NotConfigured, PluginError
from framework.http import Headers, Request, Response
from framework.protocols import Crawler
from framework.settings.declared import RefererOptions
from framework.spidermiddlewares.base import BaseSpiderMiddleware

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_ORIGINS = 10_000


class Told(NamedTuple):
    """What a page tells of itself: to its own origin, to others, and to others (or itself) in the open."""

    same_origin: str | None
    cross_origin: str | None
    downgraded: str | None


class ReferrerPolicy:
    """Decides what a page tells the requests that it leads to.

    A policy of one's own overrides ``referrer``; those built in declare what is told by class attributes.
    """

    name: ClassVar[str] = ""
    same_origin: ClassVar[str | None] = None
    """``"url"``, ``"origin"`` or ``None``; also what the other two hold."""
    cross_origin: ClassVar[str | None] = None
    downgraded: ClassVar[str | None] = None

    def referrer(self, response_url: str, request_url: str) -> str | None:
        """Give the referrer for a request, or ``None``."""
        told = self.told(response_url)
        if _is_downgrade(response_url, request_url):
            return told.downgraded
        return told.same_origin if origin_of(response_url) == origin_of(request_url) else told.cross_origin

    def told(self, response_url: str) -> Told:
        """Give what a page tells, for the three kinds of targets."""
        if not response_url.startswith(("http://", "https://")):
            return Told(None, None, None)
        forms = {"url": self.stripped_referrer(response_url), "origin": origin_of(response_url) + "/", None: None}
        return Told(forms[self.same_origin], forms[self.cross_origin], forms[self.downgraded])

    def stripped_referrer(self, url: str) -> str:
        """Give a URL without user information and fragment."""
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))


class NoReferrerPolicy(ReferrerPolicy):
    """Tells nobody anything."""

    name = "no-referrer"


class NoReferrerWhenDowngradePolicy(ReferrerPolicy):
    """Tells the address, but not from https to http."""

    name = "no-referrer-when-downgrade"
    same_origin = cross_origin = "url"


class SameOriginPolicy(ReferrerPolicy):
    """Tells the address within its origin, others nothing."""

    name = "same-origin"
    same_origin = "url"


class OriginPolicy(ReferrerPolicy):
    """Tells everybody the origin."""

    name = "origin"
    same_origin = cross_origin = downgraded = "origin"


class StrictOriginPolicy(ReferrerPolicy):
    """Tells the origin, but not from https to http."""

    name = "strict-origin"
    same_origin = cross_origin = "origin"


class OriginWhenCrossOriginPolicy(ReferrerPolicy):
    """Tells the address within its origin, others the origin."""

    name = "origin-when-cross-origin"
    same_origin = "url"
    cross_origin = downgraded = "origin"


class StrictOriginWhenCrossOriginPolicy(ReferrerPolicy):
    """Tells the address within its origin, others the origin, but not from https to http."""

    name = "strict-origin-when-cross-origin"
    same_origin = "url"
    cross_origin = "origin"


class UnsafeUrlPolicy(ReferrerPolicy):
    """Tells everybody the address."""

    name = "unsafe-url"
    same_origin = cross_origin = downgraded = "url"


class DefaultReferrerPolicy(NoReferrerWhenDowngradePolicy):
    """The default: as ``no-referrer-when-downgrade``; pages that are not http or https tell nothing."""

    name = "scrapy-default"


_BUILT_IN: tuple[type[ReferrerPolicy], ...] = (
    NoReferrerPolicy,
    NoReferrerWhenDowngradePolicy,
    SameOriginPolicy,
    OriginPolicy,
    StrictOriginPolicy,
    OriginWhenCrossOriginPolicy,
    StrictOriginWhenCrossOriginPolicy,
    UnsafeUrlPolicy,
    DefaultReferrerPolicy,
)
_BY_NAME: dict[str, ReferrerPolicy] = {cls.name: cls() for cls in _BUILT_IN}


_plain_origin = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?=/)").match
"""Of nearly all URLs; the general way takes ten times as long, and there may be a million hosts."""


def origin_of(url: str) -> str:
    """Give ``scheme://host[:port]`` of a URL, without a default port; ``""`` where it has none."""
    plain = _plain_origin(url)
    if plain is not None:
        return plain[0]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = f":{port}" if port is not None and port != _DEFAULT_PORTS.get(parts.scheme) else ""
    return f"{parts.scheme}://{host}{suffix}"


def policy_named(text: str) -> ReferrerPolicy | None:
    """Give the policy of a list of names, as a header has it: the last one that is known; ``None`` without one."""
    for name in reversed(text.lower().split(",")):
        policy = _BY_NAME.get(name.strip())
        if policy is not None:
            return policy
    return None


def _is_downgrade(response_url: str, request_url: str) -> bool:
    return response_url.startswith("https:") and not request_url.startswith("https:")


def policy_of(given: Any) -> ReferrerPolicy:
    """Give the policy that a setting or a ``meta`` key means.

    Args:
        given: one or more names, a policy class, or the dotted path of one.

    Raises:
        PluginError: it is none of these.
    """
    policy = policy_named(given) if isinstance(given, str) else None
    if policy is not None:
        return policy
    cls = load_object(given) if not isinstance(given, str) or "." in given else None
    if isinstance(cls, type) and issubclass(cls, ReferrerPolicy):
        return cls()
    names = ", ".join(_BY_NAME)
    raise PluginError(f"{given!r} is no referrer policy; use one of {names}, or the path of a ReferrerPolicy class")


class _Page:
    """What one page tells, worked out once."""

    __slots__ = (
        "_headers",
        "cross_origin",
        "downgraded",
        "encoding",
        "is_custom",
        "is_tls",
        "origin",
        "policy",
        "prefix",
        "same_origin",
        "url",
    )

    def __init__(self, url: str, policy: ReferrerPolicy) -> None:
        self.url = url
        self.policy = policy
        self.is_custom = type(policy).referrer is not ReferrerPolicy.referrer
        self.is_tls = url.startswith("https:")
        self.origin = origin_of(url)
        self.prefix = self.origin + "/"
        told = [form.encode() if form else None for form in policy.told(url)]
        self.same_origin, self.cross_origin, self.downgraded = told
        self.encoding: str | None = None
        self._headers: dict[bytes, Headers] = {}

    def headers_with(self, told: bytes, encoding: str) -> Headers | None:
        """Give the headers that all links which are told the same share; ``None`` for a link of another encoding."""
        if self.encoding != encoding:
            if self.encoding is not None:
                return None
            self.encoding = encoding  # that of the page: all that it follows have it
        headers = self._headers.get(told)
        if headers is None:
            headers = self._headers[told] = Headers({b"Referer": told}, encoding=encoding)
        return headers


class RefererMiddleware(BaseSpiderMiddleware):
    """Sets ``Referer`` on the requests of a page, unless they have one.

    The policy is ``meta["referrer_policy"]`` of the request, else the page's ``Referrer-Policy`` header, else the
    setting ``REFERRER_POLICY``.

    Args:
        crawler: the crawl.
        policy: the setting's.
    """

    keeps_identity = True

    def __init__(self, crawler: Crawler, policy: ReferrerPolicy) -> None:
        super().__init__(crawler)
        self.default_policy = policy
        self._page = _Page("", policy)
        self._origins: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for one crawl.

        Raises:
            NotConfigured: ``REFERER_ENABLED`` is off.
            PluginError: ``REFERRER_POLICY`` names no policy.
        """
        options = crawler.settings.group(RefererOptions)
        if not options.enabled:
            raise NotConfigured
        return cls(crawler, policy_of(options.policy))

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Set the header of a request that has none."""
        if response is None:
            return request
        headers = request._headers
        if headers is not None and dict.__contains__(headers, b"Referer"):
            return request
        page = self._page
        # The very string that the response holds: one look instead of a comparison, and no response is kept alive.
        if page.url is not response._url:
            page = self._page = self._page_of(response)
        meta = request._meta
        own = meta.get("referrer_policy") if meta is not None else None
        if own is not None or page.is_custom:
            policy = page.policy if own is None else policy_of(own)
            referrer = policy.referrer(page.url, request._url)
            if referrer is not None:
                request.headers[b"Referer"] = referrer
            return request
        told = self._told(page, request._url)
        if told is None:
            return request
        shared = page.headers_with(told, request._encoding) if headers is None else None
        if shared is None:
            request.headers[b"Referer"] = told
        else:
            request._page_headers = shared
        return request

    def _page_of(self, response: Response) -> _Page:
        header = response.header(b"referrer-policy")
        policy = policy_named(header.decode("latin-1")) if header else None
        return _Page(response._url, policy or self.default_policy)

    def _told(self, page: _Page, url: str) -> bytes | None:
        if url.startswith(page.prefix):
            return page.same_origin
        if page.is_tls and not url.startswith("https:"):
            return page.downgraded
        if page.same_origin == page.cross_origin:
            return page.same_origin
        end = url.find("/", 8)
        written = url[:end] if end != -1 else url
        origin = self._origins.get(written)
        if origin is None:
            if len(self._origins) >= _MOST_ORIGINS:
                self._origins.clear()
            origin = self._origins[written] = origin_of(url)
        return page.same_origin if origin == page.origin else page.cross_origin
