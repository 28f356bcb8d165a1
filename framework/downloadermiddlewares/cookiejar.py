"""A jar of cookies: what RFC 6265 says of storing and sending them, as plain synchronous code.

Place in the flow: the cookies middleware holds one jar for each ``meta["cookiejar"]``. Text is kept as Latin-1, which
holds every byte, so a cookie goes back as it came and a jar can be written as JSON.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_MOST_BYTES = 4096
"""Of name and value together, as browsers have it."""
_MOST_PER_DOMAIN = 180
_MOST_DOMAINS = 20_000
_BLANK = " \t"
_FOREVER = 253_402_300_799.0
_next_revision = count(1).__next__
"""Of all jars, so that a new jar is never taken for the one that it replaces."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


_is_plain = re.compile(r"[a-z0-9.\-]+(?::[0-9]+)?").fullmatch


class Address(NamedTuple):
    """Where a request goes, as far as cookies care."""

    host: str
    path: str
    is_secure: bool


def address_of(url: str) -> Address:
    """Take the parts of an absolute URL that decide which cookies go there."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if not _is_plain(authority):
        parts = urlsplit(url)
        return Address(parts.hostname or "", parts.path or "/", parts.scheme == "https")
    path = path.partition("?")[0].partition("#")[0]
    return Address(authority.partition(":")[0], slash + path if slash else "/", scheme == "https")


@dataclass(slots=True)
class Cookie:
    """One cookie of a jar. ``expires_at`` is on the wall clock; ``None`` for one that ends with the session."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    expires_at: float | None

    def is_for(self, address: Address) -> bool:
        """Say whether path, scheme and host allow it to be sent (its domain is known to match, RFC 6265, 5.4)."""
        if self.is_secure and not address.is_secure:
            return False
        if self.is_host_only and self.domain != address.host:
            return False
        return path_matches(address.path, self.path)


class CookieJar:
    """Cookies by domain. The clock is given with each call, in seconds of the wall clock.

    Bounded: 180 cookies a domain and 20,000 domains, the oldest go first.

    Attributes:
        revision: another, higher one with each change; no two jars ever have the same.
    """

    __slots__ = ("_domains", "revision")

    def __init__(self) -> None:
        self._domains: dict[str, dict[tuple[str, str], Cookie]] = {}
        self.revision = _next_revision()

    def __bool__(self) -> bool:
        return bool(self._domains)

    def __iter__(self) -> Iterator[Cookie]:
        for cookies in self._domains.values():
            yield from cookies.values()

    def __len__(self) -> int:
        return sum(map(len, self._domains.values()))

    def __repr__(self) -> str:
        return f"<CookieJar: {len(self)} cookies of {len(self._domains)} domains>"

    def add(self, cookie: Cookie, now_at: float) -> None:
        """Store a cookie over the one of the same domain, path and name; one that has expired removes that."""
        key = (cookie.path, cookie.name)
        if cookie.expires_at is not None and cookie.expires_at <= now_at:
            self._remove(cookie.domain, key)
            return
        cookies = self._domains.get(cookie.domain)
        if cookies is None:
            if len(self._domains) >= _MOST_DOMAINS:
                del self._domains[next(iter(self._domains))]
            cookies = self._domains[cookie.domain] = {}
        known = cookies.get(key)
        if known == cookie:  # as sites do that set their session with each page
            return
        if known is None and len(cookies) >= _MOST_PER_DOMAIN:
            del cookies[next(iter(cookies))]
        cookies[key] = cookie
        self.revision = _next_revision()

    def _remove(self, domain: str, key: tuple[str, str]) -> None:
        cookies = self._domains.get(domain)
        if cookies is not None and cookies.pop(key, None) is not None:
            self.revision = _next_revision()
            if not cookies:
                del self._domains[domain]

    def receive(self, header: bytes, address: Address, now_at: float) -> bool:
        """Take one ``Set-Cookie`` header of a response from ``address``; say whether it was a valid one."""
        cookie = parse_set_cookie(header, address, now_at)
        if cookie is None:
            return False
        self.add(cookie, now_at)
        return True

    def header(self, address: Address, now_at: float) -> bytes | None:
        """Give the value of the ``Cookie`` header for a request to ``address``, or ``None``."""
        domains = self._domains
        if not domains:
            return None
        chosen: list[Cookie] = []
        for domain in _domain_and_parents(address.host):
            if domain in domains:
                self._choose(chosen, domain, address, now_at)
        if not chosen:
            return None
        if len(chosen) > 1:
            # Longer paths first; within one length in the order of creation, which the dictionaries keep.
            chosen.sort(key=lambda cookie: -len(cookie.path))
        pairs = [f"{cookie.name}={cookie.value}" if cookie.name else cookie.value for cookie in chosen]
        return "; ".join(pairs).encode("latin-1")

    def _choose(self, chosen: list[Cookie], domain: str, address: Address, now_at: float) -> None:
        expired: list[Cookie] = []
        for cookie in self._domains[domain].values():
            if cookie.expires_at is not None and cookie.expires_at <= now_at:
                expired.append(cookie)
            elif cookie.is_for(address):
                chosen.append(cookie)
        for cookie in expired:
            self._remove(domain, (cookie.path, cookie.name))

    def snapshot(self) -> list[list[Any]]:
        """Give the cookies as data that JSON can hold."""
        return [
            [c.name, c.value, c.domain, c.path, c.is_host_only, c.is_secure, c.expires_at]
            for cookies in self._domains.values()
            for c in cookies.values()
        ]

    def restore(self, snapshot: list[list[Any]], now_at: float) -> None:
        """Add what ``snapshot`` gave."""
        for fields in snapshot:
            self.add(Cookie(*fields), now_at)


