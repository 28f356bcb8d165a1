"""A link as a link extractor finds it.

Place in the flow: link extractors give lists of :class:`Link`; ``response.follow`` takes one.
"""

from __future__ import annotations


class Link:
    """One link out of a page; see "Link" in Scrapy's "Link Extractors" page.

    Args:
        url: absolute URL.
        text: the text of the link.
        fragment: what stood after ``#`` in the URL, if it was cut off.
        nofollow: whether the link said ``rel="nofollow"``.

    Raises:
        TypeError: ``url`` is no str.
    """

    __slots__ = ("fragment", "nofollow", "text", "url")

    def __init__(self, url: str, text: str = "", fragment: str = "", nofollow: bool = False) -> None:
        if not isinstance(url, str):
            raise TypeError(f"Link url must be str, got {type(url).__name__}: {url!r}")
        self.url = url
        self.text = text
        self.fragment = fragment
        self.nofollow = nofollow

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Link):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[str, str, str, bool]:
        return (self.url, self.text, self.fragment, self.nofollow)

    def __repr__(self) -> str:
        return f"Link(url={self.url!r}, text={self.text!r}, fragment={self.fragment!r}, nofollow={self.nofollow!r})"
