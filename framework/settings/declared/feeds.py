"""Options of feeds: the files that items are written to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..annotations import Component, ItemFields
from ..options import group, option, record


@record
class FeedRules:
    """One entry of ``FEEDS``; what is ``None`` is as the ``FEED_*`` settings say."""

    format: str | None = option("format", default=None, doc="The exporter; without it, the ending of the file's name.")
    encoding: str | None = option("encoding", default=None, doc="As `FEED_EXPORT_ENCODING`.")
    fields: ItemFields | None = option("fields", default=None, doc="As `FEED_EXPORT_FIELDS`.")
    indent: int | None = option("indent", default=None, minimum=0, doc="As `FEED_EXPORT_INDENT`.")
    item_classes: tuple[Component, ...] = option("item_classes", default=(), doc="Only items of these classes.")
    item_filter: Component | None = option(
        "item_filter", default=None, doc="A class whose `accepts(item)` chooses the items."
    )
    item_export_kwargs: Mapping[str, Any] = option(
        "item_export_kwargs", default={}, doc="More arguments for the exporter."
    )
    overwrite: bool | None = option(
        "overwrite", default=None, doc="Overwrite the file instead of appending; without it, as the storage does."
    )
    store_empty: bool | None = option("store_empty", default=None, doc="As `FEED_STORE_EMPTY`.")
    uri_params: Component | None = option("uri_params", default=None, doc="As `FEED_URI_PARAMS`.")
    batch_item_count: int | None = option(
        "batch_item_count", default=None, minimum=0, doc="As `FEED_EXPORT_BATCH_ITEM_COUNT`."
    )
    postprocessing: tuple[Component, ...] = option(
        "postprocessing", default=(), doc="Plugins that the bytes pass on their way to the file, such as compression."
    )
    postprocessing_options: Mapping[str, Any] = option(
        "postprocessing_options", default={}, doc="Options of plugins of your own. Not in Scrapy."
    )
    gzip_compresslevel: int | None = option(
        "gzip_compresslevel", default=None, minimum=0, maximum=9, doc="How hard gzip tries; 9 without it."
    )
    gzip_mtime: int | None = option("gzip_mtime", default=None, doc="The time in gzip's header.")
    gzip_filename: str | None = option("gzip_filename", default=None, doc="The name in gzip's header.")
    bz2_compresslevel: int | None = option(
        "bz2_compresslevel", default=None, minimum=1, maximum=9, doc="How hard bzip2 tries; 9 without it."
    )
    lzma_format: int | None = option("lzma_format", default=None, doc="As for `lzma.LZMAFile`; .xz without it.")
    lzma_check: int | None = option("lzma_check", default=None, doc="As for `lzma.LZMAFile`.")
    lzma_preset: int | None = option("lzma_preset", default=None, doc="As for `lzma.LZMAFile`.")
    lzma_filters: Any = option("lzma_filters", default=None, doc="As for `lzma.LZMAFile`.")


@group("Feeds", "The files that items are written to.")
class FeedOptions:
    """The files that items are written to."""

    feeds: Mapping[str, FeedRules] = option(
        "FEEDS",
        default={},
        doc="Output files: path or URI to a dict of `format` (else by the file's ending), `encoding`, `fields`, "
        "`indent`, "
        "`item_classes`, `item_filter`, `item_export_kwargs`, `overwrite`, `store_empty`, `uri_params`, "
        "`batch_item_count`, `postprocessing` and the options of its plugins. "
        "`-o` and `-O` write this setting.",
    )
    export_fields: ItemFields | None = option(
        "FEED_EXPORT_FIELDS",
        default=None,
        doc="Fields to write and their order; a dict gives them other names. Without it, every field of the items.",
    )
    export_encoding: str | None = option(
        "FEED_EXPORT_ENCODING",
        default="utf-8",
        doc="The encoding of output files; `None` writes JSON in ASCII with escapes, which is Scrapy's default.",
    )
    export_indent: int | None = option(
        "FEED_EXPORT_INDENT",
        default=0,
        minimum=0,
        unit="blanks",
        doc="Indentation of each level; with 0 each item is on a line of its own, `None` puts all on one line.",
    )
    store_empty: bool = option("FEED_STORE_EMPTY", default=True, doc="Write the file although there was no item.")
    uri_params: Component | None = option(
        "FEED_URI_PARAMS",
        default=None,
        doc="A function `(params, spider)` that returns the values for the placeholders in a feed's URI.",
    )
    batch_item_count: int = option(
        "FEED_EXPORT_BATCH_ITEM_COUNT",
        default=0,
        minimum=0,
        unit="items",
        doc="Items in a file before the next one is begun, with `%(batch_id)d` or `%(batch_time)s` in its name; "
        "0: all in one file.",
    )
    exporters: Mapping[str, Component | None] = option(
        "FEED_EXPORTERS",
        default={},
        doc="Exporters of your own: format to dotted path; merged into `FEED_EXPORTERS_BASE`, `None` switches one off.",
    )
    exporters_base: Mapping[str, Component | None] = option(
        "FEED_EXPORTERS_BASE",
        default={
            "json": "framework.exporters.JsonItemExporter",
            "jsonlines": "framework.exporters.JsonLinesItemExporter",
            "jsonl": "framework.exporters.JsonLinesItemExporter",
            "jl": "framework.exporters.JsonLinesItemExporter",
            "csv": "framework.exporters.CsvItemExporter",
            "xml": "framework.exporters.XmlItemExporter",
        },
        doc="The exporters that are there by default. Change `FEED_EXPORTERS` instead of this. "
        "Scrapy has `marshal` and `pickle` too.",
    )
    storages: Mapping[str, Component | None] = option(
        "FEED_STORAGES",
        default={},
        doc="Storages of your own: URI scheme to dotted path; merged into `FEED_STORAGES_BASE`, `None` switches "
        "one off.",
    )
    storages_base: Mapping[str, Component | None] = option(
        "FEED_STORAGES_BASE",
        default={
            "": "framework.feeds.storages.FileFeedStorage",
            "file": "framework.feeds.storages.FileFeedStorage",
            "stdout": "framework.feeds.storages.StdoutFeedStorage",
        },
        doc="The storages that are there by default. Change `FEED_STORAGES` instead of this. "
        "Scrapy has `ftp`, `gs` and `s3` too.",
    )
