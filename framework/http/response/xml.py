"""A response that is an XML document.

Place in the flow: made by the download handler from the content type; see ``framework.http.responsetypes``.
"""

from __future__ import annotations

from framework.http.response.text import TextResponse

__all__ = ["XmlResponse"]


class XmlResponse(TextResponse):
    """A text response whose selectors take it for an XML document."""

    __slots__ = ()
    selector_type = "xml"
