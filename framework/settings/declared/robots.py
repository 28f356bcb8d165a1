"""Options of robots.txt."""

from __future__ import annotations

from ..annotations import Component
from ..options import group, option


@group("robots.txt", "Whether a site's robots.txt decides what is fetched.")
class RobotsOptions:
    """Whether a site's robots.txt decides what is fetched."""

    obey: bool = option(
        "ROBOTSTXT_OBEY",
        default=False,
        doc="Drop requests that the host's robots.txt forbids. Off here as in Scrapy; the settings file that "
        "`fwk startproject` writes turns it on.",
    )
    user_agent: str | None = option(
        "ROBOTSTXT_USER_AGENT",
        default=None,
        doc="The user agent whose rules are looked up in robots.txt; without it, the one that the request is "
        "sent with.",
    )
    parser: Component = option(
        "ROBOTSTXT_PARSER",
        default="framework.robotstxt.ProtegoRobotParser",
        doc="The class that reads a robots.txt (a `framework.robotstxt.RobotParser`).",
    )
