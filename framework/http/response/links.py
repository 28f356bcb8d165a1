"""URLs out of what a query found: an ``<a>`` or ``<link>`` element, or the text of an attribute.

Place in the flow: between a SelectorList and ``response.follow`` / ``response.follow_all``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from framework.link import Link
from framework.selector import Selector, SelectorList

# ASCII white space, as the HTML standard strips it from URLs.
_WHITE_SPACE = " \t\n\r\x0c"
_LINK_TAGS = frozenset(("a", "link"))


def href_of(link: str | Link | Selector | SelectorList | None) -> str:
    """Give the URL that a link, a selected element or a selected attribute holds, as written there.

    Raises:
        ValueError: it is ``None``, a list, another element, or an element without ``href``.
    """
    if isinstance(link, SelectorList):
        raise ValueError("SelectorList is not supported: use follow_all() for several links, or one element of it")
    if isinstance(link, Link):
        return link.url
    if isinstance(link, Selector):
        return _selected_href(link)
    if link is None:
        raise ValueError("url can't be None")
    return link


def _selected_href(selector: Selector) -> str:
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
        return root.strip(_WHITE_SPACE)
    if getattr(root, "tag", None) in _LINK_TAGS:
        href = root.get("href")
        return None if href is None else href.strip(_WHITE_SPACE)
    return None
