"""A great many items, from ``start()`` or from one callback, answered by a handler that needs no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from framework import Request, Spider
from framework.http import HtmlResponse, Response


class NullHandler:
    """Answers every request at once with an empty page."""

    async def download_request(self, request: Request) -> Response:
        return HtmlResponse(request.url, request=request)


class ManyItemsSpider(Spider):
    """Arguments: ``items``, how many; ``by``, who yields them: ``start`` or ``callback``; ``report``, a file."""

    name = "manyitems"
    custom_settings = {"DOWNLOAD_HANDLERS": {"http": NullHandler}, "ROBOTSTXT_OBEY": False, "WARN_EMPTY_CALLBACK": 0}
    items: str
    by: str
    report: str

    async def start(self) -> AsyncIterator[Any]:
        if self.by == "start":
            for n in range(int(self.items)):
                yield item(n)
        yield Request("http://host.example/")

    def parse(self, response: Response) -> Iterator[Any]:
        if self.by == "callback":
            for n in range(int(self.items)):
                yield item(n)

    def closed(self, reason: str) -> None:
        """Report the kernel's account of the most memory that this process had (KiB)."""
        with open("/proc/self/status", encoding="ascii") as lines:
            status = dict(line.split(":", 1) for line in lines)
        with open(self.report, "w", encoding="ascii") as report:
            report.write(f"{status['VmHWM'].split()[0]} {reason}")


def item(n: int) -> dict[str, Any]:
    """Make an item of some 200 bytes."""
    return {"n": n, "title": f"Book {n} of the catalogue", "price": n / 7, "text": f"{n:09d} " * 12}
