"""URLs out of what a query found: an ``<a>`` or ``<link>`` element, or the text of an attribute.

Place in the flow: between a SelectorList and ``response.follow`` / ``response.follow_all``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from w3lib.html import strip_html5_whitespace

from framework.selector import Selector, SelectorList

_LINK_TAGS = frozenset(("a", "link"))


def href_of(selector: Selector | SelectorList) -> str:
    """Give the URL that a selected element or attribute holds, as written there.

    Raises:
        ValueError: it is a list, another element, or an element without ``href``.
    """
    if isinstance(selector, SelectorList):
        raise ValueError("SelectorList is not supported: use follow_all() for several links, or one element of it")
    root = selector.root
    href = _href(root)
    if href is not None:
        return href
    tag = getattr(root, "tag", None)
    if tag is None:
        raise ValueError(f"Unsupported: {selector}: select an <a>, a <link> or an attribute")
    if tag not in _LINK_TAGS:
        raise ValueError(f"Only <a> and <link> elements are supported; got <{tag}>")
    raise ValueError(f"<{tag}> element has no href attribute: {selector}")


def followed_hrefs(urls: Any) -> Iterable[Any]:
    """Give the URLs of a SelectorList, passing over what is no link; anything else is given back as it is."""
    if not isinstance(urls, SelectorList):
        return urls  # type: ignore[no-any-return]
    return _hrefs(urls)


def _hrefs(selectors: SelectorList) -> Iterator[str]:
    for root in selectors.roots():
        href = _href(root)
        if href is not None:
            yield href


def _href(root: Any) -> str | None:
    if isinstance(root, str):
        return strip_html5_whitespace(root)
    if getattr(root, "tag", None) in _LINK_TAGS:
        href = root.get("href")
        return None if href is None else strip_html5_whitespace(href)
    return None
