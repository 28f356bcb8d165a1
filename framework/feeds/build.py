"""Building the feeds of a crawl from its settings.

Place in the flow: called by ``crawler.py`` once the spider exists; every mistake in ``FEEDS`` is told here, together,
before anything is opened. The outputs themselves are opened by ``FeedSink.open``.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from framework.components import build_from_crawler, load_object
from framework.exceptions import CrawlError, SettingsError
from framework.exporters import JsonItemExporter, JsonLinesItemExporter
from framework.protocols import Crawler
from framework.settings.declared.feeds import FeedOptions

from .filters import ItemFilter
from .options import Feed, feed_from
from .sink import FeedRound, FeedSink
from .uris import fill, placeholders, scheme_of


def build_feeds(crawler: Crawler, *, durable: bool = False) -> list[FeedSink]:
    """Build one sink for each entry of ``FEEDS``.

    Args:
        crawler: with its settings and spider.
        durable: sync the files with each checkpoint, so that a power cut loses nothing that was committed.

    Raises:
        SettingsError: all problems of ``FEEDS`` together.
    """
    options: FeedOptions = crawler.settings.group(FeedOptions)
    exporters = _enabled(options.exporters_base, options.exporters)
    storages = _enabled(options.storages_base, options.storages)
    problems: list[str] = []
    sinks: list[FeedSink] = []
    feeds, now = FeedRound(), datetime.datetime.now(datetime.UTC)
    for uri, rules in options.feeds.items():
        feed = feed_from(str(uri), rules, options, exporters, problems)
        if feed is None:
            continue
        try:
            sinks.append(
                FeedSink(
                    feed,
                    _filled(feed, crawler, now),
                    make_storage=functools.partial(_storage, crawler, feed, storages),
                    make_exporter=functools.partial(_exporter, crawler, feed, exporters[feed.format]),
                    accepts=_filter(feed),
                    crawler=crawler,
                    feeds=feeds,
                    durable=durable,
                )
            )
        except CrawlError as error:
            problems.append(str(error))
    problems += _shared_files(sinks)
    if problems:
        raise SettingsError(problems)
    return sinks


def _enabled(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {name: path for name, path in {**base, **own}.items() if path is not None}


def _filled(feed: Feed, crawler: Crawler, now: datetime.datetime) -> str:
    values = placeholders(crawler.spider, now)
    if feed.uri_params is not None:
        changed = load_object(feed.uri_params)(values, crawler.spider)
        if changed is not None:
            values = dict(changed)
    return fill(feed.uri, values, crawler.spider)


def _storage(crawler: Crawler, feed: Feed, storages: Mapping[str, Any], uri: str) -> Any:
    scheme = scheme_of(uri)
    if scheme not in storages:
        known = sorted(name for name in storages if name)
        close = difflib.get_close_matches(scheme, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        msg = (
            f"FEEDS[{feed.uri!r}]: nothing stores to {scheme!r}{hint} (known schemes: {', '.join(known)}; "
            "FEED_STORAGES adds others)"
        )
        raise SettingsError(msg)
    storage = build_from_crawler(load_object(storages[scheme]), crawler, uri, feed_options=feed.as_dict())
    for name in ("open", "store"):
        if not callable(getattr(storage, name, None)):
            msg = f"FEED_STORAGES[{scheme!r}]: {type(storage).__name__} has no method {name}; see FeedStorage"
            raise SettingsError(msg)
    return storage


def _exporter(crawler: Crawler, feed: Feed, path: Any, file: io.BytesIO) -> Any:
    cls = load_object(path)
    kwargs: dict[str, Any] = {
        "fields_to_export": feed.fields,
        "encoding": feed.encoding,
        "indent": feed.indent,
        **feed.item_export_kwargs,
    }
    is_json = isinstance(cls, type) and issubclass(cls, (JsonItemExporter, JsonLinesItemExporter))
    if is_json and kwargs["encoding"] is None:
        kwargs.setdefault("ensure_ascii", True)
    try:
        return build_from_crawler(cls, crawler, file, **kwargs)
    except LookupError as error:
        msg = f"FEEDS[{feed.uri!r}]: {error}; Python's documentation lists the encodings there are"
        raise SettingsError(msg) from None
    except TypeError as error:
        msg = f"FEEDS[{feed.uri!r}]: {error} (format {feed.format!r}, item_export_kwargs {feed.item_export_kwargs!r})"
        raise SettingsError(msg) from error


def _filter(feed: Feed) -> Callable[[Any], bool] | None:
    if feed.item_filter is None and not feed.item_classes:
        return None
    classes = tuple(load_object(path) for path in feed.item_classes)
    for cls in classes:
        if not isinstance(cls, type):
            msg = f"FEEDS[{feed.uri!r}]: 'item_classes' holds {cls!r}, which is no class"
            raise SettingsError(msg)
    wanted = load_object(feed.item_filter) if feed.item_filter is not None else ItemFilter
    chosen = wanted({**feed.as_dict(), "item_classes": classes})
    accepts = getattr(chosen, "accepts", None)
    if not callable(accepts):
        msg = f"FEEDS[{feed.uri!r}]: the item filter {type(chosen).__name__} has no method accepts(item)"
        raise SettingsError(msg)
    found: Callable[[Any], bool] = accepts
    return found


def _shared_files(sinks: list[FeedSink]) -> list[str]:
    """Find feeds that would write into each other's file."""
    owners: dict[Path, FeedSink] = {}
    problems = []
    for sink in sinks:
        if sink.path is None:
            continue
        other = owners.setdefault(sink.path.absolute(), sink)
        if other is not sink:
            msg = f"FEEDS[{sink.feed.uri!r}] and FEEDS[{other.feed.uri!r}] are the same file, {sink.path}; name two"
            problems.append(msg)
    return problems
