"""The store: one SQLite file that holds what a crawl must not lose.

- ``rows``: the records that go in and come out
- ``schema``: the tables, and the numbers that say what kind of file it is
- ``checksums``: the checksum of each record, and the sums over whole tables
- ``connection``: opening, making and syncing files; SQLite's errors in the framework's words
- ``writing``: the statements of one transaction
- ``questions``: what the frontier asks, each answered by one statement
- ``integrity``: what is checked when a store is opened
- ``filters``: the files of stored seen-filters
- ``threads``: the store's own threads
- ``sqlite``: ``Store``, which puts these together
- ``reading``: ``StoreReader``, for commands that look into a job's file
- ``searching``: ``StoreSearch``, which also looks for URLs and reads all fates
- ``requeue``: ``requeue_failed``, for another try of what has failed
"""

from .reading import StoreReader
from .requeue import requeue_failed
from .rows import Changes, EndKind, FateRow, Opened, Row, SeenMode, StoredFilter, Totals
from .searching import StoreSearch
from .sqlite import Store

__all__ = [
    "Changes",
    "EndKind",
    "FateRow",
    "Opened",
    "Row",
    "SeenMode",
    "Store",
    "StoreReader",
    "StoreSearch",
    "StoredFilter",
    "Totals",
    "requeue_failed",
]
