"""URLs: made safe for the wire, joined and taken apart, each with a fast path that gives what the slow one gives.

Place in the flow: every link of every page passes here on its way to becoming a :class:`~framework.http.Request`.
The slow paths are ``w3lib.url.safe_url_string`` and ``urllib.parse.urljoin``. The fast ones recognise, by one regular
expression, what those would leave as it is; property tests hold the two against each other.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin as slow_urljoin

from w3lib.url import safe_url_string

# Characters that w3lib keeps as they are, part by part. ";" is left out of paths of links: urljoin drops an empty
# parameter ("/a;" becomes "/a").
_PATH = r"A-Za-z0-9\-._~:/@!$&'()*+,=%"
_QUERY = r"A-Za-z0-9\-._~:/?@!$&()*+,;=%"
_FRAGMENT = r"A-Za-z0-9\-._~:/?@!$&'()*+,;=%"
# Possessive ("++", "?+") where nothing is gained by going back.
_ORIGIN = r"https?://[a-z0-9.\-]++(?::(?:[1-5][0-9]{4}|[1-9][0-9]{0,3}))?+"
_AFTER_PATH = rf"(?:\?[{_QUERY}]++)?+(?:#[{_FRAGMENT}]++)?+"

is_safe = re.compile(rf"{_ORIGIN}(?:/[{_PATH};]*+{_AFTER_PATH})?+").fullmatch
"""Match a URL that ``safe_url_string`` gives back unchanged (not all of them: the plain ones)."""

_match_origin = re.compile(rf"({_ORIGIN})(?=[/?#]|\Z)").match
_is_rooted = re.compile(rf"/(?!/)[{_PATH}]*+{_AFTER_PATH}").fullmatch
_is_absolute = re.compile(rf"{_ORIGIN}(?:/[{_PATH}]*+{_AFTER_PATH})?+").fullmatch
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_PASSWORD = re.compile(r"(?<=://)([^/?#@:]*):[^/?#]*(?=@)")


def safe_url(url: str, encoding: str = "utf-8") -> str:
    """Escape what may not stand in a URL on the wire.

    Args:
        url: absolute or relative.
        encoding: of the query, as browsers do it; a character that it lacks is written in UTF-8.

    Raises:
        ValueError: the URL cannot be understood, or its host holds a space or a control character.
    """
    if is_safe(url):
        return url
    try:
        try:
            safe = safe_url_string(url, encoding)
        except UnicodeEncodeError:
            safe = safe_url_string(url, "utf-8")
    except ValueError as exc:
        raise ValueError(f"Invalid url {mask_password(url)!r}: {exc}") from exc
    if _CONTROL.search(safe):
        raise ValueError(f"Invalid url {mask_password(url)!r}: its host holds a space or a control character")
    return safe


def origin_of(url: str) -> str | None:
    """Give ``scheme://host[:port]`` of a plain http(s) URL, or ``None`` when it takes more than a look to tell."""
    match = _match_origin(url)
    return match.group(1) if match else None


def join_plain(origin: str, href: str) -> str | None:
    """Join a plain href to a page of ``origin``: what ``urljoin`` would give, or ``None`` when that must be asked.

    A result is also safe for the wire (:func:`safe_url` would leave it as it is).

    Args:
        origin: what :func:`origin_of` gave for the page's base URL.
        href: starts with one ``/``, or is an absolute http(s) URL.
    """
    if "/." in href:
        return None
    if href.startswith("/"):
        return origin + href if _is_rooted(href) else None
    return href if _is_absolute(href) else None


def join(base: str, href: str) -> str:
    """Join as ``urllib.parse.urljoin`` does."""
    origin = origin_of(base)
    joined = join_plain(origin, href) if origin is not None else None
    return joined if joined is not None else slow_urljoin(base, href)


def mask_password(url: str) -> str:
    """Replace the password in a URL's user information by ``***``, for logs and representations."""
    return _PASSWORD.sub(r"\1:***", url) if "@" in url else url
