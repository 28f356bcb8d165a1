"""The demo shop: a deterministic bookshop over HTTP, with every misbehaviour a crawler must live with.

`make demo`, `fwk shop`, the tutorial and the wire tests crawl it; its `books` and its `log` are the oracles.
"""

from framework.testing.shop.api import SIGNATURE_HEADER, signature
from framework.testing.shop.books import Book, Catalogue, catalogue
from framework.testing.shop.faults import Faults
from framework.testing.shop.log import LogEntry, RequestLog
from framework.testing.shop.server import Shop, serve
from framework.testing.shop.thread import ThreadedShop

__all__ = [
    "SIGNATURE_HEADER",
    "Book",
    "Catalogue",
    "Faults",
    "LogEntry",
    "RequestLog",
    "Shop",
    "ThreadedShop",
    "catalogue",
    "serve",
    "signature",
]
