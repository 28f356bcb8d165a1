"""Options of cookies."""

from __future__ import annotations

from ..options import group, option


@group("Cookies", "Whether cookies are kept and sent back.")
class CookieOptions:
    """Whether cookies are kept and sent back."""

    enabled: bool = option("COOKIES_ENABLED", default=True, doc="Keep the cookies of responses and send them back.")
    debug: bool = option("COOKIES_DEBUG", default=False, doc="Log every cookie that is sent and received.")
