"""Feeds: the files that items are written to, one for each entry of ``FEEDS``.

Place in the flow: ``crawler.py`` calls ``build_feeds``; each ``FeedSink`` is a ``framework.protocols.Sink``, so the
engine hands it the items of finished visits and writes it with each checkpoint. What the file looks like is the
exporter's business (``framework.exporters``), where it lies the storage's.
"""

from .build import build_feeds
from .filters import ItemFilter
from .options import Feed
from .sink import FeedSink
from .storages import FeedStorage, FileFeedStorage, StdoutFeedStorage

__all__ = [
    "Feed",
    "FeedSink",
    "FeedStorage",
    "FileFeedStorage",
    "ItemFilter",
    "StdoutFeedStorage",
    "build_feeds",
]
