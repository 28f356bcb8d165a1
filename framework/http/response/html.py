"""A response that is an HTML page.

Place in the flow: made by the download handler from the content type; see ``framework.http.responsetypes``.
"""

from __future__ import annotations

from framework.http.response.text import TextResponse

__all__ = ["HtmlResponse"]


class HtmlResponse(TextResponse):
    """A text response whose selectors take it for an HTML page."""

    __slots__ = ()
    selector_type = "html"
