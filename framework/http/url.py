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

_match_origin = re.compile(rf"{_ORIGIN}(?=[/?#]|\Z)").match
_match_path = re.compile(r"[^?#]*").match
_is_plain_path = re.compile(rf"(?:/[{_PATH}]*+)?+").fullmatch
_is_rooted = re.compile(rf"/(?!/)[{_PATH}]*+{_AFTER_PATH}").fullmatch
_is_absolute = re.compile(rf"{_ORIGIN}(?:/[{_PATH}]*+{_AFTER_PATH})?+").fullmatch
# No ":" (a scheme), no empty segments; dots only as leading "../".
_SEGMENT = r"[A-Za-z0-9\-_~@!$&'()*+,=%][A-Za-z0-9\-._~@!$&'()*+,=%]*+"
_is_relative = re.compile(rf"(?:\.\./)*+{_SEGMENT}(?:/{_SEGMENT})*+/?+{_AFTER_PATH}").fullmatch
_is_query = re.compile(rf"\?[{_QUERY}]++(?:#[{_FRAGMENT}]++)?+").fullmatch
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


class PlainBase:
    """A base URL taken apart once, so that most hrefs are joined to it by adding two strings.

    Args:
        url: absolute http(s) URL.

    Raises:
        ValueError: the URL is not plain; only ``urljoin`` can tell what it means.
    """

    __slots__ = ("_directory", "_origin", "_page")

    def __init__(self, url: str) -> None:
        match = _match_origin(url)
        if match is None:
            raise ValueError(f"Not a plain base url: {url!r}")
        self._origin = match.group()
        path = _match_path(url, match.end()).group()  # type: ignore[union-attr]
        # urljoin drops dot segments and empty ones of the base; such a base is left to it.
        clean = "//" not in path and "/." not in path and _is_plain_path(path)
        self._directory = path[: path.rfind("/") + 1] or "/" if clean else None
        self._page = self._origin + path if clean and path else None

    def join(self, href: str) -> str | None:
        """Join an href: what ``urljoin`` would give, or ``None`` when that must be asked.

        A result is also safe for the wire (:func:`safe_url` would leave it as it is).
        """
        first = href[:1]
        if first == "/":
            return self._origin + href if "/." not in href and _is_rooted(href) else None
        if first == "?":
            return self._page + href if self._page is not None and _is_query(href) else None
        if _is_relative(href):
            return self._join_relative(href)
        return href if _is_absolute(href) else None

    def _join_relative(self, href: str) -> str | None:
        directory = self._directory
        if directory is None:
            return None
        while href.startswith("../"):
            href = href[3:]
            directory = directory[: directory.rfind("/", 0, -1) + 1] or "/"
        return self._origin + directory + href if "/." not in href else None


def plain_base(url: str) -> PlainBase | None:
    """Take a base URL apart, or give ``None`` when it is not plain."""
    return PlainBase(url) if _match_origin(url) else None


def join(base: str, href: str) -> str:
    """Join as ``urllib.parse.urljoin`` does."""
    plain = plain_base(base)
    joined = plain.join(href) if plain is not None else None
    return joined if joined is not None else slow_urljoin(base, href)


def mask_password(url: str) -> str:
    """Replace the password in a URL's user information by ``***``, for logs and representations."""
    return _PASSWORD.sub(r"\1:***", url) if "@" in url else url
