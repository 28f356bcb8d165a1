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
    http_auth_user: str = option(
        "HTTPAUTH_USER",
        default="",
        doc="User name for HTTP Basic authentication. A spider's `http_user` and a request's `meta['http_user']` go "
        "before it.",
    )
    http_auth_password: str = option(
        "HTTPAUTH_PASS",
        default="",
        doc="Its password. A spider's `http_pass` and a request's `meta['http_pass']` go before it.",
    )
    http_auth_domain: str | None = option(
        "HTTPAUTH_DOMAIN",
        default=None,
        doc="The domain, with its subdomains, that the credentials may be sent to; it has to be set where they are. "
        "`None` means every host.",
    )