def parse_set_cookie(header: bytes, address: Address, now_at: float) -> Cookie | None:
    """Read a ``Set-Cookie`` header as RFC 6265, section 5.2 and 5.3, has it.

    Returns:
        The cookie; ``None`` when it is malformed, too large, or meant for a domain that ``address`` may not set.
    """
    pair, _, rest = header.decode("latin-1").partition(";")
    if "=" not in pair:
        return None
    name, _, value = pair.partition("=")
    attributes = _attributes(rest)
    path = attributes.get("path", "")
    return make_cookie(
        name.strip(_BLANK),
        value.strip(_BLANK),
        address,
        domain=attributes.get("domain", ""),
        path=path if path.startswith("/") else "",
        is_secure="secure" in attributes,
        expires_at=_expiry(attributes, now_at),
    )


def make_cookie(  # noqa: PLR0913 - one argument for each part of a cookie
    name: str,
    value: str,
    address: Address,
    *,
    domain: str = "",
    path: str = "",
    is_secure: bool = False,
    expires_at: float | None = None,
) -> Cookie | None:
    """Build a cookie that ``address`` sets; ``None`` when it must be refused.

    Args:
        name: in Latin-1, like ``value``.
        value: what is sent back.
        address: who sets it.
        domain: empty for a cookie of this host only.
        path: empty for the folder of the page that set it.
        is_secure: send over https only.
        expires_at: wall clock; ``None`` for the session.
    """
    if not name and not value:
        return None
    if len(name) + len(value) > _MOST_BYTES or _FORBIDDEN.search(name) or _FORBIDDEN.search(value):
        return None
    domain = domain.strip().removeprefix(".").lower()
    if domain and not _may_set(address.host, domain):
        return None
    # A host without parents (an address, "localhost") that names itself sets a cookie of its own.
    is_host_only = not domain or (domain == address.host and not _has_parents(domain))
    return Cookie(
        name, value, domain or address.host, path or default_path(address.path), is_host_only, is_secure, expires_at
    )


def default_path(path: str) -> str:
    """Give the path of a cookie that names none: the folder of the page (RFC 6265, 5.1.4)."""
    last = path.rfind("/")
    return path[:last] if last > 0 else "/"


def path_matches(path: str, cookie_path: str) -> bool:
    """Say whether a request's path lies under a cookie's (RFC 6265, 5.1.4)."""
    if cookie_path == "/":
        return True
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def _may_set(host: str, domain: str) -> bool:
    if host == domain:
        return True
    # One label alone ("com") is no domain of anybody's.
    return "." in domain and _has_parents(host) and host.endswith("." + domain)


def _has_parents(host: str) -> bool:
    return "." in host and not is_ip_address(host)


@lru_cache(maxsize=4096)
def is_ip_address(host: str) -> bool:
    """Say whether a host is an address: these have no parent domains."""
    if ":" not in host and not host[-1:].isdigit():
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def _domain_and_parents(host: str) -> tuple[str, ...]:
    domains = [host]
    if _has_parents(host):
        dot = host.find(".")
        while dot != -1:
            domains.append(host[dot + 1 :])
            dot = host.find(".", dot + 1)
    return tuple(domains)


def _attributes(text: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        attributes[name.strip(_BLANK).lower()] = value.strip(_BLANK)
    return attributes


def _expiry(attributes: dict[str, str], now_at: float) -> float | None:
    age = attributes.get("max-age")
    if age is not None and re.fullmatch(r"-?[0-9]+", age):
        if age.startswith("-"):
            return 0.0
        return _FOREVER if len(age) > 12 else min(now_at + int(age), _FOREVER)
    expires = attributes.get("expires")
    return None if expires is None else parse_cookie_date(expires)


_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY = re.compile(r"(\d{1,2})(?!\d)")
_YEAR = re.compile(r"(\d{2,4})(?!\d)")
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip


def parse_cookie_date(text: str) -> float | None:
    """Read the date of a cookie, in any of the forms that servers send (RFC 6265, 5.1.1).

    Returns:
        Seconds of the wall clock; ``None`` when it is no date.
    """
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DELIMITERS.split(text[:256]):
        if time is None and (match := _TIME.match(token)):
            time = int(match[1]), int(match[2]), int(match[3])
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS[token[:3].lower()]
        elif year is None and (match := _YEAR.match(token)):
            year = _full_year(int(match[1]))
    if time is None or day is None or month is None or year is None or year < 1601:
        return None
    try:
        return datetime(year, month, day, time[0], time[1], time[2], tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _full_year(year: int) -> int:
    if 70 <= year <= 99:
        return year + 1900
    return year + 2000 if year <= 69 else year
