"""What the shop's pages share while it serves: its books, its log, its switches and what it remembers of visitors.

`Shop` is this plus sockets. A page's code is a `Handler`: it gets the state, the request and the rest of the path
behind the first segment, and gives the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Final

from aiohttp import web

from framework.testing.shop.books import Catalogue
from framework.testing.shop.faults import Faults
from framework.testing.shop.layout import Layout
from framework.testing.shop.log import RequestLog

Handler = Callable[["ShopState", web.BaseRequest, str], Awaitable[web.StreamResponse]]

_CACHE_BYTES: Final = 64 * 1024 * 1024
DEFAULT_API_SECRET: Final = "demo-secret"  # noqa: S105 - printed in the documentation


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A product page ready to be sent."""

    body: bytes
    etag: str
    last_modified: str


class PageCache:
    """Rendered pages by path, the least recently used thrown out above a number of bytes."""

    def __init__(self, max_bytes: int = _CACHE_BYTES) -> None:
        self._pages: dict[str, RenderedPage] = {}
        self._max_bytes = max_bytes
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._pages)

    def get(self, path: str) -> RenderedPage | None:
        """Give the page of a path and note its use; None when it is not kept."""
        page = self._pages.pop(path, None)
        if page is not None:
            self._pages[path] = page  # a dict keeps the order of insertion: last in is last out
        return page

    def put(self, path: str, page: RenderedPage) -> None:
        """Keep a page that is not kept yet."""
        self._pages[path] = page
        self.used_bytes += len(page.body)
        while self.used_bytes > self._max_bytes:
            oldest = next(iter(self._pages))
            self.used_bytes -= len(self._pages.pop(oldest).body)


class ShopState:
    """Everything about a shop but its sockets.

    Switches that may be changed while it serves: `faults`, `api_secret`, `robots_txt` (None: the default one),
    `robots_status`, and `pages`, the pages of a test's own: path without query to HTML or a `Handler`.
    """

    def __init__(self, books: Catalogue, *, page_size: int, faults: Faults | None) -> None:
        if page_size < 1:
            raise ValueError(f"page_size={page_size}: a page of a category shows at least 1 book")
        self.books = books
        self.page_size = page_size
        self.faults = faults
        self.log = RequestLog()
        self.api_secret = DEFAULT_API_SECRET
        self.robots_txt: str | None = None
        self.robots_status = 200
        self.pages: dict[str, str | bytes | Handler] = {}
        self.rendered = PageCache()
        self.hits: Counter[str] = Counter()
        self.first_hit_at: dict[str, float] = {}
        self.logged_in: set[str] = set()
        self.sessions_made = 0
        self.bombs: dict[tuple[str, int], bytes] = {}

    @cached_property
    def layout(self) -> Layout:
        """The frame of the shop's pages."""
        return Layout(self.books)

    @cached_property
    def session_key(self) -> bytes:
        """The key that signs sessions and form tokens; the same for the same seed."""
        return blake2b(f"sessions of shop {self.books.seed}".encode()).digest()

    def truth(self) -> list[dict[str, Any]]:
        """Give the items that a correct crawl of every product page gives, in the order of their ids."""
        return [book.to_item() for book in self.books]

    def hit(self, key: str) -> int:
        """Count a request under a key and say the how many-th it is, from 1."""
        self.hits[key] += 1
        return self.hits[key]

    def forget(self) -> None:
        """Forget all visitors: the log, attempts of faults, flaky counters and sessions; as if just started."""
        self.log.clear()
        self.hits.clear()
        self.first_hit_at.clear()
        self.logged_in.clear()
