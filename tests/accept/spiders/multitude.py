"""Very many URLs on very many hosts, of which few are fetched, by a handler that answers from memory.

Page ``k`` of the first ``parents`` links to pages ``k * links + 1`` and following, some of them twice; so when
all of these were fetched, pages 0 to ``parents * links`` are known, each by one new link.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

from framework import Request, Spider
from framework.exceptions import CloseSpider
from framework.http import HtmlResponse, Response

OLD_LINKS = 20


class NullHandler:
    """Answers every request at once with an empty page."""

    async def download_request(self, request: Request) -> Response:
        return HtmlResponse(request.url, request=request)


def url_of(number: int, hosts: int) -> str:
    """Give the address of a page."""
    return f"http://host-{number % hosts}.example/catalogue/page-{number}.html"


class MultitudeSpider(Spider):
    """Arguments: ``parents``, ``links``, ``hosts``; ``report``, a file.

    How many parents it fetches before it stops is in the environment, as the arguments of a job do not change.
    """

    name = "multitude"
    custom_settings = {
        "DOWNLOAD_HANDLERS": {"http": NullHandler},
        "ROBOTSTXT_OBEY": False,
        "DEPTH_STATS_VERBOSE": False,
    }
    parents: str
    links: str
    hosts: str
    report: str
    fetched = 0

    async def start(self) -> AsyncIterator[Any]:
        yield Request(url_of(0, int(self.hosts)), callback=self.parse_parent, cb_kwargs={"k": 0}, priority=1)

    def parse_parent(self, response: Response, k: int) -> Iterator[Any]:
        parents, links, hosts = int(self.parents), int(self.links), int(self.hosts)
        for number in range(k * links + 1, k * links + links + 1):
            if number < parents:
                kwargs = {"k": number}
                yield Request(url_of(number, hosts), callback=self.parse_parent, cb_kwargs=kwargs, priority=1)
            else:
                yield Request(url_of(number, hosts))
        for number in range(k * links + 1, k * links + OLD_LINKS + 1):
            yield Request(url_of(number, hosts))
        yield {"parent": k}
        self.fetched += 1
        if self.fetched == int(os.environ["MULTITUDE_FETCH"]):
            raise CloseSpider("enough")

    def parse(self, response: Response) -> Any:
        yield {"leaf": response.url}

    def closed(self, reason: str) -> None:
        """Report the kernel's account of the most memory that this process had (KiB)."""
        with open("/proc/self/status", encoding="ascii") as lines:
            status = dict(line.split(":", 1) for line in lines)
        with open(self.report, "w", encoding="ascii") as report:
            report.write(f"{self.fetched} {status['VmHWM'].split()[0]} {reason}")
