"""Reading robots.txt: the parser interface that ``ROBOTSTXT_PARSER`` names, and the one that is built in.

Place in the flow: the robots.txt middleware builds one parser for each origin and asks it about every request there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from protego import Protego

from framework.protocols import Crawler

MOST_BYTES = 500 * 1024
"""How much of a robots.txt is read; RFC 9309, section 2.5, asks for at least this much."""


class RobotParser(ABC):
    """What a class named by ``ROBOTSTXT_PARSER`` must be able to do (Scrapy's interface)."""

    @classmethod
    @abstractmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> Self:
        """Parse a robots.txt.

        Args:
            crawler: the crawl.
            robotstxt_body: the file, which may hold anything.
        """

    @abstractmethod
    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        """Say whether ``user_agent`` may fetch ``url``."""


class ProtegoRobotParser(RobotParser):
    """The built-in parser, on Protego: wildcards, longest match, as RFC 9309 has it.

    Args:
        robotstxt_body: the file; undecodable bytes are passed over, so is what lies behind the first 500 KiB.
    """

    def __init__(self, robotstxt_body: bytes) -> None:
        self._rules = Protego.parse(robotstxt_body[:MOST_BYTES].decode("utf-8-sig", errors="ignore"))

    @classmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> Self:
        """Parse a robots.txt."""
        return cls(robotstxt_body)

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        """Say whether ``user_agent`` may fetch ``url``."""
        text = url if isinstance(url, str) else url.decode("utf-8", errors="replace")
        agent = user_agent if isinstance(user_agent, str) else user_agent.decode("utf-8", errors="replace")
        return bool(self._rules.can_fetch(text, agent))
