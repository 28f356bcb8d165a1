"""Building the feeds of a crawl from its settings.

Place in the flow: called by ``crawler.py`` once the spider exists; every mistake in ``FEEDS`` is told here, together,
before anything is opened. The outputs themselves are opened by ``FeedSink.open``.
"""

from __future__ import annotations

import difflib
import functools
import io
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from framework.components import build_from_crawler, load_object
from framework.exceptions import CrawlError, SettingsError
from framework.exporters import JsonItemExporter, JsonLinesItemExporter
from framework.protocols import Crawler
from framework.settings.declared.feeds import FeedOptions

from .batch import Batch
from .claims import Claims, NoClaims
from .filters import ItemFilter
from .journal import Journal
from .naming import Naming
from .options import COMPRESSIONS, OPTIONS_OF_PLUGINS, Feed, feed_from
from .packing import StreamPacker, packer_for
from .round import FeedRound
from .sink import FeedSink
from .uris import names_batches, scheme_of

logger = logging.getLogger(__name__)


def build_feeds(
    crawler: Crawler, claims: Claims | None = None, *, durable: bool = False, folder: Path | None = None
) -> list[FeedSink]:
    """Build one sink for each entry of ``FEEDS``.

    Args:
        crawler: with its settings and spider.
        claims: knows whose files are; without it all are the crawl's.
        durable: sync the files with each checkpoint, so that a power cut loses nothing that was committed.
        folder: of the job, in which the feeds note what they begin; without one they cannot be resumed exactly.

    Raises:
        SettingsError: all problems of ``FEEDS`` together.
    """
    options: FeedOptions = crawler.settings.group(FeedOptions)
    exporters = _enabled(options.exporters_base, options.exporters)
    storages = _enabled(options.storages_base, options.storages)
    problems: list[str] = []
    sinks: list[FeedSink] = []
    feeds = FeedRound()
    for uri, rules in options.feeds.items():
        feed = feed_from(str(uri), rules, options, exporters, problems)
        if feed is None:
            continue
        try:
            plugins = _plugins(feed)
            sinks.append(
                FeedSink(
                    feed,
                    _naming(feed, crawler),
                    make_batch=functools.partial(
                        _batch,
                        feed=feed,
                        make_storage=functools.partial(_storage, crawler, feed, storages),
                        make_exporter=functools.partial(_exporter, crawler, feed, exporters[feed.format]),
                        make_packer=functools.partial(packer_for, plugins, feed.as_dict()),
                        durable=durable,
                        claims=claims or NoClaims(),
                        home=type(crawler.spider).__module__,
                    ),
                    accepts=_filter(feed),
                    crawler=crawler,
                    feeds=feeds,
                    journal=Journal(folder, feed.uri, durable=durable),
                )
            )
            if durable:
                _tell_of_streams(feed, plugins)
        except CrawlError as error:
            problems.append(str(error))
    problems += _shared_files(sinks)
    if problems:
        raise SettingsError(problems)
    return sinks


def _enabled(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    return {name: path for name, path in {**base, **own}.items() if path is not None}


def _naming(feed: Feed, crawler: Crawler) -> Naming:
    if feed.batch_item_count and not names_batches(feed.uri):
        msg = (
            f"FEEDS[{feed.uri!r}]: with batches (FEED_EXPORT_BATCH_ITEM_COUNT or 'batch_item_count') each file needs a "
            "name of its own; put %(batch_id)d or %(batch_time)s into the URI"
        )
        raise SettingsError(msg)
    uri_params = load_object(feed.uri_params) if feed.uri_params is not None else None
    return Naming(feed.uri, crawler.spider, uri_params)


def _plugins(feed: Feed) -> list[Any]:
    """Load the plugins of a feed, and find out whether they take its options."""
    plugins = [load_object(path) for path in feed.postprocessing]
    for plugin in plugins:
        for name in ("write", "close"):
            if not callable(getattr(plugin, name, None)):
                msg = f"FEEDS[{feed.uri!r}]: the 'postprocessing' plugin {plugin!r} has no method {name}"
                raise SettingsError(msg)
    _refuse_unread(feed, plugins)
    try:
        packer_for(plugins, feed.as_dict())
    except Exception as error:
        msg = f"FEEDS[{feed.uri!r}]: its 'postprocessing' plugins do not take its options: {error}"
        raise SettingsError(msg) from error
    return plugins


def _refuse_unread(feed: Feed, plugins: list[Any]) -> None:
    """Refuse options that no plugin of this feed reads; one of the user's own may read any."""
    if not feed.plugin_options:
        return
    known = {load_object(path): ending for ending, path in COMPRESSIONS.items()}
    if any(plugin not in known for plugin in plugins):
        return
    read = {name for plugin in plugins for name in OPTIONS_OF_PLUGINS[known[plugin]]}
    unread = [name for name in feed.plugin_options if name not in read]
    if unread:
        msg = (
            f"FEEDS[{feed.uri!r}]: nothing reads {', '.join(map(repr, unread))}; add the plugin that does to "
            f"'postprocessing' (there are {', '.join(COMPRESSIONS.values())}), or leave it out"
        )
        raise SettingsError(msg)


def _tell_of_streams(feed: Feed, plugins: list[Any]) -> None:
    if isinstance(packer_for(plugins, feed.as_dict()), StreamPacker):
        logger.warning(
            "FEEDS[%r]: what %s writes cannot be cut back, so after a crash items may be in it twice; GzipPlugin, "
            "Bz2Plugin and LZMAPlugin (as .xz) keep them exactly once",
            feed.uri,
            " and ".join(getattr(plugin, "__name__", repr(plugin)) for plugin in plugins),
        )


def _batch(  # noqa: PLR0913 - the parts of one file
    number: int,
    uri: str,
    *,
    feed: Feed,
    make_storage: Callable[[str], Any],
    make_exporter: Callable[[io.BytesIO], Any],
    make_packer: Callable[[], Any],
    durable: bool,
    claims: Claims,
    home: str,
) -> Batch:
    buffer = io.BytesIO()
    return Batch(
        number=number,
        uri=uri,
        feed=feed,
        storage=make_storage(uri),
        exporter=make_exporter(buffer),
        buffer=buffer,
        packer=make_packer(),
        durable=durable,
        claims=claims,
        home=home,
    )


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
    owners: dict[str, FeedSink] = {}
    problems = []
    for sink in sinks:
        if sink.path is None:
            continue
        real = os.path.realpath(sink.path)  # two names may be links to one file
        is_file = not os.path.exists(real) or os.path.isfile(real)
        other = owners.setdefault(real if is_file else str(sink.path.absolute()), sink)
        if other is not sink:
            msg = f"FEEDS[{sink.feed.uri!r}] and FEEDS[{other.feed.uri!r}] are the same file, {sink.path}; name two"
            problems.append(msg)
    return problems
