"""The contracts where items end: sinks, which become durable with a checkpoint, and the makers of their formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol, runtime_checkable


@runtime_checkable
class Sink(Protocol):
    """Where items end durably, each exactly once.

    Order of calls: ``open``; then any number of ``hand``, ``seal`` and ``write``; ``close``. ``hand`` and ``seal`` are
    synchronous, so that the engine can call them in one step with the frontier's ``finish`` and ``seal``. A pipeline
    that has these methods is a sink as well.

    Attributes:
        name: unique in the crawl, which is refused otherwise; the durable position is stored under it.

    Optional, and not declared here, so that a sink without them is one as well:

    - ``is_full``, a boolean: so much was handed over that a checkpoint should come at once.
    - ``async def cut_back(self, cut)``, called in place of all others when the job is given up (``--new``,
      ``fwk jobs rm``) or goes on in other files: leave just what lies before ``cut`` (``None``: no checkpoint was
      made), and nothing open; ``open`` may follow later, in another process. It raises a ``CrawlError`` when it
      cannot, which is told. Without it what lies behind the cut stays.
    """

    name: str

    async def open(self, cut: Any) -> None:
        """Get ready; ``cut`` is where durable output ended (``None`` at a new job): what lies behind it is removed."""
        ...

    def hand(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Take the items of one finished visit: its identity, and pairs of position in its output and item.

        Positions have gaps where a pipeline dropped an item, and those of an errback's items begin at 2**32 or higher.
        No two items of one identity in one job have the same.
        """
        ...

    def seal(self) -> Any:
        """Close what was handed over so far and return the cut: where durable output will end when it is written."""
        ...

    async def write(self, cut: Any) -> None:
        """Write, and sync, exactly what was sealed up to ``cut``."""
        ...

    async def close(self) -> None:
        """Write footers and let go of files and connections; everything sealed has been written before."""
        ...


class Exporter(Protocol):
    """Writes items in one format to a binary file; Scrapy's ``BaseItemExporter``."""

    def __init__(self, file: BinaryIO, **options: Any) -> None: ...

    def start_exporting(self) -> None:
        """Write what comes before the first item."""
        ...

    def export_item(self, item: Any) -> None:
        """Write one item."""
        ...

    def finish_exporting(self) -> None:
        """Write what comes after the last item."""
        ...
