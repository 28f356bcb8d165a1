"""Options of what a request says about its sender: default headers and user agent."""

from __future__ import annotations

from collections.abc import Mapping

from framework.version import __version__

from ..annotations import HeaderValue
from ..options import group, option


@group("Headers", "What every request says about its sender.")
class HeaderOptions:
    """What every request says about its sender."""

    user_agent: str = option(
        "USER_AGENT",
        default=f"fwk/{__version__}",
        doc="The `User-Agent` of every request that sets none; name your project and a contact. A spider's "
        "`user_agent` "
        "attribute goes before it. Scrapy names itself and its site.",
    )
    default_request_headers: Mapping[str, HeaderValue] = option(
        "DEFAULT_REQUEST_HEADERS",
        default={
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "en",
        },
        doc="Headers for every request that does not set them itself; `None` leaves one out.",
    )
