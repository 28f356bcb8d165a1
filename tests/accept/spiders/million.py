"""A great many requests, from ``start()`` or from one callback, answered by a handler that needs no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from framework import Request, Spider
from framework.http import HtmlResponse, Response


class NullHandler:
    """Answers every request at once with an empty page."""

    async def download_request(self, request: Request) -> Response:
        return HtmlResponse(request.url, request=request)


class MillionSpider(Spider):
    """Arguments: ``requests``, how many; ``by``, who yields them: ``start`` or ``callback``; ``report``, a file."""

    name = "million"
    custom_settings = {"DOWNLOAD_HANDLERS": {"http": NullHandler}, "ROBOTSTXT_OBEY": False, "WARN_EMPTY_CALLBACK": 0}
    requests: str
    by: str
    report: str
    fetched = 0

    async def start(self) -> AsyncIterator[Any]:
        if self.by == "start":
            for n in range(int(self.requests)):
                yield Request(f"http://host-{n % 100}.example/catalogue/page-{n}.html")
        else:
            yield Request("http://host.example/", callback=self.parse_front)

    def parse_front(self, response: Response) -> Iterator[Any]:
        for n in range(int(self.requests)):
            yield response.follow(f"/catalogue/page-{n}.html")

    def parse(self, response: Response) -> None:
        self.fetched += 1

    def closed(self, reason: str) -> None:
        """Report how many pages came, and the kernel's account of the most memory that this process had (KiB)."""
        with open("/proc/self/status", encoding="ascii") as lines:
            status = dict(line.split(":", 1) for line in lines)
        with open(self.report, "w", encoding="ascii") as report:
            report.write(f"{self.fetched} {status['VmHWM'].split()[0]} {reason}")
