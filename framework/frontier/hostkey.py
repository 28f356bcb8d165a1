"""Which host a request belongs to: the unit of politeness.

It is the URL's host name in lower case, without port and userinfo, as Scrapy's slots; ``meta["download_slot"]`` names
another one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from framework.http import Request

_plain_start = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d+)?(?:[/?#]|\Z)").match


@lru_cache(maxsize=4096)
def _of_origin(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def host_key(request: Request) -> str:
    """Return the name of the request's host; empty for URLs without one (``data:``)."""
    slot = request.meta_get("download_slot")
    if slot:
        return str(slot)
    url = request.url
    plain = _plain_start(url)
    if plain is not None:  # nearly all; no cache has room for a million hosts
        return plain[1]
    start = url.find("//")
    if start < 0:
        return ""
    end = url.find("/", start + 2)
    if end < 0:
        return _of_origin(url)
    return _of_origin(url[:end])
