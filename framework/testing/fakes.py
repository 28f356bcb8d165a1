"""Stand-ins for the network, the output and the clock, for tests of spiders, plugins and the engine itself.

Beside the tower: a test names a ``FakeHandler`` in ``DOWNLOAD_HANDLERS`` and a ``RecordingSink`` in ``ITEM_PIPELINES``;
everything between the two is the real thing. On a ``virtualtime`` loop nothing of it takes time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from framework.exceptions import DownloadConnectionError
from framework.http import Request, Response
from framework.http.responsetypes import response_from
from framework.protocols import Crawler, Exchange


@dataclass(frozen=True, slots=True)
class Page:
    """What a ``FakeHandler`` answers.

    Attributes:
        body: of the response; a str is HTML in UTF-8.
        status: HTTP status.
        headers: more of them; ``Content-Type`` is HTML where nothing is said.
        connect_s: seconds until the request is on the wire.
        wait_s: seconds from there to the first byte.
        read_s: seconds from there to the last one.
        error: raised after ``wait_s`` instead of answering.
    """

    body: str | bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_s: float = 0.0
    wait_s: float = 0.0
    read_s: float = 0.0
    error: BaseException | None = None


Answer = Page | str | bytes | int | float | BaseException | Callable[[Request], Any] | Sequence[Any]
"""A page; a body; a status (int); a delay in seconds (float); an exception; a function of the request that gives one of
these; or a list of answers, one a request, of which the last one stays."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that a ``FakeHandler`` was given: when it was sent, by the loop's clock."""

    url: str
    at: float
    request: Request


class FakeHandler:
    """A download handler that answers from a table. Put the object itself into ``DOWNLOAD_HANDLERS``.

    Args:
        pages: URL to answer; ``None`` as a URL answers for all others, which else raise ``DownloadConnectionError``.

    Attributes:
        sent: the requests that went on the wire, in their order.
        active: how many are on the wire now, by host.
        most_active: the most that ever were, over all hosts.
        is_closed: the crawl has closed it.
    """

    def __init__(self, pages: Mapping[str | None, Answer] | None = None) -> None:
        self.pages: dict[str | None, Any] = dict(pages or {})
        self.sent: list[Sent] = []
        self.active = 0
        self.most_active = 0
        self.is_closed = False
        self._turns: dict[str | None, int] = {}

    def from_crawler(self, crawler: Crawler) -> Self:
        """Give itself: it is built already."""
        return self

    @property
    def urls(self) -> list[str]:
        """Return the URLs that were sent, in their order."""
        return [sent.url for sent in self.sent]

    async def download_request(self, request: Request, exchange: Exchange) -> Response:
        """Answer as the table says, after the time that it says."""
        page = self._page(request)
        if page.connect_s:
            await asyncio.sleep(page.connect_s)
        exchange.sent()
        self.sent.append(Sent(request.url, asyncio.get_running_loop().time(), request))
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            return await self._answer(page, request, exchange)
        finally:
            self.active -= 1

    async def _answer(self, page: Page, request: Request, exchange: Exchange) -> Response:
        await asyncio.sleep(page.wait_s)
        if page.error is not None:
            raise page.error
        exchange.answered()
        if page.read_s:
            await asyncio.sleep(page.read_s)
        body = page.body.encode() if isinstance(page.body, str) else page.body
        headers = {"Content-Type": "text/html; charset=utf-8", **page.headers}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        return response_from(request.url, page.status, tuple(raw), body)

    def _page(self, request: Request) -> Page:
        key = request.url if request.url in self.pages else None
        if key not in self.pages:
            return Page(error=DownloadConnectionError(f"{request!r} is not in the table of the fake handler"))
        answer = self.pages[key]
        if isinstance(answer, Sequence) and not isinstance(answer, (str, bytes)):
            turn = self._turns.get(key, 0)
            self._turns[key] = turn + 1
            answer = answer[min(turn, len(answer) - 1)]
        return _as_page(answer(request) if callable(answer) else answer)

    async def close(self) -> None:
        """Take note of the end."""
        self.is_closed = True


def _as_page(answer: Any) -> Page:
    if isinstance(answer, Page):
        return answer
    if isinstance(answer, BaseException):
        return Page(error=answer)
    if isinstance(answer, int):
        return Page(status=answer)
    if isinstance(answer, float):
        return Page(wait_s=answer)
    return Page(body=answer)


class RecordingSink:
    """A sink that remembers: each item of its visit, each cut, and in which order it was asked for what.

    Attributes:
        items: handed over, in their order.
        visits: the same, by the identity of the visit, with positions.
        written: items that a ``write`` has made durable.
        calls: the names of the methods called, in their order.
        errors: method name to an exception that it raises from now on.
        is_open: between ``open`` and ``close``.
    """

    name = "recording"

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.visits: list[tuple[int, list[tuple[int, Any]]]] = []
        self.written: list[Any] = []
        self.calls: list[str] = []
        self.errors: dict[str, BaseException] = {}
        self.is_open = False

    def from_crawler(self, crawler: Crawler) -> Self:
        """Give itself: it is built already."""
        return self

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if call in self.errors:
            raise self.errors[call]

    async def open(self, cut: Any) -> None:
        """Begin; what lies behind ``cut`` is forgotten."""
        self._note("open")
        self.is_open = True
        del self.items[cut or 0 :]
        self.written = self.items[:]

    def hand(self, identity: int, items: Sequence[tuple[int, Any]]) -> None:
        """Take the items of a visit."""
        self._note("hand")
        self.visits.append((identity, list(items)))
        self.items += [item for _, item in items]

    def seal(self) -> int:
        """Return how many items there are."""
        self._note("seal")
        return len(self.items)

    async def write(self, cut: int) -> None:
        """Make the first ``cut`` items durable."""
        self._note("write")
        await asyncio.sleep(0)
        self.written = self.items[: max(cut, len(self.written))]

    async def close(self) -> None:
        """End."""
        self._note("close")
        self.is_open = False


class ManualClock:
    """A clock that stands still until it is told to go on: for plain code that is given the time.

    Args:
        now: where it begins, in seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ValueError: ``seconds`` is negative; this clock is monotonic.
        """
        if seconds < 0:
            msg = f"time does not go back ({seconds} s)"
            raise ValueError(msg)
        self.now += seconds
