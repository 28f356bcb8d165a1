"""Asks many hosts for many pages, in turn; the last host may be one that hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from framework import Request, Spider


class HostsSpider(Spider):
    """Arguments: ``urls`` (separated by commas), ``path`` (with ``{n}``), ``pages`` a host, ``hanging`` (a URL)."""

    name = "hosts"
    urls: str
    path: str
    pages: str
    hanging: str = ""

    async def start(self) -> AsyncIterator[Any]:
        for n in range(int(self.pages)):
            if self.hanging:
                yield Request(f"{self.hanging}/slow/30?n={n}")
            for url in self.urls.split(","):
                yield Request(url + self.path.format(n=n))

    def parse(self, response: Any) -> None:
        """Want nothing of the page."""
