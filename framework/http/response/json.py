"""A response that is a JSON document.

Place in the flow: made by the download handler from the content type; see ``framework.http.responsetypes``.
"""

from __future__ import annotations

from framework.http.response.text import TextResponse

__all__ = ["JsonResponse"]


class JsonResponse(TextResponse):
    """A text response whose selectors take it for a JSON document."""

    __slots__ = ()
    selector_type = "json"
